"""The page as a person uses it, in headless Chromium."""

from urllib.parse import urlsplit

import pytest
from PIL import Image

from convnext_dense.app import server

SIZES = {'desktop': (1280, 900), 'phone': (390, 844)}
LOOPBACK = {'127.0.0.1', None}  # None: data inside the page


@pytest.fixture(scope='module')
def model(new_finder):
    return new_finder()


@pytest.fixture(scope='module')
def url(model, browser, unused_port):
    with server.running(model, 'best.pth', port=unused_port()) as url:
        yield url


@pytest.fixture(params=SIZES)
def page(request, browser, url):
    """Give the page in a window of each size, and watch what goes wrong in it."""
    width, height = SIZES[request.param]
    page = browser.new_page(viewport=dict(width=width, height=height))
    wrong, hosts = [], set()
    page.on('pageerror', lambda error: wrong.append(error))
    page.on('request', lambda sent: hosts.add(urlsplit(sent.url).hostname))
    page.goto(url)
    yield page
    page.close()
    assert wrong == []
    assert hosts <= LOOPBACK


@pytest.fixture
def looking(page, photo):
    """Give the page with an image on it."""
    upload(page, photo)
    page.wait_for_selector('.cd-figure')
    return page


def upload(page, path):
    page.locator('#cd-image input[type=file]').set_input_files(path)


def picture(page):
    return page.locator('.cd-figure image').get_attribute('href')


def names(page):
    return page.locator('#cd-table tbody td:nth-child(2)').all_inner_texts()


def wait_for_another(page, before):
    page.wait_for_function(
        "(before) => document.querySelector('.cd-figure image')"
        "?.getAttribute('href') !== before",
        arg=before,
    )


def wait_for_lines(page, number):
    page.wait_for_function(
        "(n) => document.querySelectorAll('#cd-table tbody tr').length === n",
        arg=number,
    )


def test_the_threshold_redraws_without_the_network(looking, model):
    calls = model.calls
    before = picture(looking)
    wait_for_lines(looking, 2)
    looking.locator('#cd-threshold input[type=range]').fill('0.1')
    wait_for_another(looking, before)
    wait_for_lines(looking, 3)
    assert names(looking) == ['circle', 'square', 'circle']
    assert model.calls == calls


def test_a_class_is_switched_off_and_on(looking):
    switch = looking.locator('#cd-legend .wrap label', has_text='circle')
    before = picture(looking)
    switch.click()
    wait_for_another(looking, before)
    wait_for_lines(looking, 1)
    assert names(looking) == ['square']
    without = picture(looking)
    switch.click()
    wait_for_another(looking, without)
    assert picture(looking) == before


def test_a_line_that_is_clicked_is_highlighted_in_the_picture(looking):
    figure = looking.locator('.cd-figure')
    line = looking.locator('#cd-table tbody tr').nth(1)
    looking.locator('#cd-head').hover()
    before = figure.screenshot()
    line.click()
    looking.locator('#cd-head').hover()
    assert figure.screenshot() != before
    line.click()
    looking.locator('#cd-head').hover()
    assert figure.screenshot() == before


def test_an_object_that_is_clicked_is_highlighted_in_the_table(looking):
    looking.locator('.cd-figure path[data-row$="-2"]').click()
    active = looking.locator('#cd-table tr.cd-active')
    assert active.locator('td').nth(1).inner_text() == 'square'


def test_a_broken_file_is_answered_in_the_page(looking, tmp_path):
    broken = tmp_path / 'broken.png'
    broken.write_bytes(b'\x89PNG\r\n\x1a\n' + bytes(100))
    upload(looking, broken)
    alert = looking.wait_for_selector('.cd-error')
    assert 'broken.png is no' in alert.inner_text()
    assert 'Traceback' not in looking.inner_text('body')
    assert looking.locator('.cd-figure').count() == 0


def test_a_file_that_is_too_large_is_answered_in_the_page(page, tmp_path):
    path = tmp_path / 'large.png'
    with path.open('wb') as file:
        file.truncate((server.MEGABYTES + 1) * 2**20)
    upload(page, path)
    toast = page.wait_for_selector('.toast-body')
    assert 'large.png' in toast.inner_text()


def test_an_example_is_looked_at_when_it_is_clicked(page):
    page.locator('#cd-examples .gallery-item').nth(2).click()
    page.wait_for_selector('.cd-figure')
    assert '128 x 128 pixels' in page.inner_text('#cd-status')


@pytest.mark.parametrize('button', ['Picture (PNG)', 'Result (JSON)'])
def test_what_is_shown_can_be_saved(looking, tmp_path, button):
    with looking.expect_download() as caught:
        looking.get_by_role('button', name=button).click()
    name = caught.value.suggested_filename
    caught.value.save_as(tmp_path / name)
    assert name.startswith('photo_')
    if name.endswith('.png'):
        assert min(Image.open(tmp_path / name).size) >= 60
    else:
        assert '"photo.png"' in (tmp_path / name).read_text()


def test_nothing_sticks_out_of_the_window(looking):
    wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    assert looking.evaluate(wide) == 0


def test_a_removed_image_takes_its_result_along(looking):
    looking.locator('#cd-image button[aria-label="Remove Image"]').click()
    looking.wait_for_selector('.cd-empty')
    assert not looking.get_by_role('button', name='Picture (PNG)').is_enabled()

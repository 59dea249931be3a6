import shutil
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from convnext_dense.checkpoints import CheckpointError, load_pretrained, zoo
from convnext_dense.checkpoints.zoo import SCHEME, ZOO, cache_dir, fetch

V2_SIZES = ('atto', 'femto', 'pico', 'nano', 'tiny', 'base', 'large', 'huge')
# The files that the READMEs of the two releases list.
PUBLISHED = {
    *(f'convnext_{s}_1k_224' for s in ('tiny', 'small', 'base', 'large')),
    *(f'convnext_{s}_22k_224' for s in ('tiny', 'small', 'base', 'large', 'xlarge')),
    *(f'convnextv2_{s}_1k_224_{kind}' for s in V2_SIZES for kind in ('fcmae', 'ema')),
    *(
        f'convnextv2_{s}_22k_{side}_ema'
        for s in ('nano', 'tiny', 'base', 'large')
        for side in (224, 384)
    ),
    *(f'convnextv2_huge_22k_{side}_ema' for side in (384, 512)),
}
BY_HAND = {
    *(f'conv2former_{size}_1k_224' for size in 'ntsb'),
    *(f'conv2former_{size}_22k_1k_224' for size in 'sbl'),
    'conv2former_l_22k_1k_384',
}
NAME = 'convnext_tiny_1k_224'
URL = 'https://example.org/models/weights.pth'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / 'cache'
    monkeypatch.setenv('CONVNEXT_DENSE_CACHE', str(folder))
    return folder


@pytest.fixture(autouse=True)
def downloads(monkeypatch):
    """Replace the network by a list of what was asked of it."""
    asked = []

    def answer(url, path):
        asked.append(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({'url': url}, path)

    monkeypatch.setattr(zoo, 'download', answer)
    return asked


@pytest.mark.parametrize('address', ['s3://bucket/a.pth', 'htp://x/a.pth'])
def test_addresses_of_other_kinds_are_refused(address):
    with pytest.raises(CheckpointError, match=r'read from paths, http\(s\)://'):
        fetch(address)


def test_a_home_folder_is_understood(monkeypatch):
    monkeypatch.setenv('CONVNEXT_DENSE_CACHE', '~/weights')
    assert cache_dir() == Path.home() / 'weights'


def test_an_empty_setting_means_the_default(monkeypatch):
    monkeypatch.setenv('CONVNEXT_DENSE_CACHE', '')
    assert cache_dir().parent == Path(torch.hub.get_dir())


@pytest.fixture
def no_network(monkeypatch):
    def fail(url, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        raise URLError('no route to host')

    monkeypatch.setattr(zoo, 'download', fail)


# --- names --------------------------------------------------------------------------


def test_the_published_files_have_names():
    assert set(ZOO) == PUBLISHED | BY_HAND


@pytest.mark.parametrize('name', sorted(PUBLISHED))
def test_a_url_ends_in_the_published_file_name(name):
    suffix = 'pt' if 'v2' in name else 'pth'
    url = ZOO[name].url
    assert (url[:8], url.rsplit('/', 1)[-1]) == ('https://', f'{name}.{suffix}')


@pytest.mark.parametrize('name', sorted(PUBLISHED))
def test_a_licence_is_the_one_of_the_release(name):
    assert ZOO[name].licence == ('CC BY-NC 4.0' if 'v2' in name else 'MIT')


def test_no_two_names_share_a_file():
    assert len({weights.url for weights in ZOO.values()}) == len(ZOO)


@pytest.mark.parametrize(
    ('wrong', 'near'),
    [
        ('convnext_tiny_1k', 'convnext_tiny_1k_224'),
        ('convnextv2_huge_22k_224_ema', 'convnextv2_huge_22k_384_ema'),
        ('ConvNext_base_22k_224', 'convnext_base_22k_224'),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(wrong, near):
    with pytest.raises(CheckpointError, match=rf"no weights '{wrong}'.*\b{near}\b"):
        fetch(f'{SCHEME}{wrong}')


def test_a_name_that_is_near_to_none_is_refused_with_examples():
    with pytest.raises(CheckpointError, match='convnext_tiny_1k_224'):
        fetch(f'{SCHEME}xyz')


# --- paths --------------------------------------------------------------------------


@pytest.mark.parametrize('kind', [str, Path])
def test_a_path_is_taken_as_it_is(kind, downloads):
    assert fetch(kind('some/weights.pth')) == Path('some/weights.pth')
    assert downloads == []


def test_a_path_may_start_at_home():
    assert fetch('~/weights.pth') == Path.home() / 'weights.pth'


def test_without_the_variable_the_cache_is_in_torchs(monkeypatch):
    monkeypatch.delenv('CONVNEXT_DENSE_CACHE')
    assert cache_dir() == Path(torch.hub.get_dir()) / 'convnext_dense'


# --- downloads ----------------------------------------------------------------------


@pytest.mark.parametrize('name', [NAME, 'convnextv2_atto_1k_224_ema'])
def test_a_file_in_the_cache_is_used_without_network(cache, no_network, name):
    cache.mkdir()
    file = cache / ZOO[name].url.rsplit('/', 1)[-1]
    file.touch()
    assert fetch(f'{SCHEME}{name}') == file


def test_a_file_of_the_zoo_in_the_cache_is_loaded_by_name(
    cache, no_network, v1, v1_state, save
):
    cache.mkdir()
    shutil.copy(save({'model': v1_state}), cache / f'{NAME}.pth')
    report = load_pretrained(v1, f'{SCHEME}{NAME}')
    assert len(report.loaded) + len(report.missing) == len(v1.state_dict())


@pytest.mark.parametrize('source', [f'{SCHEME}{NAME}', ZOO[NAME].url])
def test_a_name_and_its_url_are_one_file_in_the_cache(cache, source):
    assert fetch(source) == cache / f'{NAME}.pth'


def test_a_name_is_downloaded_from_its_url(downloads):
    fetch(f'{SCHEME}{NAME}')
    assert downloads == [ZOO[NAME].url]


@pytest.mark.parametrize('source', [f'{SCHEME}{NAME}', URL])
def test_a_file_is_downloaded_once(downloads, source):
    assert fetch(source) == fetch(source)
    assert len(downloads) == 1


def test_two_urls_with_one_file_name_are_two_files():
    one, other = (f'https://example.org/{size}/weights.pth' for size in ('a', 'b'))
    fetch(one)
    assert torch.load(fetch(other)) == {'url': other}


def test_downloads_from_elsewhere_stay_in_the_cache(cache):
    assert fetch('https://example.org/../../weights.pth').parent == cache


@pytest.mark.parametrize('query', ['?download=true', ''])
def test_the_kind_of_a_file_is_seen_in_its_url(query):
    found = fetch(f'https://example.org/a/model.safetensors{query}')
    assert found.suffix == '.safetensors'


@pytest.mark.parametrize('source', [f'{SCHEME}{NAME}', URL])
def test_a_failed_download_names_the_url_and_the_place(no_network, cache, source):
    with pytest.raises(CheckpointError) as error:
        fetch(source)
    url = URL if source == URL else ZOO[NAME].url
    assert url in str(error.value)
    assert f'put it at {cache}' in str(error.value)


def test_the_place_that_a_failed_download_names_is_the_one_that_is_read(
    no_network, cache
):
    with pytest.raises(CheckpointError) as error:
        fetch(URL)
    place = str(error.value).partition('put it at ')[2].partition(',')[0]
    Path(place).touch()
    assert fetch(URL) == Path(place)


def test_a_failed_download_names_the_licence(no_network):
    with pytest.raises(CheckpointError, match='CC BY-NC'):
        fetch(f'{SCHEME}convnextv2_atto_1k_224_ema')


def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(cache, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv('CONVNEXT_DENSE_CACHE', str(cache))
    cache.write_text('a file where the folder should be')
    with pytest.raises(CheckpointError, match=str(cache)):
        fetch(URL)


# --- by hand ------------------------------------------------------------------------


@pytest.mark.parametrize('name', sorted(BY_HAND))
def test_a_file_without_a_link_is_asked_for_with_its_page_and_place(
    name, cache, downloads
):
    with pytest.raises(CheckpointError) as error:
        fetch(f'{SCHEME}{name}')
    assert ZOO[name].url in str(error.value)
    assert f'put it at {cache}/{name}.pth' in str(error.value)
    assert downloads == []


def test_a_file_without_a_link_is_used_once_it_is_there(cache):
    cache.mkdir()
    (cache / 'conv2former_n_1k_224.pth').touch()
    assert fetch(f'{SCHEME}conv2former_n_1k_224').parent == cache


# --- licences -----------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch):
    """Give what was logged, as by a process that has said nothing before."""
    lines = []
    monkeypatch.setattr(zoo, 'print_log', lambda text, **kwargs: lines.append(text))
    zoo._say_licence.cache_clear()
    return lines


def test_a_licence_against_commercial_use_is_said_once(said):
    for _ in range(3):
        fetch(f'{SCHEME}convnextv2_atto_1k_224_ema')
    assert len(said) == 1
    assert 'CC BY-NC 4.0' in said[0]


def test_a_free_licence_is_not_worth_a_word(said):
    fetch(f'{SCHEME}{NAME}')
    assert said == []

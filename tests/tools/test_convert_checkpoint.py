import pytest
import torch

from convnext_dense import cli
from convnext_dense.backbones import Conv2Former, ConvNeXt, ConvNeXtV2
from convnext_dense.checkpoints import load_pretrained, read_state
from convnext_dense.checkpoints.renaming import rename, to_timm


@pytest.fixture(scope='module')
def main():
    return lambda arguments: cli.main(['convert', *arguments])


@pytest.fixture
def source(small, tmp_path):
    torch.save({'model': small(ConvNeXtV2).state_dict()}, tmp_path / 'in.pth')
    return tmp_path / 'in.pth'


def equal(found, expected):
    return found.keys() == expected.keys() and all(
        value.equal(expected[name]) for name, value in found.items()
    )


@pytest.mark.parametrize('suffix', ['.pth', '.pt', '.safetensors'])
def test_the_weights_are_written_in_our_names(main, small, source, tmp_path, suffix):
    target = tmp_path / f'out{suffix}'
    assert main([str(source), str(target)]) == 0
    assert equal(read_state(target), small(ConvNeXtV2).state_dict())


def test_the_weights_are_written_in_timms_names(main, small, source, tmp_path):
    target = tmp_path / 'out.safetensors'
    assert main([str(source), str(target), '--to', 'timm']) == 0
    assert equal(read_state(target), to_timm(small(ConvNeXtV2).state_dict()))


@pytest.mark.parametrize('case', ['convnext_timm_small', 'convnextv2_timm_small'])
def test_timms_weights_come_back_as_they_were(main, golden, tmp_path, case):
    state = golden(case)['checkpoint']
    torch.save(state, tmp_path / 'in.pth')
    main([str(tmp_path / 'in.pth'), str(tmp_path / 'ours.pth')])
    main([str(tmp_path / 'ours.pth'), str(tmp_path / 'back.pth'), '--to', 'timm'])
    backbone = {k: v for k, v in state.items() if not k.startswith('head.')}
    assert equal(read_state(tmp_path / 'back.pth'), backbone)


def test_what_is_written_is_loaded_whole(main, small, source, tmp_path):
    main([str(source), str(tmp_path / 'out.safetensors')])
    report = load_pretrained(small(ConvNeXtV2), tmp_path / 'out.safetensors')
    assert report.missing == report.ignored == []


def test_norms_that_the_source_has_not_are_not_made_up(main, golden, tmp_path):
    torch.save(golden('convnext_official_small')['checkpoint'], tmp_path / 'in.pth')
    main([str(tmp_path / 'in.pth'), str(tmp_path / 'out.pth')])
    assert rename(read_state(tmp_path / 'out.pth')).state.keys() == {
        name
        for name in ConvNeXt(dict(depths=(2, 1, 3, 1), widths=(8,) * 4)).state_dict()
        if not name.startswith('norm')
    }


def test_the_file_and_its_kind_are_said(main, source, tmp_path, capsys):
    main([str(source), str(tmp_path / 'out.pth')])
    printed = capsys.readouterr().out
    assert 'official V2' in printed
    assert 'ConvNeXtV2 (2, 1, 3, 1) / (8, 12, 16, 24)' in printed


def test_others_may_read_what_was_written(main, source, tmp_path):
    target = tmp_path / 'out.safetensors'
    main([str(source), str(target)])
    (tmp_path / 'plain').touch()
    assert target.stat().st_mode == (tmp_path / 'plain').stat().st_mode


# --- mistakes -----------------------------------------------------------------------


def refused(main, capsys, *arguments):
    assert main([*map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_a_file_that_exists_is_kept(main, source, tmp_path, capsys):
    (tmp_path / 'out.pth').write_text('precious')
    assert '--force' in refused(main, capsys, source, tmp_path / 'out.pth')
    assert (tmp_path / 'out.pth').read_text() == 'precious'


def test_another_suffix_is_refused_with_the_choices(main, source, tmp_path, capsys):
    assert '.safetensors' in refused(main, capsys, source, tmp_path / 'out.onnx')


def test_a_half_file_is_refused_and_nothing_written(main, small, tmp_path, capsys):
    state = small(ConvNeXt).state_dict()
    del state['stages.2.1.dwconv.weight']
    torch.save(state, tmp_path / 'in.pth')
    error = refused(main, capsys, tmp_path / 'in.pth', tmp_path / 'out.pth')
    assert 'stages.2.1.dwconv.weight' in error
    assert not (tmp_path / 'out.pth').exists()


def test_conv2former_has_no_place_in_timm(main, small, tmp_path, capsys):
    torch.save(small(Conv2Former).state_dict(), tmp_path / 'in.pth')
    arguments = (tmp_path / 'in.pth', tmp_path / 'out.pth', '--to', 'timm')
    assert 'no Conv2Former' in refused(main, capsys, *arguments)


def test_an_html_page_saved_as_weights_is_refused(main, tmp_path, capsys):
    page = tmp_path / 'in.pth'
    page.write_text('<!DOCTYPE html><html><body>404 Not Found</body></html>')
    assert str(page) in refused(main, capsys, page, tmp_path / 'out.pth')


def test_an_unknown_name_is_refused_with_near_ones(main, tmp_path, capsys):
    name = 'convnext_dense://convnextv2_tiny_1k_224'
    error = refused(main, capsys, name, tmp_path / 'out.pth')
    assert 'convnextv2_tiny_1k_224_ema' in error

import fractions
import io
import os
import pickle
import shutil
import zipfile

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.checkpoints import (
    CheckpointError,
    read_file,
    read_state,
    weights_in,
)

WEIGHTS = {'layer.weight': torch.arange(6.0).view(2, 3), 'layer.bias': torch.ones(2)}
formats = pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])


class RunsCommand:
    """Unpickles to the result of a shell command."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class WritesFile:
    """Unpickles to an open file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


class FromMissingPackage:
    """Unpickles to a class of a package that nobody has."""

    def __reduce__(self):
        return __import__, ('a_package_that_nobody_has',)


def bytes_of(content, zipped=True):
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def same(found):
    return found.keys() == WEIGHTS.keys() and all(
        value.equal(WEIGHTS[name]) for name, value in found.items()
    )


# --- what is read -------------------------------------------------------------------


@formats
@pytest.mark.parametrize('trust', [False, True])
def test_weights_are_read(save, zipped, trust):
    file = save(WEIGHTS, _use_new_zipfile_serialization=zipped)
    assert same(read_state(file, trust=trust))


@pytest.mark.parametrize(
    'beside', [{'epoch': 3}, {'optimizer': {'state': {}}}], ids=str
)
def test_what_is_beside_the_weights_is_left_behind(save, beside):
    assert same(read_state(save({'model': WEIGHTS} | beside)))


def test_what_is_among_the_weights_and_no_tensor_is_left_behind(save):
    assert same(read_state(save(WEIGHTS | {'epoch': 3})))


def test_weights_are_put_on_the_cpu(save):
    state = read_state(save(WEIGHTS))
    assert {value.device.type for value in state.values()} == {'cpu'}


def test_what_was_allowed_is_forgotten_afterwards(save):
    before = {*torch.serialization.get_safe_globals()}
    read_file(save(WEIGHTS))
    assert {*torch.serialization.get_safe_globals()} == before


# --- files that run code ------------------------------------------------------------


@pytest.fixture(params=['torch', 'legacy torch', 'pickle'])
def dangerous(request, tmp_path):
    """Give a file that writes another when it is unpickled, and that other's path."""
    file, written = tmp_path / 'dangerous.pth', tmp_path / 'written'
    content = {'args': RunsCommand(f'touch {written}'), 'model': WEIGHTS}
    if request.param == 'pickle':
        file.write_bytes(pickle.dumps(content, protocol=2))
    else:
        file.write_bytes(bytes_of(content, zipped=request.param == 'torch'))
    return file, written


def test_a_file_that_runs_code_is_refused_by_what_it_would_run(dangerous):
    with pytest.raises(
        CheckpointError, match=rf'asks to run {os.system.__module__}\.sys'
    ):
        read_state(dangerous[0])


def test_a_refused_file_has_run_nothing(dangerous):
    file, written = dangerous
    with pytest.raises(CheckpointError):
        read_state(file)
    assert not written.exists()


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle_protocol_runs_code(tmp_path, protocol):
    file, written = tmp_path / 'dangerous.pth', tmp_path / 'written'
    file.write_bytes(pickle.dumps(RunsCommand(f'touch {written}'), protocol))
    with pytest.raises(CheckpointError):
        read_state(file)
    assert not written.exists()


def test_a_refusal_says_the_ways_out(dangerous):
    with pytest.raises(CheckpointError, match=r'convert it.*trust=True'):
        read_state(dangerous[0])


def test_opening_a_file_counts_as_running_code(save, tmp_path):
    written = tmp_path / 'written'
    with pytest.raises(CheckpointError, match='asks to run'):
        read_state(save({'model': WEIGHTS, 'log': WritesFile(written)}))
    assert not written.exists()


def test_harmless_objects_too_are_refused_by_name(save):
    file = save({'model': WEIGHTS, 'args': fractions.Fraction(1, 2)})
    with pytest.raises(CheckpointError, match=r'fractions\.Fraction'):
        read_state(file)


@formats
def test_with_trust_objects_may_stand_beside_the_weights(save, zipped):
    content = {'model': WEIGHTS, 'args': fractions.Fraction(1, 2)}
    file = save(content, _use_new_zipfile_serialization=zipped)
    assert same(read_state(file, trust=True))


def test_with_trust_a_missing_package_is_named(save):
    file = save({'model': WEIGHTS, 'args': FromMissingPackage()})
    with pytest.raises(CheckpointError, match='a_package_that_nobody_has'):
        read_state(file, trust=True)


# --- files that are no checkpoint ---------------------------------------------------


def html(path):
    path.write_text('<!DOCTYPE html>\n<html><body>404 Not Found</body></html>')


def other_zip(path):
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('readme.txt', 'hello')


def text(path):
    path.write_text('version https://git-lfs.github.com/spec/v1\nsize 114374272\n')


def empty(path):
    path.write_bytes(b'')


def no_weights(path):
    torch.save({'epoch': 3}, path)


def no_mapping(path):
    torch.save([torch.ones(2)], path)


def tensor(path):
    torch.save(torch.ones(2), path)


@pytest.mark.parametrize(
    'write', [html, other_zip, text, empty, no_weights, no_mapping, tensor]
)
@pytest.mark.parametrize('trust', [False, True])
def test_a_file_that_is_no_checkpoint_is_refused_by_its_path(tmp_path, write, trust):
    file = tmp_path / 'weights.pth'
    write(file)
    with pytest.raises(CheckpointError) as error:
        read_state(file, trust=trust)
    assert str(file) in str(error.value)


@formats
@given(part=st.floats(0, 0.999))
def test_a_file_that_was_cut_is_refused(tmp_path_factory, zipped, part):
    content = bytes_of({'model': WEIGHTS}, zipped)
    file = tmp_path_factory.getbasetemp() / 'cut.pth'
    file.write_bytes(content[: int(part * len(content))])
    with pytest.raises(CheckpointError, match=r'cut\.pth'):
        read_state(file)


@formats
@given(position=st.integers(0), value=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, zipped, position, value):
    content = bytearray(bytes_of({'model': WEIGHTS}, zipped))
    content[position % len(content)] = value
    file = tmp_path_factory.getbasetemp() / 'damaged.pth'
    file.write_bytes(content)
    try:
        assert read_state(file)
    except CheckpointError as error:
        assert 'damaged.pth' in str(error)  # noqa: PT017


def test_the_size_of_a_cut_file_is_named(tmp_path):
    file = tmp_path / 'cut.pth'
    file.write_bytes(bytes_of(WEIGHTS)[:1000])
    with pytest.raises(CheckpointError, match='1,000 bytes'):
        read_state(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r'not found.*nowhere\.pth'):
        read_state(tmp_path / 'nowhere.pth')


def test_a_folder_without_weights_is_refused_with_what_it_should_hold(tmp_path):
    with pytest.raises(CheckpointError, match=rf'{tmp_path}.*model\.safetensors'):
        read_state(tmp_path)


def test_a_snapshot_folder_is_read(tmp_path):
    torch.save(WEIGHTS, tmp_path / 'pytorch_model.bin')
    assert same(read_state(tmp_path))


def test_a_snapshot_folder_is_read_from_safetensors_first(tmp_path, safetensors):
    safetensors.rename(tmp_path / 'model.safetensors')
    (tmp_path / 'pytorch_model.bin').write_bytes(b'not read')
    assert same(read_state(tmp_path))


def test_a_folder_with_the_name_of_a_file_is_not_taken_for_it(tmp_path):
    folder = tmp_path / 'weights.pth'
    folder.mkdir()
    with pytest.raises(CheckpointError, match=r'weights\.pth'):
        read_state(folder)


def test_wrappers_are_looked_for_in_a_fixed_order(tmp_path):
    content = {'model': {'a': torch.ones(1)}, 'state_dict': WEIGHTS}
    assert same(weights_in(content, tmp_path))


# --- safetensors --------------------------------------------------------------------


@pytest.fixture
def safetensors(tmp_path):
    module = pytest.importorskip('safetensors.torch', reason='needs safetensors')
    file = tmp_path / 'weights.safetensors'
    module.save_file(WEIGHTS, file)
    return file


def test_safetensors_are_read(safetensors):
    assert same(read_state(safetensors))


@pytest.mark.parametrize('size', [0, 4, 20, 100, -1])
def test_safetensors_that_were_cut_are_refused(safetensors, size):
    safetensors.write_bytes(safetensors.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r'weights\.safetensors'):
        read_state(safetensors)


def test_a_torch_file_named_safetensors_is_refused(safetensors, save):
    shutil.copy(save(WEIGHTS), safetensors)
    with pytest.raises(CheckpointError, match=r'weights\.safetensors'):
        read_state(safetensors)


def test_missing_safetensors_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r'not found.*nowhere\.safetensors'):
        read_state(tmp_path / 'nowhere.safetensors')


@pytest.mark.parametrize(
    ('content', 'kind'),
    [
        (b'', 'is empty'),
        (b'\n<!DOCTYPE html><html>', 'a page of the web'),
        (b'<HTML>', 'a page of the web'),
        (b'version https://git-lfs.github.com/spec/v1\noid', 'git lfs pull'),
        (b'\x1f\x8b\x08\x00', 'compressed by gzip'),
        (b'\x40\x00\x00\x00\x00\x00\x00\x00{"a":{"dtype"', 'looks like safetensors'),
    ],
)
def test_what_a_file_is_instead_is_said(tmp_path, content, kind):
    (tmp_path / 'a.pth').write_bytes(content)
    with pytest.raises(CheckpointError, match=kind):
        read_file(tmp_path / 'a.pth')

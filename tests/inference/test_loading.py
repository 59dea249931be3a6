"""A checkpoint becomes a model, or a message that says what it lacks."""

import pytest
import torch
from mmengine.config import Config

from convnext_dense.checkpoints import read_file
from convnext_dense.engine.stored_config import KEY
from convnext_dense.errors import UserError
from convnext_dense.inference import Predictor
from convnext_dense.inference.trust import WORD


@pytest.fixture
def changed(checkpoints, tmp_path):
    """Give a function that saves a checkpoint after a change to its content."""

    def change(function, kind='detector'):
        content = read_file(checkpoints[kind])
        function(content)
        path = tmp_path / 'changed.pth'
        torch.save(content, path)
        return path

    return change


def config_file(checkpoints, kind, path):
    Config(read_file(checkpoints[kind])['meta'][KEY]).dump(path)
    return path


def test_a_config_file_serves_a_checkpoint_without_one(checkpoints, changed, tmp_path):
    config = config_file(checkpoints, 'detector', tmp_path / 'config.py')
    bare = changed(lambda content: content.pop('meta'))
    predictor = Predictor(config, bare)
    assert predictor.classes == ('circle', 'square', 'triangle')


def test_a_checkpoint_without_config_is_answered_with_the_file_beside_it(changed):
    bare = changed(lambda content: content.pop('meta'))
    beside = bare.with_name('mine.py')
    beside.write_text('model = dict()')
    bare.with_name('a_script.py').write_text('print(1)')
    with pytest.raises(UserError, match=f'has no config inside.*{beside} lies beside'):
        Predictor(bare)


def test_the_text_of_a_config_is_never_run(changed, tmp_path):
    def only_text(content):
        content['meta'] = dict(cfg=f'open({str(tmp_path / "made")!r}, "w")')

    with pytest.raises(UserError, match='no config inside'):
        Predictor(changed(only_text))
    assert not (tmp_path / 'made').exists()


def test_a_config_of_another_model_is_refused(checkpoints, tmp_path):
    config = config_file(checkpoints, 'segmentor', tmp_path / 'config.py')
    with pytest.raises(UserError, match='does not fit this EncoderDecoder'):
        Predictor(config, checkpoints['detector'])


def test_a_config_that_describes_no_model_is_named(checkpoints, tmp_path):
    (tmp_path / 'config.py').write_text('a = 1')
    with pytest.raises(UserError, match=r'config\.py describes no detector'):
        Predictor(tmp_path / 'config.py', checkpoints['detector'])


def test_a_config_alone_asks_for_the_checkpoint(tmp_path):
    with pytest.raises(UserError, match='name the checkpoint too'):
        Predictor(tmp_path / 'config.py')


@pytest.mark.parametrize('arguments', [(), (Config({}),)])
def test_a_predictor_without_checkpoint_is_refused(arguments):
    with pytest.raises(UserError, match='needs a checkpoint'):
        Predictor(*arguments)


def test_a_device_that_is_none_is_named(checkpoints):
    with pytest.raises(UserError, match="device 'toaster' cannot be used"):
        Predictor(checkpoints['detector'], device='toaster')


def test_a_pipeline_that_prediction_does_not_know_is_named(changed):
    def add(content):
        dataset = content['meta'][KEY]['test_dataloader']['dataset']
        dataset['pipeline'].insert(1, dict(type='Mosaic'))

    with pytest.raises(UserError, match='the test pipeline has Mosaic'):
        Predictor(changed(add))


def test_weights_that_the_model_lacks_are_named(changed):
    def rename(content):
        content['state_dict']['extra'] = torch.zeros(1)

    with pytest.raises(UserError, match='have no place in the model: extra'):
        Predictor(changed(rename))


# --- what a stored config may not do ------------------------------------------------


def set_value(path, value):
    *parts, last = path.split('.')

    def change(content):
        node = content['meta'][KEY]
        for part in parts:
            node = node[part]
        node[last] = value

    return change


@pytest.mark.parametrize(
    ('path', 'value'),
    [
        ('model.neck.type', 'os.system'),
        ('model.neck.type', 'subprocess.Popen'),
        ('model.neck.type', 'convnext_dense.import_module'),
        ('model.neck.type', 'antigravity'),
        ('model.test_cfg.rcnn.nms.type', '__import__("os").system("true")'),
        ('model.backbone.checkpoint', 'http://example.org/evil.pth'),
        ('model.backbone.checkpoint', 'evil.pth'),
        ('model.backbone.checkpoint', '/tmp/evil'),
    ],
)
def test_a_stored_config_that_could_run_code_is_refused(changed, path, value):
    with pytest.raises(UserError, match='could run code of others'):
        Predictor(changed(set_value(path, value)))


def test_a_stored_config_that_names_a_file_here_is_refused(
    changed, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'evil').touch()
    with pytest.raises(UserError, match="checkpoint='evil', which could run code"):
        Predictor(changed(set_value('model.backbone.checkpoint', 'evil')))


@pytest.mark.parametrize('text', ['a.b', 'a/b', 'f()', 'a:b', 'a\n', 'é', 'a[0]'])
def test_a_word_is_no_path_and_no_expression(text):
    assert not WORD.fullmatch(text)

import pytest
import torch
from mmengine.structures import BaseDataElement

from convnext_dense import FCMAE
from convnext_dense.engine.hooks.reconstruction_sheet import draw_batch, spread_samples


class Numbers:
    """Ten samples, whose crops are random."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return dict(
            inputs=torch.randint(0, 255, (3, 64, 64), dtype=torch.uint8),
            data_samples=BaseDataElement(metainfo=dict(index=index)),
        )


@pytest.fixture
def model():
    arch = dict(depths=(1, 1, 1, 1), widths=(8, 8, 8, 8))
    preprocessor = dict(type='ImgDataPreprocessor', mean=[120.0] * 3, std=[60.0] * 3)
    return FCMAE(
        dict(type='convnext_dense.ConvNeXtV2', arch=arch),
        decoder_width=8,
        data_preprocessor=preprocessor,
    )


def test_samples_come_from_all_over_the_data():
    batch = spread_samples(Numbers(), 5)
    assert [s.index for s in batch['data_samples']] == [0, 2, 4, 6, 8]


def test_a_small_data_set_is_taken_whole():
    assert len(spread_samples(Numbers(), 50)['inputs']) == 10


def test_samples_are_the_same_each_time_and_disturb_no_random_numbers():
    state = torch.get_rng_state()
    first, second = (spread_samples(Numbers(), 3)['inputs'] for _ in range(2))
    assert torch.equal(torch.stack(first), torch.stack(second))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_is_drawn_the_same_each_time(model):
    batch = spread_samples(Numbers(), 3)
    first, second = (draw_batch(model, batch) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.width > 3 * 64


@pytest.mark.parametrize('training', [True, False])
def test_drawing_leaves_the_model_in_its_mode(model, training):
    model.train(training)
    draw_batch(model, spread_samples(Numbers(), 2))
    assert model.training is training

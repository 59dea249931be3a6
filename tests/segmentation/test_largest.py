import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.segmentation.largest import argmax, argmax_, largest

LAYOUTS = [torch.contiguous_format, torch.channels_last]


@given(
    classes=st.integers(1, 300),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    levels=st.integers(1, 50),
    layout=st.sampled_from(LAYOUTS),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 1000),
)
def test_the_first_of_the_largest_classes_is_found(
    classes, size, levels, layout, dtype, seed
):
    torch.manual_seed(seed)
    # Few levels, so that classes tie.
    logits = (levels * torch.randn(2, classes, *size)).round().to(dtype)
    logits = logits.contiguous(memory_format=layout)
    first = torch.stack([(part == part.amax(0)).int().argmax(0) for part in logits])
    assert torch.equal(argmax_(logits), first)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_logits_can_stay_as_they_are(layout):
    logits = torch.randn(2, 5, 6, 7).contiguous(memory_format=layout)
    before = logits.clone()
    argmax(logits)
    assert torch.equal(logits, before)


@given(st.integers(1, 300), st.integers(0, 1000))
def test_the_maximum_is_found_in_blocks(number, seed):
    torch.manual_seed(seed)
    values = torch.randn(3, 4, number)
    assert torch.equal(largest(values), values.amax(-1))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_many_classes_are_told_apart_in_half_precision(dtype):
    logits = torch.zeros(1, 3000, 1, 1, dtype=dtype)
    logits[0, 2999] = 1
    assert argmax_(logits).item() == 2999


@pytest.mark.parametrize('layout', LAYOUTS)
def test_a_label_stays_a_class_where_a_logit_is_nan(layout):
    logits = torch.zeros(1, 3, 2, 2).contiguous(memory_format=layout)
    logits[0, 1] = torch.nan
    assert argmax_(logits).tolist() == [[[1, 1], [1, 1]]]


@pytest.mark.parametrize('layout', LAYOUTS)
def test_infinite_logits_are_the_largest(layout):
    logits = torch.zeros(1, 40, 2, 2).contiguous(memory_format=layout)
    logits[0, 33] = torch.inf
    assert argmax_(logits).tolist() == [[[33, 33], [33, 33]]]

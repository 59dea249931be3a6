"""Random annotation files and checkpoints: an error at most, and nothing is run."""

import contextlib
import io
import json
import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convnext_dense.checkpoints import read_file
from convnext_dense.data_check.coco import check_coco
from convnext_dense.errors import UserError

# `make faults` sets some tens of thousands: ten minutes.
EXAMPLES = int(os.environ.get('CONVNEXT_DENSE_FUZZ', 60))
fuzzed = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=EXAMPLES == 60,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(['id', 'size', 'counts', 'x']), inner)
    ),
    max_leaves=8,
)
KEYS = [
    'id', 'image_id', 'category_id', 'bbox', 'segmentation', 'area', 'iscrowd', 'width',
    'height', 'file_name', 'name',
]  # fmt: skip
USUAL = st.sampled_from([1, 2, 64, 'a.jpg', [1, 2, 3, 4], [[1, 2, 3, 4, 5, 6]]])
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(KEYS), USUAL | VALUES, max_size=9) | VALUES,
    max_size=4,
)
FILES = st.fixed_dictionaries(
    {}, optional=dict(images=RECORDS, annotations=RECORDS, categories=RECORDS)
)


@fuzzed
@given(FILES | VALUES)
def test_any_annotation_file_is_reported_on(tmp_path, content):
    file = tmp_path / 'a.json'
    file.write_text(json.dumps(content))
    with contextlib.suppress(UserError):
        report, _ = check_coco('fuzz', file, tmp_path, (), masks=True)
        assert str(report)


@pytest.fixture(scope='module')
def whole():
    file = io.BytesIO()
    content = dict(meta=dict(iter=3), state_dict=dict(a=torch.arange(6.0)))
    torch.save(content, file)
    return file.getvalue()


CHANGES = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8
)


@fuzzed
@given(CHANGES, st.integers(0, 3000))
def test_any_damage_to_a_checkpoint_is_an_error_at_most(tmp_path, whole, changes, cut):
    content = bytearray(whole)
    for place, value in changes:
        content[place % len(content)] = value
    path = Path(tmp_path, 'a.pth')
    path.write_bytes(content[: len(content) - cut] if cut < len(content) else content)
    with contextlib.suppress(UserError):
        read_file(path)

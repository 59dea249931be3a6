"""The numbers of a detector, computed or told."""

import numpy as np

from convnext_dense.report.detection_analysis import analyse, told
from convnext_dense.report.work_dir import read_run


def test_the_evaluators_numbers_are_found_behind_their_prefix():
    found = told(
        {'coco/segm_mAP': 0.5, 'coco/bbox_mAP': 0.4, 'bbox_mAP_50': 0.7}, 'bbox'
    )
    assert (found['mAP'], found['mAP_50']) == (0.4, 0.7)
    assert np.isnan(found['AR_100'])


def test_the_numbers_of_what_is_compared_are_computed(detector):
    folder = detector(metrics={'coco/bbox_mAP': 0.123})
    one = analyse(read_run(folder))
    # Of two cats one is found first, with a duplicate; the dog never.
    assert np.isclose(one.numbers['bbox']['mAP'], 51 / 101 / 2)

"""The mask head that pastes faster finds the masks that the host's finds."""

import pytest
import torch
from mmengine.config import ConfigDict

pytest.importorskip('mmdet', reason='mmdet is not installed')

from convnext_dense.detection.mask_head import FCNMaskHead, HostFCNMaskHead


def arguments(seed, threshold=0.5):
    torch.manual_seed(seed)
    corners = torch.rand(6, 2) * 100 - 10
    return dict(
        # Smooth, as masks are: few pixels lie where rounding decides.
        mask_preds=torch.randn(6, 3, 1, 1) + torch.linspace(-4, 4, 28)[:, None],
        bboxes=torch.cat([corners, corners + 5 + 60 * torch.rand(6, 2)], 1),
        labels=torch.randint(3, (6,)),
        img_meta=dict(ori_shape=(90, 120), scale_factor=(1.5, 1.25)),
        rcnn_test_cfg=ConfigDict(mask_thr_binary=threshold),
    )


@pytest.mark.parametrize('rescale', [True, False])
@pytest.mark.parametrize('activate_map', [True, False])
@pytest.mark.parametrize('class_agnostic', [True, False])
def test_masks_and_boxes_are_the_hosts(rescale, activate_map, class_agnostic):
    found = {}
    for kind in (HostFCNMaskHead, FCNMaskHead):
        given = arguments(0)
        if activate_map:
            given['mask_preds'] = given['mask_preds'].sigmoid()
        head = kind(num_classes=3, num_convs=1, class_agnostic=class_agnostic)
        flags = dict(rescale=rescale, activate_map=activate_map)
        found[kind] = head._predict_by_feat_single(**given, **flags), given['bboxes']
    (ours, boxes), (theirs, their_boxes) = (
        found[FCNMaskHead],
        found[HostFCNMaskHead],
    )
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert (ours != theirs).float().mean() < 1e-4
    torch.testing.assert_close(boxes, their_boxes)
    assert ours.any()


def test_probabilities_are_the_hosts():
    given = arguments(1, threshold=-1)
    plain, faster = (
        kind(num_classes=3, num_convs=1) for kind in (HostFCNMaskHead, FCNMaskHead)
    )
    found, expected = (h._predict_by_feat_single(**given) for h in (faster, plain))
    assert found.dtype == torch.uint8
    assert torch.equal(found, expected)

"""UperNet, ConvNeXt-V2-H of ImageNet-22k, 160k iterations.

Published 57.0 mIoU, multi-scale (--tta).

Our choice, within the published sweep: rate, drop path and layer decay of ConvNeXt's
UperNet. The starting weights are those tuned at 512, the side that is nearest to the
crop.

bash tools/dist_train.sh \
    configs/convnext_v2/upernet_convnext-v2-huge-in22k_160k_ade20k-640.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext-v2_640.py',
    '../_base_/data/ade20k_640_v2.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnextv2_huge_22k_512_ema'
model = dict(
    backbone=dict(arch='huge', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[352, 704, 1408, 2816]),
    auxiliary_head=dict(in_channels=1408),
)

"""Faster R-CNN on data of your own in COCO format: boxes, no masks.

python tools/train.py configs/custom/faster-rcnn_convnext-v2-atto_12e_coco-format.py \
    --cfg-options data_root=data/my_data image_size=512
"""

_base_ = [
    '../_base_/models/mask-rcnn_small.py',
    '../_base_/data/coco_format.py',
    '../_base_/schedules/scratch_epochs.py',
]
data_root = 'data/my_data'
image_size = 512
model = dict(type='FasterRCNN', roi_head=dict(mask_roi_extractor=None, mask_head=None))
with_mask = False
metrics = ['bbox']
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP'))

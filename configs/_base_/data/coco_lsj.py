"""COCO instances with large-scale jitter (arXiv 2012.07177, section 3.1).

Resize by 0.1 to 2.0 of what fits into 1024x1024, and crop to that. As in the host's
re-run of ConvNeXt-V2-B, small images are padded only to the largest of their batch.
Four images a GPU.
"""

_base_ = ['coco.py']
crop_size = (1024, 1024)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='convnext_dense.LoadInstances', with_bbox=True, with_mask=True),
    dict(type='RandomResize', scale=crop_size, ratio_range=(0.1, 2.0), keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=crop_size,
        recompute_bbox=True,
        allow_negative_crop=True,
    ),
    # Jitter and crop leave slivers, which are no objects.
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1e-2, 1e-2)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='convnext_dense.PackDetInputs'),
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
auto_scale_lr = dict(enable=True, base_batch_size=32)

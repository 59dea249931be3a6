"""COCO instances with the augmentation of DETR (arXiv 2005.12872, section 4).

Flip; then resize the short side to 480..800, or resize to 400..600, crop 384..600,
and resize the crop likewise. The long side never exceeds 1333. Two images a GPU.
"""

_base_ = ['coco.py']
short_sides = [(side, 1333) for side in range(480, 801, 32)]
resize = dict(type='RandomChoiceResize', scales=short_sides, keep_ratio=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='convnext_dense.LoadInstances', with_bbox=True, with_mask=True),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomChoice',
        transforms=[
            [resize],
            [
                dict(
                    type='RandomChoiceResize',
                    scales=[(400, 1333), (500, 1333), (600, 1333)],
                    keep_ratio=True,
                ),
                dict(
                    type='RandomCrop',
                    crop_type='absolute_range',
                    crop_size=(384, 600),
                    allow_negative_crop=True,
                ),
                resize,
            ],
        ],
    ),
    dict(type='convnext_dense.PackDetInputs'),
]
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=train_pipeline))
auto_scale_lr = dict(enable=True, base_batch_size=16)

"""Data of one's own in COCO format: one folder of images a split, one JSON a split.

Set `data_root` and `image_size`; the rest describes the layout under `data_root`.
"""

data_root = 'data/my_data'
image_size = 512  # images are fitted into a square of this side, in pixels
train_ann_file = 'annotations/instances_train.json'
train_images = 'images/train'
val_ann_file = 'annotations/instances_val.json'
val_images = 'images/val'
classes = '${data_root}/${train_ann_file}'  # or a file with a name a line, or a list
num_classes = None  # counted
with_mask = True
metrics = ['bbox', 'segm']
batch_size = 2
flips = ['horizontal']  # and 'vertical' where up and down mean nothing

square = ('${image_size}', '${image_size}')
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='convnext_dense.LoadInstances', with_bbox=True, with_mask='${with_mask}'),
    dict(type='RandomResize', scale=square, ratio_range=(0.7, 1.4), keep_ratio=True),
    dict(type='RandomCrop', crop_size=square, allow_negative_crop=True),
    dict(type='RandomFlip', prob=0.5, direction='${flips}'),
    dict(type='convnext_dense.PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=square, keep_ratio=True),
    dict(type='convnext_dense.LoadInstances', with_bbox=True, with_mask='${with_mask}'),
    dict(
        type='convnext_dense.PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]
# Scales and flip are our choice; a `RandomResize` of one ratio is not random.
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(
                    type='RandomResize',
                    scale=square,
                    ratio_range=(ratio, ratio),
                    keep_ratio=True,
                )
                for ratio in (1.0, 1.5)
            ],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='convnext_dense.LoadInstances', with_bbox=True, with_mask='${with_mask}')],
            [
                dict(
                    type='convnext_dense.PackDetInputs',
                    meta_keys=(
                        'img_id',
                        'img_path',
                        'ori_shape',
                        'img_shape',
                        'scale_factor',
                        'flip',
                        'flip_direction',
                    ),
                )
            ],
        ],
    ),
]
train_dataloader = dict(
    batch_size='${batch_size}',
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='convnext_dense.CocoDataset',
        data_root='${data_root}',
        ann_file='${train_ann_file}',
        data_prefix=dict(img='${train_images}'),
        metainfo=dict(classes='${classes}'),
        filter_cfg=dict(filter_empty_gt=False),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size='${batch_size}',
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='convnext_dense.CocoDataset',
        data_root='${data_root}',
        ann_file='${val_ann_file}',
        data_prefix=dict(img='${val_images}'),
        metainfo=dict(classes='${classes}'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='convnext_dense.CocoMetric',
    ann_file='${data_root}/${val_ann_file}',
    metric='${metrics}',
)
test_evaluator = val_evaluator

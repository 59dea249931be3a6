"""Data of one's own: images, and a PNG of class indices for each, with its stem.

Set `data_root` and `image_size`; the rest describes the layout under `data_root`.
Label 255 is ignored.
"""

data_root = 'data/my_data'
image_size = 512  # images are fitted into a square of this side, in pixels
train_images = 'images/train'
train_labels = 'annotations/train'
train_list = ''  # a file of stems, one a line; all images of the folder without it
val_images = 'images/val'
val_labels = 'annotations/val'
val_list = ''
classes = '${data_root}/classes.txt'  # one name a line, in the order of the labels
num_classes = None  # counted
batch_size = 4

square = ('${image_size}', '${image_size}')
load_labels = dict(type='convnext_dense.LoadLabelMap', num_classes='${num_classes}')
train_pipeline = [
    dict(type='LoadImageFromFile'),
    load_labels,
    dict(type='RandomResize', scale=square, ratio_range=(0.7, 1.4), keep_ratio=True),
    dict(type='RandomCrop', crop_size=square, cat_max_ratio=0.9),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=square, keep_ratio=True),
    # After `Resize`: the truth stays at its original size.
    load_labels,
    dict(type='PackSegInputs'),
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
                for ratio in (0.75, 1.0, 1.25)
            ],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [load_labels],
            [dict(type='PackSegInputs')],
        ],
    ),
]
train_dataloader = dict(
    batch_size='${batch_size}',
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='convnext_dense.LabelMapDataset',
        data_root='${data_root}',
        ann_file='${train_list}',
        data_prefix=dict(img_path='${train_images}', seg_map_path='${train_labels}'),
        metainfo=dict(classes='${classes}'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size='${batch_size}',
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='convnext_dense.LabelMapDataset',
        data_root='${data_root}',
        ann_file='${val_list}',
        data_prefix=dict(img_path='${val_images}', seg_map_path='${val_labels}'),
        metainfo=dict(classes='${classes}'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='convnext_dense.IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator

"""ImageNet-1k without its labels, in crops of 224; 64 images a GPU."""

data_root = 'data/imagenet'
train_pipeline = [
    dict(type='convnext_dense.LoadImage'),
    dict(
        type='convnext_dense.RandomResizedCrop',
        size=224,
        scale=(0.2, 1.0),
        interpolation=3,  # bicubic
    ),
    dict(type='convnext_dense.RandomHorizontalFlip'),
    dict(type='convnext_dense.PackImage'),
]
train_dataloader = dict(
    batch_size=64,
    num_workers=10,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='convnext_dense.ImageFolder',
        data_root=data_root,
        data_prefix=dict(img_path='train'),
        pipeline=train_pipeline,
    ),
)

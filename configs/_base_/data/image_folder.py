"""Images of your own without labels: a folder of any sizes, with folders in it.

Set `data_root` and `image_size`. In a COCO or ADE20K layout, `images` names the folder
of the images (`train2017`, `images/training`), and `image_list` may be a COCO annotation
file or a list of names.
"""

data_root = 'data/my_data'
images = ''  # the folder of images in data_root
image_list = ''  # in data_root: which of them; all without it
image_size = 224  # of a crop in pixels, a multiple of 32
crop_scale = [0.2, 1.0]  # share of an image's area that a crop covers
vertical_flip = 0.0  # probability: 0.5 where up and down mean nothing
batch_size = 32
num_workers = 2

train_pipeline = [
    dict(type='convnext_dense.LoadImage'),
    dict(
        type='convnext_dense.RandomResizedCrop',
        size='${image_size}',
        scale='${crop_scale}',
        interpolation=3,  # bicubic
    ),
    dict(type='convnext_dense.RandomHorizontalFlip'),
    dict(type='convnext_dense.RandomVerticalFlip', p='${vertical_flip}'),
    dict(type='convnext_dense.PackImage'),
]
train_dataloader = dict(
    batch_size='${batch_size}',
    num_workers='${num_workers}',
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='convnext_dense.ImageFolder',
        data_root='${data_root}',
        data_prefix=dict(img_path='${images}'),
        ann_file='${image_list}',
        pipeline=train_pipeline,
    ),
)

"""ADE20K in crops of 640: what is in pixels is 5/4 of what it is for crops of 512."""

_base_ = ['ade20k_512.py']
crop_size = (640, 640)
scale = (2560, 640)
train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = scale
train_pipeline[3].crop_size = crop_size
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = scale
tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].transforms[0] = [
    dict(resize, scale=tuple(side * 5 // 4 for side in resize.scale))
    for resize in tta_pipeline[1].transforms[0]
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

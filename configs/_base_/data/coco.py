"""COCO instances: what every recipe shares. Training pipelines are in coco_*.py."""

_base_ = ['mmdet::_base_/datasets/coco_instance.py']
train_dataloader = dict(dataset=dict(type='convnext_dense.CocoDataset'))
val_dataloader = dict(dataset=dict(type='convnext_dense.CocoDataset'))
test_dataloader = dict(dataset=dict(type='convnext_dense.CocoDataset'))
# The numbers of CocoMetric, several times faster.
val_evaluator = dict(type='convnext_dense.CocoMetric')
test_evaluator = dict(type='convnext_dense.CocoMetric')
# No multi-scale test is published for detectors; scales and flip are our choice.
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Resize', scale=scale, keep_ratio=True)
                for scale in ((1333, 800), (1000, 600), (1666, 1000))
            ],
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [dict(type='convnext_dense.LoadInstances', with_bbox=True, with_mask=True)],
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

"""Runs counted in epochs: what is logged, kept and drawn."""

_base_ = ['mmdet::_base_/default_runtime.py']
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        type='convnext_dense.CheckpointHook',
        interval=1,
        max_keep_ckpts=2,
        save_best='coco/segm_mAP',
    ),
    visualization=dict(_delete_=True, type='convnext_dense.PredictionSheet'),
)
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
randomness = dict(seed=0)
tta_model = dict(
    type='convnext_dense.MaskTTAModel',
    tta_cfg=dict(nms=dict(type='nms', iou_threshold=0.5), max_per_img=100),
)

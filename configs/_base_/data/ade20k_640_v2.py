"""ADE20K in crops of 640, multi-scale as ConvNeXt V2 tests: see ade20k_512_v2.py."""

_base_ = ['ade20k_640.py']
tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].transforms[0] = [
    dict(type='Resize', scale=(2560 * eighths // 8, 80 * eighths), keep_ratio=True)
    for eighths in (6, 7, 8, 9, 10)
]

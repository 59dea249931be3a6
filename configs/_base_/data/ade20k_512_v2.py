"""ADE20K in crops of 512, multi-scale as ConvNeXt V2 tests: 0.75 to 1.25.

The steps between are not published; five in all is our choice.
"""

_base_ = ['ade20k_512.py']
tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].transforms[0] = [
    dict(type='Resize', scale=(2048 * eighths // 8, 64 * eighths), keep_ratio=True)
    for eighths in (6, 7, 8, 9, 10)
]

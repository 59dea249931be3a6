"""UperNet with a ConvNeXt-V2-atto and narrow heads: small images, no weights."""

_base_ = ['../keep_variance.py']

norm_cfg = dict(type='SyncBN', requires_grad=True)
cross_entropy = dict(type='convnext_dense.CrossEntropyLoss', avg_non_ignore=True)
head = dict(
    dropout_ratio=0.1,
    num_classes='${num_classes}',
    norm_cfg=norm_cfg,
    align_corners=False,
)
model = dict(
    type='convnext_dense.EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=('${image_size}', '${image_size}'),
        test_cfg=dict(size_divisor=32),
    ),
    backbone=dict(
        type='convnext_dense.ConvNeXtV2', arch='atto', init_cfg=_base_.keep_variance
    ),
    decode_head=dict(
        type='UPerHead',
        in_channels=[40, 80, 160, 320],
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=64,
        loss_decode=dict(loss_weight=1.0, **cross_entropy),
        **head,
    ),
    auxiliary_head=dict(
        type='FCNHead',
        in_channels=160,
        in_index=2,
        channels=64,
        num_convs=1,
        concat_input=False,
        loss_decode=dict(loss_weight=0.4, **cross_entropy),
        **head,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

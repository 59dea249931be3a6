"""Masked autoencoder on a ConvNeXt V2, as published (arXiv 2301.00808, appendix A)."""

model = dict(
    type='convnext_dense.FCMAE',
    encoder=dict(type='convnext_dense.ConvNeXtV2', arch='tiny'),
    mask_ratio=0.6,
    patch_size=32,
    decoder_depth=1,
    decoder_width=512,
    norm_pix_loss=True,
    data_preprocessor=dict(
        type='ImgDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
    ),
)

"""Fully convolutional masked autoencoder (ConvNeXt V2, arXiv 2301.00808, section 3.1).

Source of the numbers and names: ``models/fcmae.py`` of
facebookresearch/ConvNeXt-V2@2553895, without its sparse engine: the encoder is the
dense backbone, run on the visible patches.
"""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from convnext_dense.backbones.convnext_v2 import ConvNeXtV2Block
from convnext_dense.backbones.pyramid import TRUNCATED_NORMAL
from convnext_dense.backbones.variants import NUM_STAGES
from convnext_dense.errors import UserError
from convnext_dense.layers import Pointwise
from convnext_dense.registry import MODELS

from .masking import VisiblePatches, check_ratio, random_mask
from .published import load_published
from .targets import STRIDE, normalized, patches_of, statistics


@MODELS.register_module()
class FCMAE(BaseModel):
    """Predict the removed patches of images from those that stay.

    The encoder computes on the visible patches alone; nothing of a removed one
    reaches it. Its weights are those of the dense backbone, name by name.

    Args:
        encoder: A backbone, or its config. Its stem and downsampling may not look
            beyond a patch, and its blocks must run on visible patches: ConvNeXt V2,
            and V1, which learns less this way (section 3.2: its channels collapse).
        mask_ratio: Share of patches that is removed, in (0, 1).
        patch_size: Side of a patch in pixels, a multiple of 32.
        decoder_depth: ConvNeXt V2 blocks of the decoder.
        decoder_width: Their channels.
        norm_pix_loss: Compare with the pixels of each 32 x 32 target less their mean,
            over their standard deviation.
        data_preprocessor: As for any model of mmengine's.
        init_cfg: mmengine initialisation of what is no encoder, by default the
            backbones' truncated normal; or ``dict(type='Pretrained', checkpoint=)`` of
            everything.

    Raises:
        UserError: On a value outside the ranges above, or an encoder that cannot run
            on visible patches.
    """

    def __init__(
        self,
        encoder: Mapping | nn.Module,
        *,
        mask_ratio: float = 0.6,
        patch_size: int = 32,
        decoder_depth: int = 1,
        decoder_width: int = 512,
        norm_pix_loss: bool = True,
        data_preprocessor: Mapping | nn.Module | None = None,
        init_cfg: Mapping | list | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg or TRUNCATED_NORMAL)
        check_ratio(mask_ratio)
        if decoder_width < 1 or decoder_depth < 0:
            raise UserError(
                'decoder_width must be at least 1 and decoder_depth at least 0, got '
                f'{decoder_width} and {decoder_depth}'
            )
        if patch_size < STRIDE or patch_size % STRIDE:
            raise UserError(f'patch_size must be a multiple of 32, got {patch_size}')
        built: Any = (
            encoder if isinstance(encoder, nn.Module) else MODELS.build(encoder)
        )
        _check_maskable(built)
        for stage in built.out_indices:
            # Nothing would train them: what is fine-tuned starts with fresh ones.
            setattr(built, f'norm{stage}', nn.Identity())
        self.encoder = built
        self.mask_ratio = mask_ratio
        self.patch_size = patch_size
        self.norm_pix_loss = norm_pix_loss
        self.proj = Pointwise(built.widths[-1], decoder_width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, decoder_width, 1, 1))
        self.decoder = nn.Sequential(
            *[ConvNeXtV2Block(decoder_width, 0.0) for _ in range(decoder_depth)]
        )
        channels = built.downsample_layers[0][0].in_channels
        self.pred = Pointwise(decoder_width, STRIDE**2 * channels)

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says.

        ``dict(type='Pretrained', checkpoint=)`` goes on from a masked autoencoder,
        decoder included: see :mod:`convnext_dense.pretrain.published`.
        """
        init: Any = self.init_cfg
        pretrained = isinstance(init, Mapping) and init['type'] == 'Pretrained'
        if not pretrained:
            super().init_weights()
        elif not self.is_init:  # type: ignore[has-type]
            load_published(self, init['checkpoint'])
            self.is_init = True

    def forward(
        self,
        inputs: Tensor,
        data_samples: list | None = None,  # noqa: ARG002
        mode: str = 'tensor',
    ) -> Any:
        """Run the model as mmengine does.

        Args:
            inputs: (N, C, H, W) normalised images.
            data_samples: What is known of the images; not needed.
            mode: ``'loss'`` masks at random and returns ``dict(loss=)``; ``'predict'``
                returns the mask and the reconstruction; ``'tensor'`` the features of
                the whole images.
        """
        if mode == 'tensor':
            return self.encoder(inputs)
        mask = self.random_mask(inputs)
        if mode == 'predict':
            return mask, self.reconstruct(inputs, mask)
        return dict(loss=self.loss(inputs, mask))

    def random_mask(
        self, images: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw a mask of (N, H / 32, W / 32) for images, True where removed.

        Raises:
            UserError: If a side is no multiple of the patch size, or too short.
        """
        number, _, height, width = images.shape
        if height % self.patch_size or width % self.patch_size:
            raise UserError(
                f'images of {height} x {width} pixels cannot be cut into patches of '
                f'{self.patch_size}: set image_size to a multiple of {self.patch_size}'
            )
        mask = random_mask(
            number,
            height // self.patch_size,
            width // self.patch_size,
            self.mask_ratio,
            generator=generator,
            device=images.device if generator is None else generator.device,
        ).to(images.device)
        cells = self.patch_size // STRIDE
        return mask.repeat_interleave(cells, 1).repeat_interleave(cells, 2)

    def encode(self, images: Tensor, mask: Tensor) -> Tensor:
        """Compute the features of the visible patches.

        Args:
            images: (N, C, H, W).
            mask: (N, H / 32, W / 32) boolean, True where removed.

        Returns:
            (N, width, H / 32, W / 32), zero where removed.
        """
        visible = VisiblePatches(mask)
        x = visible.stack(images)
        for down, blocks in zip(
            self.encoder.downsample_layers, self.encoder.stages, strict=True
        ):
            x = down(x)
            for block in blocks.children():
                x = self.encoder.run(block, x, visible)
        return visible.spread(x)

    def decode(self, features: Tensor, mask: Tensor) -> Tensor:
        """Fill in mask tokens and run the decoder: (N, decoder_width, h, w)."""
        tokens = self.proj(features)
        return self.decoder(torch.where(mask[:, None], self.mask_token, tokens))

    def loss(self, images: Tensor, mask: Tensor) -> Tensor:
        """Give the mean squared error over the pixels of removed patches."""
        removed = VisiblePatches(~mask)
        # Once for both cuts.
        images = images.contiguous(memory_format=torch.channels_last)
        decoded = self.decode(self.encode(images, mask), mask)
        # What is not compared is not predicted.
        predicted = self.pred(removed.stack(decoded)).flatten(2).transpose(1, 2)
        target = patches_of(removed.stack(images))
        if self.norm_pix_loss:
            target = normalized(target)
        return (predicted.float() - target).square().mean()

    @torch.no_grad()
    def reconstruct(self, images: Tensor, mask: Tensor) -> Tensor:
        """Give the images with removed patches as predicted, others as they are.

        With ``norm_pix_loss`` a prediction knows no brightness and contrast; it gets
        those of the true patch.
        """
        predicted = self.pred(self.decode(self.encode(images, mask), mask))
        predicted = predicted.flatten(2).transpose(1, 2).to(images.dtype)
        if self.norm_pix_loss:
            mean, std = statistics(patches_of(images))
            predicted = predicted * std + mean
        shown = predicted.unflatten(1, mask.shape[1:])
        shown = shown.unflatten(3, (STRIDE, STRIDE, images.shape[1]))
        shown = shown.permute(0, 5, 1, 3, 2, 4).reshape(images.shape)
        return torch.where(enlarged(mask)[:, None], shown, images)


def enlarged(mask: Tensor) -> Tensor:
    """Map a mask of (N, h, w) patches to one of (N, 32 * h, 32 * w) pixels."""
    return mask.repeat_interleave(STRIDE, 1).repeat_interleave(STRIDE, 2)


def _check_maskable(encoder: Any) -> None:
    name = type(encoder).__name__
    if len(getattr(encoder, 'stages', ())) != NUM_STAGES:
        raise UserError(f'the encoder {name} must have all {NUM_STAGES} stages built')
    for path, layer in encoder.downsample_layers.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) or (
            isinstance(layer, nn.Conv2d) and layer.kernel_size != layer.stride
        ):
            raise UserError(
                f'{name} cannot be masked: its downsample_layers.{path} '
                f'({type(layer).__name__}) mixes patches; use ConvNeXtV2 or ConvNeXt'
            )
    for path, blocks in encoder.stages.named_children():
        for block in blocks:
            if not getattr(block, 'maskable', False):
                raise UserError(
                    f'{name} cannot be masked: the {type(block).__name__} of '
                    f'stages.{path} does not run on visible patches; '
                    'use ConvNeXtV2 or ConvNeXt'
                )

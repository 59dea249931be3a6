"""ConvNeXt V1, V2 and Conv2Former as their papers describe them, written plainly.

What a reader would write from the papers (arXiv 2201.03545, 2301.00808, 2211.11943) and
the figures in them: the yardstick where timm and torchvision have no such model. The
parameters have the names of the backbones in ``convnext_dense``, so that both sides can
have the same weights.
"""

import torch
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of (N, C, H, W), spelt out."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each position."""
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class ResponseNorm(nn.Module):
    """Algorithm 1 of the ConvNeXt V2 paper."""

    def __init__(self, width: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, C) to the same shape."""
        norm = torch.norm(x, p=2, dim=(1, 2), keepdim=True)
        response = norm / (norm.mean(dim=-1, keepdim=True) + 1e-6)
        return self.gamma * (x * response) + self.beta + x


class Block(nn.Module):
    """A block of ConvNeXt, or of V2 where there is no layer scale."""

    def __init__(self, width: int, layer_scale: bool):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.ones(width)) if layer_scale else None
        if not layer_scale:
            self.grn = ResponseNorm(4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.act(self.pwconv1(y))
        if self.gamma is None:
            y = self.pwconv2(self.grn(y))
        else:
            y = self.gamma * self.pwconv2(y)
        return x + y.permute(0, 3, 1, 2)


class Modulation(nn.Module):
    """Convolutional modulation, figure 2 of the Conv2Former paper."""

    def __init__(self, width: int, kernel_size: int):
        super().__init__()
        padding = kernel_size // 2
        self.norm = ChannelNorm(width)
        self.att = nn.Sequential(
            nn.Conv2d(width, width, 1),
            nn.GELU(),
            nn.Conv2d(width, width, kernel_size, padding=padding, groups=width),
        )
        self.v = nn.Conv2d(width, width, 1)
        self.proj = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        x = self.norm(x)
        return self.proj(self.att(x) * self.v(x))


class MLP(nn.Module):
    """The MLP with a depthwise convolution inside."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = ChannelNorm(width)
        self.fc1 = nn.Conv2d(width, 4 * width, 1)
        self.act = nn.GELU()
        self.pos = nn.Conv2d(4 * width, 4 * width, 3, padding=1, groups=4 * width)
        self.fc2 = nn.Conv2d(4 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        x = self.act(self.fc1(self.norm(x)))
        return self.fc2(x + self.act(self.pos(x)))


class ModulationBlock(nn.Module):
    """A block of Conv2Former."""

    def __init__(self, width: int, kernel_size: int):
        super().__init__()
        self.attn, self.mlp = Modulation(width, kernel_size), MLP(width)
        self.layer_scale_1 = nn.Parameter(torch.full((width,), 1e-6))
        self.layer_scale_2 = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        x = x + self.layer_scale_1[:, None, None] * self.attn(x)
        return x + self.layer_scale_2[:, None, None] * self.mlp(x)


class Plain(nn.Module):
    """Four stages of blocks in the layout of the papers' figures.

    Args:
        backbone: One of ours, of which depths, widths, stem and weights are taken.
    """

    def __init__(self, backbone: nn.Module):
        super().__init__()
        modulated = hasattr(backbone.stages[0][0], 'attn')
        scaled = getattr(backbone.stages[0][0], 'gamma', None) is not None
        self.downsample_layers, self.stages = nn.ModuleList(), nn.ModuleList()
        before = backbone.downsample_layers[0][0].in_channels
        for stage, (depth, width) in enumerate(
            zip(backbone.depths, backbone.widths, strict=True)
        ):
            self.downsample_layers.append(
                nn.Sequential(ChannelNorm(before), nn.Conv2d(before, width, 2, 2))
                if stage
                else stem(before, width, modulated)
            )
            if modulated:
                side = backbone.stages[0][0].attn.att[2].kernel_size[0]
                blocks = [ModulationBlock(width, side) for _ in range(depth)]
            else:
                blocks = [Block(width, scaled) for _ in range(depth)]
            self.stages.append(nn.Sequential(*blocks))
            self.add_module(f'norm{stage}', ChannelNorm(width))
            before = width
        self.load_state_dict(backbone.state_dict())

    def forward(self, x: Tensor) -> list[Tensor]:
        """Give the features of the four stages."""
        outputs = []
        for i, (down, stage) in enumerate(
            zip(self.downsample_layers, self.stages, strict=True)
        ):
            x = stage(down(x))
            outputs.append(getattr(self, f'norm{i}')(x))
        return outputs


def stem(channels: int, width: int, modulated: bool) -> nn.Module:
    """Make the first layers: patches for ConvNeXt, convolutions for Conv2Former."""
    if not modulated:
        return nn.Sequential(nn.Conv2d(channels, width, 4, 4), ChannelNorm(width))
    half = width // 2
    return nn.Sequential(
        nn.Conv2d(channels, half, 3, 2, 1, bias=False),
        nn.GELU(),
        nn.BatchNorm2d(half),
        nn.Conv2d(half, half, 3, 1, 1, bias=False),
        nn.GELU(),
        nn.BatchNorm2d(half),
        nn.Conv2d(half, width, 2, 2, bias=False),
    )

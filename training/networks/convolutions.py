"""The convolutional encoder: a tower of 3x3 convolutions for each view."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, relu

from training.networks.shape import NetworkShape

_CHANNELS_AT_A_TIME = 8  # that a GPU's matrix units take in bfloat16


class ConvolutionalEncoder(nn.Module):
    """Whitened pictures to features.

    One tower a view, of the same shape and with weights of its own: a profile shows other things than a front. Where
    there are several views, the features of an absent one are zero, those of the others make up for it, and one feature
    a view says whether it is there.

    Args:
        shape: Sizes.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.towers = nn.ModuleList(_tower(shape.stages) for _ in range(shape.num_views))
        width, height = shape.map_size
        of_a_view = shape.stages[-1][-1] * width * height  # 486 x 5 x 4 = 9720 in the paper's network
        self.num_features = of_a_view if shape.num_views == 1 else shape.num_views * (of_a_view + 1)

    def initialise(self, to_latents: nn.Linear) -> None:
        """Random weights (He et al. 2015)."""
        for layer in [*self.modules(), to_latents]:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, whitened: Tensor, is_there: Tensor) -> Tensor:
        """Encode a batch.

        Args:
            whitened: [B, num_views, H, W].
            is_there: [B, num_views] 0 or 1.

        Returns:
            [B, num_features], each view's as [channel, row, column] whatever the memory format.
        """
        pictures = whitened.split(1, dim=1)  # of each view
        features = [
            (through_padded(tower, picture) if picture.is_cuda else tower(picture)).flatten(1)
            for tower, picture in zip(self.towers, pictures, strict=True)
        ]
        if len(features) == 1:
            return features[0]
        # As dropout does: what is there is raised by what is missing, so that either camera alone fills the sum.
        weights = is_there * (len(features) / is_there.sum(dim=1, keepdim=True).clamp(min=1.0))
        seen = [feature * weights[:, view : view + 1] for view, feature in enumerate(features)]
        return torch.cat([*seen, is_there.to(seen[0].dtype)], dim=1)


def _tower(stages: tuple[tuple[int, ...], ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    num_in = 1
    for stage in stages:
        for index, num_out in enumerate(stage):
            layers += [nn.Conv2d(num_in, num_out, 3, stride=1 if index else 2, padding=1), nn.ReLU(inplace=True)]
            num_in = num_out
    return nn.Sequential(*layers)


def through_padded(tower: nn.Sequential, picture: Tensor) -> Tensor:
    """What `tower(picture)` gives, with channels of zeros wherever their number is no multiple of eight.

    A training step of the paper's network took 5.05 ms on an H200 instead of 5.74, most of it for the one gray channel.
    """
    num_channels = picture.shape[1]
    picture = pad(picture, (0, 0, 0, 0, 0, _missing(num_channels))).contiguous(memory_format=torch.channels_last)
    for layer in tower:
        if isinstance(layer, nn.Conv2d):
            more_in, more_out = picture.shape[1] - layer.in_channels, _missing(layer.out_channels)
            weight = pad(layer.weight, (0, 0, 0, 0, 0, more_in, 0, more_out))
            picture = conv2d(picture, weight, pad(layer.bias, (0, more_out)), layer.stride, layer.padding)
            num_channels = layer.out_channels
        else:
            picture = relu(picture, inplace=True)
    return picture[:, :num_channels]


def _missing(num_channels: int) -> int:
    return -num_channels % _CHANNELS_AT_A_TIME

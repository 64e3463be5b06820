"""The network: one gray crop in, latents and vertices out (Laine et al. 2017, section 3).

Rule: whitening is the first line of `forward`, the last layer is linear and stays float32 under autocast.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """What fixes the size of every weight."""

    input_width_px: int
    input_height_px: int
    channels: tuple[int, ...]
    num_latents: int
    num_vertices: int
    dropout: float

    @classmethod
    def of(cls, config: TrainConfig, num_vertices: int) -> "NetworkShape":
        """The shape a training's settings ask for."""
        return cls(
            config.input_width_px,
            config.input_height_px,
            config.channels,
            config.num_latents,
            num_vertices,
            config.dropout,
        )

    @property
    def num_features(self) -> int:
        """Values that leave the convolutions: 486 x 5 x 4 = 9720 in the paper's network."""
        width, height = self.input_width_px, self.input_height_px
        for _ in self.channels[::2]:
            width, height = (width + 1) // 2, (height + 1) // 2
        return self.channels[-1] * width * height


class FaceNetwork(nn.Module):
    """Convolutions in pairs (the first of each halves the picture), then latents, then the mesh.

    Args:
        shape: Sizes.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("pixel_mean", torch.zeros(()))
        self.register_buffer("pixel_deviation", torch.ones(()))
        layers: list[nn.Module] = []
        for index, (num_in, num_out) in enumerate(zip((1, *shape.channels[:-1]), shape.channels, strict=True)):
            layers += [nn.Conv2d(num_in, num_out, 3, stride=2 - index % 2, padding=1), nn.ReLU(inplace=True)]
        self.convolutions = nn.Sequential(*layers)
        self.dropout = nn.Dropout(shape.dropout)
        self.to_latents = nn.Linear(shape.num_features, shape.num_latents)
        self.to_vertices = nn.Linear(shape.num_latents, 3 * shape.num_vertices)
        for layer in [*self.convolutions, self.to_latents]:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # He et al. 2015
                nn.init.zeros_(layer.bias)

    @torch.no_grad()
    def prime(self, mean: Tensor, basis: Tensor, pixel_mean: float, pixel_deviation: float) -> None:
        """Start from the training data: its PCA as output layer, its gray levels for whitening.

        Args:
            mean: [3V] float32, cm.
            basis: [num_latents, 3V] float32, cm.
            pixel_mean: Gray levels.
            pixel_deviation: Gray levels, > 0.
        """
        self.to_vertices.bias.copy_(mean)
        self.to_vertices.weight.copy_(basis.T)
        self.pixel_mean.fill_(pixel_mean)
        self.pixel_deviation.fill_(pixel_deviation)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Solve a batch.

        Args:
            crops: [B, 1, height, width] uint8.

        Returns:
            Latents [B, num_latents] float32, vertices [B, V, 3] float32 cm.
        """
        whitened = (crops.float() - self.pixel_mean) / self.pixel_deviation
        features = self.convolutions(whitened)  # [B, 486, 5, 4]
        # Flattened as [channel, row, column], whatever the memory format.
        latents = self.to_latents(self.dropout(features.flatten(1))).float()  # [B, 160]
        with torch.autocast(crops.device.type, enabled=False):
            coordinates = self.to_vertices(latents)  # [B, 3V]
        return latents, coordinates.unflatten(1, (self.shape.num_vertices, 3))

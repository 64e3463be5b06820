"""The network: crops in, latents and vertices out (Laine et al. 2017, section 3).

Rule: whitening is the first line of `forward`; what follows the encoder stays float32 under autocast.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.networks.convolutions import ConvolutionalEncoder
from training.networks.fully_connected import FullyConnectedEncoder
from training.networks.shape import Kind, NetworkShape

LEAST_ERROR_MM = 1e-3
_ENCODERS = {Kind.CONVOLUTIONAL: ConvolutionalEncoder, Kind.FULLY_CONNECTED: FullyConnectedEncoder}
_ERROR_WIDTH = 32  # hidden units between features and expected errors


class Solution(NamedTuple):
    """What a network says about a batch.

    Args:
        latents: [B, num_latents] float32.
        vertices: [B, V, 3] float32 cm.
        errors_mm: [B, V] float32, the expected distance of each vertex to its true place, mm; None where the network
            does not foretell it.
    """

    latents: Tensor
    vertices: Tensor
    errors_mm: Tensor | None


class FaceNetwork(nn.Module):
    """Pictures to features (the encoder), features to latents, latents to the mesh.

    Args:
        shape: Sizes.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("pixel_mean", torch.zeros((shape.num_views, 1, 1)))
        self.register_buffer("pixel_deviation", torch.ones((shape.num_views, 1, 1)))
        self.encoder = _ENCODERS[shape.kind](shape)
        num_features = self.encoder.num_features
        self.dropout = nn.Dropout(shape.dropout)
        self.to_latents = nn.Linear(num_features, shape.num_latents)
        self.to_vertices = nn.Linear(shape.num_latents, 3 * shape.num_vertices)
        self.encoder.initialise(self.to_latents)
        self.to_errors = ExpectedErrors(num_features, shape.num_vertices) if shape.has_errors else None

    @torch.no_grad()
    def prime(self, mean: Tensor, basis: Tensor, pixel_mean: Tensor, pixel_deviation: Tensor) -> None:
        """Start from the training data: its PCA as output layer, its gray levels for whitening.

        Args:
            mean: [3V] float32, cm.
            basis: [num_latents, 3V] float32, cm.
            pixel_mean: [num_views] gray levels.
            pixel_deviation: [num_views] gray levels, > 0.
        """
        self.to_vertices.bias.copy_(mean)
        self.to_vertices.weight.copy_(basis.T)
        self.pixel_mean.copy_(pixel_mean.view(-1, 1, 1))
        self.pixel_deviation.copy_(pixel_deviation.view(-1, 1, 1))

    def prime_pictures(self, mean: Tensor, directions: Tensor, deviation: Tensor) -> None:
        """Give the fully connected network the training pictures' principal components; after `prime`.

        Args:
            mean: [H W] gray levels.
            directions: [image_components, H W] float16, orthonormal rows.
            deviation: [image_components] gray levels, > 0.
        """
        whitened_mean = (mean - self.pixel_mean.flatten()) / self.pixel_deviation.flatten()
        self.encoder.prime(whitened_mean, directions, deviation / self.pixel_deviation.flatten())

    def forward(self, crops: Tensor) -> Solution:
        """Solve a batch.

        Args:
            crops: [B, num_views, height, width] uint8; where there are several views, an all-black one is absent.
        """
        whitened = (crops.float() - self.pixel_mean) / self.pixel_deviation
        is_there = self._presence(crops)  # [B, num_views]
        encoded = self.encoder(whitened, is_there)  # [B, 9720] in the paper's network
        # Latents in bfloat16 would be rounded to 1/256 of themselves: up to a tenth of a millimetre at the chin.
        with torch.autocast(crops.device.type, enabled=False):
            features = encoded.float()
            latents = self.to_latents(self.dropout(features))  # [B, 160]
            coordinates = self.to_vertices(latents)  # [B, 3V]
            vertices = coordinates.unflatten(1, (self.shape.num_vertices, 3))
            # Detached: foretelling its errors never changes how the network solves.
            errors_mm = None if self.to_errors is None else self.to_errors(features.detach())
        return Solution(latents, vertices, errors_mm)

    def _presence(self, crops: Tensor) -> Tensor:
        if self.shape.num_views == 1:
            return crops.new_ones((len(crops), 1), dtype=torch.float32)
        is_there = (crops.flatten(2).amax(dim=2) > 0).float()
        if not self.training:
            return is_there
        # Hide views at random, never the last one: of those that would all go, the luckiest stays.
        luck = torch.rand(is_there.shape, device=crops.device) * is_there
        stays = (luck >= self.shape.view_dropout) | (luck == luck.amax(dim=1, keepdim=True))
        return is_there * stays


class ExpectedErrors(nn.Module):
    """Foretells how far each vertex will be from its true place.

    Args:
        num_features: Of the encoder.
        num_vertices: V.
    """

    def __init__(self, num_features: int, num_vertices: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(num_features, _ERROR_WIDTH)
        self.output = nn.Linear(_ERROR_WIDTH, num_vertices)
        # What training sees is better than what is new to the network: validation sets this factor. Training learns
        # without it, so that it is the same whenever it is validated.
        self.register_buffer("scale", torch.ones(()))
        nn.init.zeros_(self.output.bias)

    def forward(self, features: Tensor) -> Tensor:
        """[B, num_features] to [B, V] mm, > 0."""
        errors_mm = nn.functional.softplus(self.output(torch.relu(self.hidden(features)))) + LEAST_ERROR_MM
        return errors_mm if self.training else self.scale * errors_mm

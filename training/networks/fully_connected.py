"""The fully connected encoder (Laine et al. 2017, appendix B): principal components of the picture, then two layers."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from training.networks.shape import NetworkShape


class FullyConnectedEncoder(nn.Module):
    """A whitened picture to features.

    The first layer is fixed: what the training pictures' principal components say of the picture. The coefficients are
    whitened halfway, divided by the root of their deviation, so that neither the strongest few nor the noise of the
    weakest outweighs the rest. Their mean variance is one.

    Args:
        shape: Sizes; of one view.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        num_pixels = shape.input_width_px * shape.input_height_px
        self.register_buffer("picture_mean", torch.zeros(num_pixels))
        # A weight that does not learn rather than a buffer: buffers are sent to every process at every step.
        self.picture_basis = nn.Parameter(torch.zeros((shape.image_components, num_pixels)), requires_grad=False)
        self.register_buffer("coefficient_scale", torch.ones(shape.image_components))
        sizes = (shape.image_components, *shape.hidden)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        self.dropout = nn.Dropout(shape.dropout)
        self.num_features = sizes[-1]

    def initialise(self, to_latents: nn.Linear) -> None:
        """Random weights: He et al. 2015 before ReLU, Glorot and Bengio 2010 before and after tanh."""
        for layer in self.layers[:-1]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        for layer in (self.layers[-1], to_latents):
            nn.init.xavier_normal_(layer.weight)
        for layer in (*self.layers, to_latents):
            nn.init.zeros_(layer.bias)

    @torch.no_grad()
    def prime(self, mean: Tensor, directions: Tensor, deviation: Tensor) -> None:
        """Take the training pictures' principal components; all in units of whitened pictures.

        Args:
            mean: [H W].
            directions: [image_components, H W] float16, orthonormal rows.
            deviation: [image_components] of the training pictures along each, > 0.
        """
        self.picture_mean.copy_(mean)
        self.picture_basis.copy_(directions)
        scale = deviation.rsqrt()
        self.coefficient_scale.copy_(scale / (scale * deviation).square().mean().sqrt())

    def forward(self, whitened: Tensor, _is_there: Tensor) -> Tensor:
        """[B, 1, H, W] to [B, num_features]."""
        features = nn.functional.linear(whitened.flatten(1) - self.picture_mean, self.picture_basis)
        features = features * self.coefficient_scale  # [B, 3000] in the paper's network
        for layer in self.layers[:-1]:
            features = self.dropout(torch.relu(layer(features)))
        return torch.tanh(self.layers[-1](features))

    def _save_to_state_dict(self, destination: dict[str, Tensor], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        # Its values are float16's, so half the size loses nothing; loading widens them again.
        destination[f"{prefix}picture_basis"] = self.picture_basis.detach().half()

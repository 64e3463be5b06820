"""The networks: crops in, latents and vertices out; one face network over two kinds of encoder."""

from training.networks.face import FaceNetwork, Solution
from training.networks.shape import NetworkShape

__all__ = ["FaceNetwork", "NetworkShape", "Solution"]

"""What every backend is to the line.

Rule: a backend says what really runs, as its runtime reports it; it never does less than asked in silence.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from engine.bundle import ActorBundle
from engine.frames import CropRect
from engine.stabilise import Placement


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What a network says about a batch; the caller owns the arrays.

    Args:
        latents: [B, num_latents] float32.
        vertices: [B, V, 3] float32, cm.
        errors_mm: [B, V] float32, mm, each vertex's expected distance to its true place; None where the network
            foretells none.
    """

    latents: np.ndarray
    vertices: np.ndarray
    errors_mm: np.ndarray | None = None


class Backend(Protocol):
    """Runs one actor's network. One thread at a time."""

    @property
    def name(self) -> str:
        """`onnxruntime`, `openvino`, `cuda` or `tensorrt`."""
        ...

    @property
    def precision(self) -> str:
        """Of the inner layers: `float32`, `bfloat16`, `float16` or `int8`. The output is float32 always."""
        ...

    @property
    def provider(self) -> str:
        """What the runtime says it runs on."""
        ...

    def run(self, crops: np.ndarray) -> Solution:
        """Solve a batch.

        Args:
            crops: [B, num_views, height, width] uint8 of the actor's input size, B >= 1; of an actor with several views
                an all-black one is absent.

        Raises:
            BackendError: The runtime failed.
        """
        ...

    def close(self) -> None:
        """Release memory and threads."""
        ...


class Pictures(Protocol):
    """Takes a camera's pictures whole and prepares them itself, one behind the other. One thread at a time."""

    @property
    def capacity(self) -> int:
        """Pictures that may be under way: one is copied while the one before is solved."""
        ...

    def submit(self, image: np.ndarray, crop: CropRect, placed: Placement | None = None) -> None:
        """Begin with a picture; `image` is the caller's again when this returns.

        Args:
            image: [H, W] or [H, W, 3] uint8, of the size and kind that `TakesPictures.pictures` was asked for.
            crop: Inside it.
            placed: Where in it a head that is held still lies; None is the plain crop.

        Raises:
            CameraError: The crop leaves the picture.
            BackendError: The runtime failed.
        """
        ...

    def collect(self) -> Solution:
        """Wait for the oldest picture that is under way.

        Raises:
            BackendError: The runtime failed.
        """
        ...


@runtime_checkable
class TakesPictures(Protocol):
    """A backend that need not be given crops."""

    def pictures(self, image: np.ndarray, crop: CropRect) -> Pictures | None:
        """What takes pictures of this size and kind; None where this backend wants crops of them after all.

        One camera alone: an actor's other views are absent.
        """
        ...


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """Whether a backend can run here."""

    name: str
    is_usable: bool
    version: str  # empty where it is not installed
    # That this machine computes natively, fastest first; empty where not usable. Last, for nobody gets it unasked, the
    # `int8` of an actor that has it.
    precisions: tuple[str, ...]
    reason: str  # why it cannot run, all that is missing; empty where it can


def check_crops(crops: np.ndarray, bundle: ActorBundle) -> None:
    """Refuse anything but the network's input: a programming mistake."""
    expected = bundle.input_shape
    if crops.dtype != np.uint8 or crops.ndim != 4 or len(crops) < 1 or crops.shape[1:] != expected:
        raise ValueError(
            f"crops must be uint8 [B, {', '.join(map(str, expected))}], got {crops.dtype} {list(crops.shape)}"
        )

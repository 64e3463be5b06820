"""What a training keeps on disk: everything to go on from (`last.pt`), and the best network so far (`best.pt`).

Rule: a file is written beside its place and moved there whole, so what can be read is good.
"""

import os
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import LiveDoubleError, StorageError
from training.config import TrainConfig
from training.networks import FaceNetwork, NetworkShape
from training.variation import Amounts

LAST_FILE = "last.pt"
BEST_FILE = "best.pt"
_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Where a training stands.

    Args:
        step: Steps done.
        total_steps: Steps planned.
        elapsed_s: Wall clock of the training loop so far.
        best_rmse_mm: The best validation so far.
        best_step: Where that was.
    """

    step: int
    total_steps: int
    elapsed_s: float
    best_rmse_mm: float
    best_step: int


@dataclass(frozen=True, slots=True)
class EarlierFacts:
    """The network that a training began with.

    Args:
        name: Of the actor, or of the training's folder.
        sha256: Of its network.
        num_frames: It had learned from; None where it does not tell, likewise the next two.
        epochs: Passes over them.
        seconds: Wall clock.
    """

    name: str
    sha256: str
    num_frames: int | None
    epochs: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """What a training was made from, for the record.

    Args:
        data: The data set's folder.
        data_checksum: SHA-256 over its manifest, topology, movies and point caches.
        actor: The actor's name.
        num_training_frames: Frames learned from.
        num_validation_frames: Frames held out.
        pca_variance: Part of the training meshes' variance that the output basis started with.
        machine: Processor or accelerator, threads, precision, versions.
        augmentation: Amounts, given or measured from the data; None in trainings older than this field.
        earlier: The network it began with; None where it began with random weights.
    """

    data: str
    data_checksum: str
    actor: str
    num_training_frames: int
    num_validation_frames: int
    pca_variance: float
    machine: str
    augmentation: Amounts | None = None
    earlier: EarlierFacts | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> "TrainingFacts":
        """What `asdict` made of one."""
        augmentation, earlier = values.get("augmentation"), values.get("earlier")
        read = {
            "augmentation": None if augmentation is None else Amounts(**augmentation),
            "earlier": None if earlier is None else EarlierFacts(**earlier),
        }
        return cls(**{**values, **read})


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """One file's content.

    Args:
        config: The training's settings.
        shape: The network's sizes.
        facts: What it was made from.
        state: Where it stands.
        network: The weights, by name.
        optimizer: Adam's state; none in `best.pt`.
        stabiliser: The ONNX file of the network that finds the head, where pictures are stabilised by one.
    """

    config: TrainConfig
    shape: NetworkShape
    facts: TrainingFacts
    state: TrainingState
    network: dict[str, Tensor]
    optimizer: dict[str, Any] | None = None
    stabiliser: bytes | None = None

    @property
    def epochs(self) -> float:
        """Passes over the training frames so far."""
        num_frames = self.facts.num_training_frames
        return self.state.step * min(self.config.batch_size, num_frames) / num_frames

    def build_network(self) -> FaceNetwork:
        """The network with these weights, in float32 on the CPU, ready to solve."""
        network = FaceNetwork(self.shape)
        network.load_state_dict(self.network)
        return network.eval()

    def solver(self) -> Callable[[np.ndarray], np.ndarray]:
        """Crops [B, num_views, H, W] uint8 to vertices [B, V, 3] float32 cm, in float32 on the CPU."""
        network = self.build_network().to(memory_format=torch.channels_last)

        def solve(crops: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return np.asarray(network(torch.from_numpy(crops)).vertices.numpy())

        return solve

    def save(self, path: Path) -> None:
        """Write the file.

        Raises:
            StorageError: It cannot be written; what lay there before is as it was.
        """
        partial = path.with_suffix(".partial")
        content = {
            "schema": _SCHEMA,
            "config": self.config.to_json(),
            "shape": self.shape.to_json(),
            "facts": asdict(self.facts),
            "state": asdict(self.state),
            "network": self.network,
            "optimizer": self.optimizer,
            "stabiliser": self.stabiliser,
        }
        try:
            with partial.open("wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
            partial.unlink(missing_ok=True)
            # torch tells a full disk only by how far it came.
            reason = error.strerror if isinstance(error, OSError) else "the disk is full or gone"
            kept = "it goes on from the last checkpoint" if path.is_file() else "it starts again"
            raise StorageError(
                f"The checkpoint {path} could not be written ({reason}).",
                f"Free some space and run the same command again: {kept}.",
            ) from error

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read what `save` wrote, onto the CPU.

        Raises:
            LiveDoubleError: There is none, it is damaged, or of another version.
        """
        if not path.is_file():
            raise LiveDoubleError(
                f"There is no checkpoint {path}.", "Give the folder of a training made by `livedouble train`."
            )
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            if content["schema"] != _SCHEMA:
                raise ValueError(f"schema {content['schema']}, this version reads {_SCHEMA}")
            return cls(
                TrainConfig.from_json(content["config"]),
                NetworkShape.from_json(content["shape"]),
                TrainingFacts.of(content["facts"]),
                TrainingState(**content["state"]),
                content["network"],
                content["optimizer"],
                content.get("stabiliser"),  # older ones know of none
            )
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise LiveDoubleError(
                f"The checkpoint {path} cannot be read: {error}.",
                "Use the other of best.pt and last.pt, or train again in another folder.",
            ) from error

"""A trained network that is to be measured: an actor through a backend, or a training's best checkpoint.

Rule: an actor is judged without torch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from engine.backends import Backend, open_backend
from engine.bundle import PICTURES_FILE, ActorBundle
from engine.crop import check_crop
from engine.errors import LiveDoubleError
from engine.frames import CropRect
from engine.preparation import Preparation, open_preparation
from engine.shots import DataSet, Shot
from training.crops import CachedShot, Progress, cache_shot, choose_frames, crops_of
from training.panel.candidate import Advance, Basis, Candidate, Kind, Solved

_CHECKPOINT = "best.pt"
_BATCH_SIZE = 16


@dataclass(frozen=True, slots=True)
class Training:
    """How a network came to be, as far as it is known.

    Args:
        num_frames: Learned from.
        epochs: Passes over them.
        seconds: Wall clock.
        machine: That did it.
        data: Its data set's folder; empty for an actor.
    """

    num_frames: int | None
    epochs: float | None
    seconds: float | None
    machine: str
    data: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """What is to be measured, opened.

    Args:
        name: The folder's.
        words: What it is and what runs it.
        crops_in: What it is to see of each camera of a data set, in its own order of views.
        views: Its cameras, in its own order.
        input_size: Width and height of its input, pixels.
        preparation: Of the cameras' pictures.
        stabiliser: The actor's own network that finds the head, where `preparation` needs one.
        num_vertices: Of its mesh.
        is_fully_connected: Or convolutional.
        basis: Its output layer.
        training: How it came to be.
        solve: Crops [B, num_views, H, W] uint8 to meshes.
        close: Gives everything back.
    """

    name: str
    words: str
    crops_in: Callable[[DataSet], Mapping[str, CropRect]]
    views: tuple[str, ...]
    input_size: tuple[int, int]
    preparation: Preparation
    stabiliser: bytes | None
    num_vertices: int
    is_fully_connected: bool
    basis: Basis
    training: Training
    solve: Callable[[np.ndarray], Solved]
    close: Callable[[], None]

    def check(self, data: DataSet) -> None:
        """Refuse a data set that it cannot be measured on.

        Raises:
            LiveDoubleError: It is of another mesh, lacks a camera, or its pictures are too small.
        """
        if data.topology.num_vertices != self.num_vertices:
            raise LiveDoubleError(
                f"The actor {self.name} has {self.num_vertices} vertices, the data set {data.topology.num_vertices}.",
                "Measure an actor against shots of its own mesh.",
            )
        for camera, crop in self.crops_in(data).items():
            check_crop(crop, data.cameras[camera].frame_width_px, data.cameras[camera].frame_height_px)

    def crops(self, data: DataSet, shot: Shot, cache: Path, progress: Progress | None = None) -> CachedShot:
        """A shot's crops, decoded into the cache or found there."""
        crops = self.crops_in(data)
        return cache_shot(shot, crops, *self.input_size, cache, progress, self.preparation, self.stabiliser)

    def picture_solver(self, data: DataSet) -> Callable[[np.ndarray], np.ndarray]:
        """Solves pictures of the data set's camera that are in none of its shots; for an actor of one view.

        Args:
            data: Checked.

        Returns:
            Takes [H, W] or [H, W, 3] uint8 blue-green-red, gives [V, 3] cm.
        """
        (crop,) = self.crops_in(data).values()
        preparation = open_preparation(self.preparation, self.stabiliser)

        def solve(picture: np.ndarray) -> np.ndarray:
            seen = preparation.prepare(picture, crop, *self.input_size)
            return np.asarray(self.solve(seen[None, None]).vertices[0])

        return solve

    def can_lack(self, camera: str) -> bool:
        """Whether this is one of several cameras."""
        return camera in self.views and len(self.views) > 1

    def candidate(self, data: DataSet, cache: Path, name: str, without: Sequence[str] = ()) -> Candidate:
        """This network among others.

        Args:
            data: Checked.
            cache: Folder of decoded crops.
            name: In tables.
            without: Views that are hidden from it.
        """
        hidden = [self.views.index(view) for view in without]

        def solve_seen(crops: np.ndarray) -> Solved:
            crops[:, hidden] = 0  # a black view is an absent one
            return self.solve(crops)

        def solve(shot: Shot, frames: range, advance: Advance) -> Solved:
            return solve_frames(self.crops(data, shot, cache), frames, solve_seen, advance)

        words = f"{self.words}, without {' and '.join(without)}" if without else self.words
        return Candidate(name, Kind.NETWORK, words, solve)

    def __enter__(self) -> "Judge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def solve_frames(
    cached: CachedShot,
    frames: range,
    solve: Callable[[np.ndarray], Solved],
    advance: Advance,
    batch_size: int = _BATCH_SIZE,
) -> Solved:
    """Solve frames of one shot in portions.

    Args:
        cached: Its crops.
        frames: Of it.
        solve: Crops [B, num_views, H, W] uint8 to meshes.
        advance: Told how many more frames are solved.
        batch_size: Of a portion.
    """
    choice = choose_frames((cached,), None)
    parts = []
    for first in range(frames.start, frames.stop, batch_size):
        crops = np.stack([choice.crop(index) for index in range(first, min(first + batch_size, frames.stop))])
        parts.append(solve(crops))
        advance(len(crops))
    expected = [part.expected_error_mm for part in parts if part.expected_error_mm is not None]
    return Solved(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate(expected) if len(expected) == len(parts) else None,
    )


def solved_by(backend: Backend, crops: np.ndarray) -> Solved:
    """What a backend makes of crops [B, num_views, H, W] uint8."""
    solution = backend.run(crops)
    return Solved(solution.vertices, solution.errors_mm)


def crops_of_actor(data: DataSet, bundle: ActorBundle) -> dict[str, CropRect]:
    """What an actor is to see of each of its cameras, in its own order of views.

    Raises:
        ShotError: The data set has no such camera.
    """
    crops_of(data, tuple(view.camera for view in bundle.views))  # refuses a data set that lacks a camera
    crops = {}
    for view in bundle.views:
        known = data.cameras[view.camera]
        crops[view.camera] = view.crop_in(known.frame_width_px, known.frame_height_px) or view.crop
    return crops


def open_judge(folder: Path, backend: str | None, precision: str | None, num_threads: int | None) -> Judge:
    """Open an actor's folder, or the folder of a training.

    Args:
        folder: Either.
        backend: Of an actor; none chooses the fastest. A training is run by torch whatever this says.
        precision: Of the backend.
        num_threads: Of the processor; none leaves it to the backend.

    Raises:
        LiveDoubleError: It is neither, is damaged, or the backend does not run here.
    """
    if (folder / _CHECKPOINT).is_file():
        if backend is not None or precision is not None:
            raise LiveDoubleError(
                f"{folder} is a training, which torch runs.", "Export it first to measure it with a backend."
            )
        return _open_training(folder, num_threads)
    bundle = ActorBundle.open(folder)
    running = open_backend(bundle, backend, precision, num_threads, is_offline=True)
    told: Mapping[str, Any] = bundle.training
    return Judge(
        name=folder.name,
        words=f"{running.name} {running.precision} ({running.provider})",
        crops_in=lambda data: crops_of_actor(data, bundle),
        views=tuple(view.camera for view in bundle.views),
        input_size=(bundle.input_width_px, bundle.input_height_px),
        preparation=bundle.preparation,
        stabiliser=bundle.stabiliser(),
        num_vertices=bundle.topology.num_vertices,
        is_fully_connected=PICTURES_FILE in bundle.facts.files,
        basis=Basis(bundle.mean, bundle.basis),
        training=Training(told.get("frames"), told.get("epochs"), told.get("seconds"), str(told.get("machine", ""))),
        solve=lambda crops: solved_by(running, crops),
        close=running.close,
    )


def _open_training(folder: Path, num_threads: int | None) -> Judge:
    # Here and not above: actors are judged where torch is not installed.
    import torch

    from training.checkpoint import Checkpoint
    from training.device import choose_compute

    checkpoint = Checkpoint.load(folder / _CHECKPOINT)
    compute = choose_compute("cpu", num_threads)
    network = checkpoint.build_network().to(memory_format=torch.channels_last)
    shape, facts, state = checkpoint.shape, checkpoint.facts, checkpoint.state

    def solve(crops: np.ndarray) -> Solved:
        with torch.inference_mode():
            solution = network(torch.from_numpy(crops))
        errors = solution.errors_mm
        return Solved(solution.vertices.numpy(), None if errors is None else errors.numpy())

    return Judge(
        name=folder.name,
        words=f"training at step {state.step}, torch float32, {compute.num_threads} threads",
        crops_in=lambda data: crops_of(data, checkpoint.config.views),
        views=checkpoint.config.views,
        input_size=(shape.input_width_px, shape.input_height_px),
        preparation=checkpoint.config.preparation,
        stabiliser=checkpoint.stabiliser,
        num_vertices=shape.num_vertices,
        is_fully_connected=checkpoint.config.network == "fully_connected",
        basis=Basis(
            network.to_vertices.bias.detach().numpy(),
            np.ascontiguousarray(network.to_vertices.weight.detach().numpy().T),
        ),
        training=Training(
            num_frames=facts.num_training_frames,
            epochs=checkpoint.epochs,
            seconds=state.elapsed_s,
            machine=facts.machine,
            data=facts.data,
        ),
        solve=solve,
        close=lambda: None,
    )

"""Something that solves crops and is to be measured: an actor through a backend, or a training's best checkpoint.

Rule: an actor is judged without torch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from engine.backends import open_backend
from engine.bundle import ActorBundle
from engine.crop import check_crop
from engine.errors import LiveDoubleError
from engine.frames import CropRect
from engine.mesh import Topology
from engine.shots import DataSet
from training.crops import FrameChoice, cache_shot, choose_frames
from training.evaluate import Evaluation, Solve, measure

_CHECKPOINT = "best.pt"


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """What is to be measured, opened.

    Args:
        words: What it is and what runs it.
        crop: What it was trained to see; none: as the data set says.
        input_size: Width and height of its input, pixels.
        num_vertices: Of its mesh.
        solve: Crops to vertices.
        close: Gives everything back.
    """

    words: str
    crop: CropRect | None
    input_size: tuple[int, int]
    num_vertices: int
    solve: Solve
    close: Callable[[], None]

    def frames(self, data: DataSet, num_frames: int | None, cache: Path) -> FrameChoice:
        """The validation frames to measure.

        Args:
            data: A data set of the same mesh.
            num_frames: At most, spread evenly over the shots.
            cache: Folder of decoded crops.

        Raises:
            LiveDoubleError: The data set is of another mesh or has no validation shot.
        """
        if data.topology.num_vertices != self.num_vertices:
            raise LiveDoubleError(
                f"The actor has {self.num_vertices} vertices, the data set {data.topology.num_vertices}.",
                "Measure an actor against shots of its own mesh.",
            )
        crop = self.crop or data.front.crop
        check_crop(crop, data.front.frame_width_px, data.front.frame_height_px)
        shots = tuple(cache_shot(shot, crop, *self.input_size, cache) for shot in data.validation)
        return choose_frames(shots, num_frames)

    def measure(self, choice: FrameChoice, topology: Topology, progress: Callable[[int], None]) -> Evaluation:
        """Solve and compare; `progress` is told how many more frames are done."""

        def solve(crops: np.ndarray) -> np.ndarray:
            vertices = self.solve(crops)
            progress(len(crops))
            return vertices

        return measure(choice, topology, solve)

    def __enter__(self) -> "Judge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_judge(folder: Path, backend: str | None, precision: str | None, num_threads: int | None) -> Judge:
    """Open an actor's folder, or the folder of a training.

    Args:
        folder: Either.
        backend: Of an actor; none chooses the fastest.
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
    running = open_backend(bundle, backend, precision, num_threads)
    return Judge(
        words=f"{running.name} {running.precision} ({running.provider})",
        crop=bundle.crop,
        input_size=(bundle.input_width_px, bundle.input_height_px),
        num_vertices=bundle.topology.num_vertices,
        solve=lambda crops: running.run(crops)[1],
        close=running.close,
    )


def _open_training(folder: Path, num_threads: int | None) -> Judge:
    # Here and not above: actors are judged where torch is not installed.
    from training.checkpoint import Checkpoint
    from training.device import choose_compute

    checkpoint = Checkpoint.load(folder / _CHECKPOINT)
    compute = choose_compute("cpu", num_threads)
    shape = checkpoint.shape
    return Judge(
        words=f"step {checkpoint.state.step}, {compute.words}",
        crop=None,
        input_size=(shape.input_width_px, shape.input_height_px),
        num_vertices=shape.num_vertices,
        solve=checkpoint.solver(),
        close=lambda: None,
    )

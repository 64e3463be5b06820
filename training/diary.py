"""What a training writes while it runs: a table of validations, TensorBoard's curves, pictures to look at.

Rule: what a killed run wrote after its last checkpoint is dropped when it goes on.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.disk import not_written, write_whole
from training.watch import Status

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

METRICS_FILE = "metrics.csv"
PICTURES_FILE = "validation.png"
TENSORBOARD_FOLDER = "tensorboard"


@dataclass(frozen=True, slots=True)
class Row:
    """One validation, as `metrics.csv` has it."""

    step: int
    epoch: str
    elapsed_s: str
    learning_rate: str
    loss_cm2: str
    validation_rmse_mm: str
    mean_face_rmse_mm: str
    samples_per_s: str

    @classmethod
    def of(cls, status: Status, rmse_mm: float, mean_face_rmse_mm: float) -> "Row":
        """A validation's figures."""
        return cls(
            status.step,
            f"{status.epoch:.3f}",
            f"{status.elapsed_s:.1f}",
            f"{status.learning_rate:.3e}",
            f"{status.loss_cm2:.6f}",
            f"{rmse_mm:.4f}",
            f"{mean_face_rmse_mm:.4f}",
            f"{status.samples_per_s:.1f}",
        )


class Diary:
    """Writes into a run folder, from one thread.

    Args:
        run: The folder.
        step: Where the training begins; what was written for later steps is dropped.
        say: Takes a line for people.

    Raises:
        StorageError: The folder cannot be written. So do all methods.
    """

    def __init__(self, run: Path, step: int, say: Callable[[str], None]) -> None:
        self._run = run
        path, rows = run / METRICS_FILE, []
        headings = [field.name for field in fields(Row)]
        if path.is_file():
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if row["step"].isdigit() and int(row["step"]) <= step]
            rows = [[row.get(heading) or "" for heading in headings] for row in kept]
        table = io.StringIO()
        csv.writer(table).writerows([headings, *rows])
        write_whole(path, table.getvalue())
        self._curves = _curves(run / TENSORBOARD_FOLDER, step)
        if self._curves is None:
            say("TensorBoard is not installed, so there are no curves of its kind: pip install tensorboard.")

    def read(self, status: Status) -> None:
        """The loss was read."""
        self._draw("loss/training_cm2", status.loss_cm2, status.step)
        self._draw("learning_rate", status.learning_rate, status.step)
        self._draw("samples_per_s", status.samples_per_s, status.step)

    def validated(self, status: Status, rmse_mm: float, mean_face_rmse_mm: float, pictures: np.ndarray | None) -> None:
        """A validation.

        Args:
            status: When.
            rmse_mm: Of the network.
            mean_face_rmse_mm: Of a face that never moves.
            pictures: [H, W, 3] uint8 red-green-blue; None where none can be drawn.
        """
        row = Row.of(status, rmse_mm, mean_face_rmse_mm)
        self._append([str(getattr(row, field.name)) for field in fields(Row)])
        self._draw("validation/rmse_mm", rmse_mm, status.step)
        self._draw("validation/mean_face_rmse_mm", mean_face_rmse_mm, status.step)
        if pictures is not None:
            self._show(pictures, status.step)
        self._flush()

    def _append(self, row: list[str]) -> None:
        path = self._run / METRICS_FILE
        try:
            with path.open("a", newline="") as file:
                csv.writer(file).writerow(row)
        except OSError as error:
            raise not_written(path, error) from error

    def _show(self, pictures: np.ndarray, step: int) -> None:
        path = self._run / PICTURES_FILE
        partial = path.with_suffix(".partial")
        _, encoded = cv2.imencode(".png", cv2.cvtColor(pictures, cv2.COLOR_RGB2BGR))
        try:
            partial.write_bytes(encoded.tobytes())
            partial.replace(path)
            if self._curves is not None:
                self._curves.add_image("validation", pictures, step, dataformats="HWC")
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise not_written(path, error) from error

    def _draw(self, name: str, value: float, step: int) -> None:
        if self._curves is None:
            return
        try:
            self._curves.add_scalar(name, value, step)
        except OSError as error:  # of the thread that writes, told here
            raise not_written(self._run / TENSORBOARD_FOLDER, error) from error

    def _flush(self) -> None:
        if self._curves is None:
            return
        try:
            self._curves.flush()
        except OSError as error:
            raise not_written(self._run / TENSORBOARD_FOLDER, error) from error

    def __enter__(self) -> "Diary":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._curves is None:
            return
        try:
            self._curves.close()
        except OSError as failure:
            if error is None:
                raise not_written(self._run / TENSORBOARD_FOLDER, failure) from failure


def _curves(folder: Path, step: int) -> "SummaryWriter | None":
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    try:
        return SummaryWriter(str(folder), purge_step=step + 1)
    except OSError as error:
        raise not_written(folder, error) from error

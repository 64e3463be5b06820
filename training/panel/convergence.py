"""How a training went: the rows of its `metrics.csv`, and where its learning rate ramps up and down.

Rule: columns are read by name, so a training of another version shows what it has.
"""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.mesh import MM_PER_CM

_FILE, _CONFIG = "metrics.csv", "config.json"
_FURTHER = (
    "region_weights",
    "normal_weight",
    "velocity_weight",
    "steadiness_weight",
    "contact_weight",
    "is_affine_invariant",
)
_ON_COURSE = 0.985  # of the learning rate between the ramps, times the root of the epoch


@dataclass(frozen=True, slots=True, eq=False)
class Convergence:
    """A training over its epochs; [n] each, nan where a row does not tell.

    Args:
        name: Of the training.
        epochs: Passes over the training frames.
        training_mm: Error on augmented training frames over all vertices: root of three times the loss; nan where the
            loss is more than the mean square error.
        validation_mm: Error on validation frames over the animated vertices.
        mean_face_mm: Of a face that never moves, on the same frames.
        learning_rate: Adam's.
        ramp_up_end: Epoch; nan where it is not seen.
        ramp_down_start: Epoch; nan where it is not seen.
    """

    name: str
    epochs: np.ndarray
    training_mm: np.ndarray
    validation_mm: np.ndarray
    mean_face_mm: np.ndarray
    learning_rate: np.ndarray
    ramp_up_end: float
    ramp_down_start: float


def read_convergence(folder: Path, name: str) -> Convergence | None:
    """Of the training in `folder`; None where there is none or it never validated."""
    path = folder / _FILE
    if not path.is_file():
        return None
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))

    def column(heading: str) -> np.ndarray:
        return np.array([_number(row.get(heading)) for row in rows], np.float64)

    epochs, rate = column("epoch"), column("learning_rate")
    if not len(rows) or np.isnan(epochs).all():
        return None
    ramp_up_end, ramp_down_start = ramps(epochs, rate)
    return Convergence(
        name=name,
        epochs=epochs,
        training_mm=np.sqrt(3.0 * column("loss_cm2")) * (MM_PER_CM if _is_plain(folder) else math.nan),
        validation_mm=column("validation_rmse_mm"),
        mean_face_mm=column("mean_face_rmse_mm"),
        learning_rate=rate,
        ramp_up_end=ramp_up_end,
        ramp_down_start=ramp_down_start,
    )


def _is_plain(folder: Path) -> bool:
    """Whether the training's loss is the mean square error of positions alone; of old trainings nobody knows."""
    try:
        config = json.loads((folder / _CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return True
    return not any(config.get(name) for name in _FURTHER)


def ramps(epochs: np.ndarray, rate: np.ndarray) -> tuple[float, float]:
    """The epochs at which the ramp-up ends and the ramp-down starts; nan where the rows do not show it.

    Between them the learning rate falls with the root of the epoch, so their product is constant.
    """
    course = rate * np.sqrt(np.maximum(epochs, 1.0))
    if not np.isfinite(course).any():
        return math.nan, math.nan
    steady = np.flatnonzero(course >= _ON_COURSE * np.nanmax(course))
    first, last = int(steady[0]), int(steady[-1])
    return (float(epochs[first]) if first > 0 else math.nan), (
        float(epochs[last]) if last < len(course) - 1 else math.nan
    )


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan

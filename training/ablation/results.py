"""What one training of a cell came to, kept in its folder.

Rule: a result is written once, when the training is finished and measured; where it lies, nothing is trained again.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.disk import write_whole
from engine.errors import LiveDoubleError
from training.config import CONFIG_FILE, TrainConfig
from training.panel.panel import Panel
from training.variation import Amounts

RESULT_FILE = "result.json"


@dataclass(frozen=True, slots=True)
class Result:
    """A finished training.

    Args:
        cell: Its name.
        seed: Of weights, order and augmentation.
        data_checksum: Of the data set.
        num_frames: Learned from.
        num_measured: Validation frames.
        steps: Taken.
        seconds: Wall clock of its steps.
        machine: That did it.
        augmentation: Amounts; None in trainings that did not record them.
        rmse_mm: As the paper defines it.
        mean_face_rmse_mm: Of a face that never moves, on the same frames.
        lips_mm: RMSE over the lips; None where the mesh names none.
        attenuation: Size of all motion, 1 = full; None where nothing moves.
        jitter_mm: Of a still face, a frame; None where it cannot be measured.
        closure_f1: Of the lips' contact; None where the mesh names no pairs, or nothing touches, and
            in results of earlier versions.
    """

    cell: str
    seed: int
    data_checksum: str
    num_frames: int
    num_measured: int
    steps: int
    seconds: float
    machine: str
    augmentation: Amounts | None
    rmse_mm: float
    mean_face_rmse_mm: float
    lips_mm: float | None
    attenuation: float | None
    jitter_mm: float | None
    closure_f1: float | None = None

    def save(self, run: Path) -> None:
        """Write `result.json`.

        Raises:
            StorageError: It cannot be written.
        """
        write_whole(run / RESULT_FILE, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, run: Path) -> "Result | None":
        """What `save` wrote; None where the training is not finished.

        Raises:
            LiveDoubleError: It is damaged, or of another version.
        """
        path = run / RESULT_FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text("utf-8"))
            amounts = values.pop("augmentation")
            return cls(**values, augmentation=None if amounts is None else Amounts(**amounts))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LiveDoubleError(
                f"The result {path} cannot be read ({error}).", f"Remove {run}, and its training is made again."
            ) from error


def figures(panel: Panel) -> tuple[float, float, float | None, float | None, float | None, float | None]:
    """`rmse_mm` to `closure_f1` of a result."""
    lips, closure = panel.region("lips"), panel.contact("lips")
    return (
        panel.rmse_mm,
        panel.mean_face_rmse_mm,
        None if lips is None else lips.distances.rmse_mm,
        panel.attenuation,
        None if panel.jitter is None else panel.jitter.solved_mm,
        None if closure is None else closure.f1,
    )


def check_settings(run: Path, config: TrainConfig) -> None:
    """Refuse a folder whose training was begun with other settings.

    Raises:
        LiveDoubleError: It was.
    """
    path = run / CONFIG_FILE
    if not path.is_file():
        return
    changed = TrainConfig.from_json(path.read_text("utf-8")).differences(config)
    if changed:
        raise LiveDoubleError(
            f"The folder {run} holds a training with other settings ({', '.join(changed)}).",
            "Give the options it was begun with, or another folder with --out.",
        )

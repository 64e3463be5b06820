"""Every number of a training, in one frozen value: the paper's recipe is the default.

Rule: a field says its unit and its source. "Paper" is Laine et al. 2017, "Production-level facial performance capture
using deep convolutional neural networks"; "ours" is a number the paper does not give.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from engine.errors import LiveDoubleError, StorageError

CONFIG_FILE = "config.json"


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training, before it meets its data."""

    # The network's shape (paper, section 3 and table of layers).
    input_width_px: int = 240  # pixels of the crop; paper
    input_height_px: int = 320  # pixels of the crop; paper
    channels: tuple[int, ...] = (64, 64, 96, 96, 144, 144, 216, 216, 324, 324, 486, 486)  # per 3x3 convolution; paper
    num_latents: int = 160  # columns of the output basis; paper
    dropout: float = 0.2  # probability, before the first linear layer; paper

    # How long, and in what portions.
    epochs: float = 200  # passes over the training frames; paper
    batch_size: int = 50  # frames a step; paper
    minutes: float | None = None  # wall clock of the training loop after which it must be done; ours, none by default
    num_frames: int | None = None  # training frames, spread evenly over the shots; none: all, as the paper
    seed: int = 1  # of the weights, the order, dropout and augmentation; ours

    # The step (paper: Adam as recommended, ramps as below). Where a training is short, each ramp takes at most
    # its `_part` of all steps, so that the recipe keeps its shape.
    learning_rate: float = 1e-3  # Adam's recommended step (Kingma and Ba 2015), reached at the end of the ramp-up
    ramp_up_epochs: float = 1.0  # the learning rate rises geometrically; paper
    ramp_up_part: float = 0.05  # of all steps at most; ours
    ramp_up_from: float = 0.01  # of the learning rate, where the ramp-up starts; ours
    ramp_down_epochs: float = 30.0  # the learning rate falls smoothly to zero, beta1 moves; paper
    ramp_down_part: float = 0.3  # of all steps at most; ours, the paper's 30 of 200 epochs are 0.15
    beta1: float = 0.9  # Adam's first momentum until the ramp-down; paper
    beta1_end: float = 0.5  # at the end of the ramp-down; paper
    beta2: float = 0.999  # Adam's second momentum; paper (recommended value)

    # Augmentation, drawn evenly between plus and minus these; it grows linearly from none over the first epochs.
    augmentation_epochs: float = 5.0  # until full strength; paper
    augmentation_part: float = 0.1  # of all steps at most; ours
    max_translation: float = 0.04  # of the crop's width, each way; kind from the paper, amount ours
    max_rotation_deg: float = 3.0  # degrees; kind from the paper, amount ours
    max_zoom: float = 0.04  # factor 1 +- this; kind from the paper, amount ours
    max_brightness: float = 15.0  # gray levels of 255; kind from the paper, amount ours
    max_contrast: float = 0.15  # factor 1 +- this about the mean gray; kind from the paper, amount ours

    # Watching and keeping.
    validation_frames: int = 200  # at most, spread evenly over the validation shots; ours
    validation_minutes: float = 3.0  # between two validations at least; ours
    checkpoint_minutes: float = 1.0  # between two checkpoints at most; the first comes after a tenth of it; ours

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        for name, is_good, demand in (
            ("epochs", self.epochs > 0, "more than 0"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("minutes", self.minutes is None or self.minutes > 0, "more than 0"),
            ("num_frames", self.num_frames is None or self.num_frames >= 1, "at least 1"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("validation_frames", self.validation_frames >= 1, "at least 1"),
        ):
            if not is_good:
                raise LiveDoubleError(
                    f"The training setting {name} is {getattr(self, name)}.", f"Give {demand} for {name}."
                )

    def lines(self) -> list[str]:
        """The resolved settings, one a line, to be shown before anything runs."""
        return [f"{field.name} = {getattr(self, field.name)}" for field in fields(self)]

    def to_json(self) -> str:
        """What `from_json` reads."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "TrainConfig":
        """Read what `to_json` wrote.

        Raises:
            LiveDoubleError: It is of another version, or not a training's settings.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise LiveDoubleError(
                f"The training settings cannot be read: {error}.", "Start a new training in another folder."
            ) from error

    def save(self, folder: Path) -> None:
        """Write `config.json` beside the result.

        Raises:
            StorageError: The folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / CONFIG_FILE).write_text(self.to_json(), "utf-8")
        except OSError as error:
            raise StorageError(
                f"The run folder {folder} cannot be written ({error.strerror}).", "Choose another folder with --out."
            ) from error

    def differences(self, other: "TrainConfig") -> list[str]:
        """What changed from `self` to `other`, one field each."""
        return [
            f"{field.name} {getattr(self, field.name)} -> {getattr(other, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        ]

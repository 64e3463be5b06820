"""Every number of a training, in one frozen value: the paper's recipe is the default.

Rule: a field says its unit and its source. "Paper" is Laine et al. 2017, "Production-level facial performance capture
using deep convolutional neural networks"; "ours" is a number the paper does not give.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from engine.disk import write_whole
from engine.errors import LiveDoubleError, StorageError
from engine.preparation import Preparation
from engine.shots import FRONT

CONFIG_FILE = "config.json"
_SHRUNK = 4
Stages = tuple[tuple[int, ...], ...]
PAPER_STAGES: Stages = ((64, 64), (96, 96), (144, 144), (216, 216), (324, 324), (486, 486))


# The paper's section 5.1: other widths, none of the convolutions that keep the picture's size, one more of them each.
STAGE_VARIATIONS: dict[str, Callable[[Stages], Stages]] = {
    "half": lambda stages: tuple(tuple(width // 2 for width in stage) for stage in stages),
    "double": lambda stages: tuple(tuple(2 * width for width in stage) for stage in stages),
    "no-stride-1": lambda stages: tuple(stage[:1] for stage in stages),
    "more-stride-1": lambda stages: tuple((*stage, stage[-1]) for stage in stages),
}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training, before it meets its data."""

    # The network's shape (paper, section 3 and table of layers; the fully connected one: appendix B).
    network: str = "convolutional"  # or "fully_connected"; paper
    input_width_px: int = 240  # pixels of the crop; paper
    input_height_px: int = 320  # pixels of the crop; paper
    stages: Stages = PAPER_STAGES  # channels of the 3x3 convolutions, each stage halves; paper
    image_components: int = 3000  # of the picture, where the fully connected network starts; paper
    hidden: tuple[int, ...] = (2000, 1000)  # of the fully connected network: ReLU, then tanh; paper
    is_stabilised: bool | None = None  # pictures moved by 68 points; none: the fully connected network's; paper
    is_self_stabilised: bool = False  # likewise, by a small network that learns from these points first; ours
    dropout: float = 0.2  # probability, before linear layers; paper

    # Cameras that the network sees at the same time.
    views: tuple[str, ...] = (FRONT,)  # of the data set; paper
    view_dropout: float = 0.25  # probability that a step hides a view, where there are several; ours

    # The output: latents times a basis of meshes.
    num_latents: int = 160  # columns of the output basis; paper
    variance: float | None = None  # part of the meshes' variance that the basis must hold, instead of a count; paper
    is_basis_fixed: bool = False  # keep the principal components as they are; paper: trained along
    has_uncertainty: bool = True  # foretell each vertex's error beside the mesh; ours

    # The loss: mean square error of coordinates in square centimetres; the paper's is the first line alone.
    region_weights: tuple[tuple[str, float], ...] = ()  # (vertex set, weight of its vertices); ours, none
    normal_weight: float = 0.0  # of the surface normals' error; ours
    velocity_weight: float = 0.0  # of the error of motion from frame to frame; ours
    steadiness_weight: float = 0.0  # of what differs between two takes of one frame (see augment.changes); ours
    contact_weight: float = 0.0  # of the error of the gap between lips and between lids; ours
    is_affine_invariant: bool = False  # measured after an affine fit, with a fixed basis; paper, appendix A
    is_shot_aligned: bool = False  # every shot's meshes first brought to the rest pose by one affine; paper, appendix A
    planted_error_mm: float = 0.0  # rms of an affine error planted in each shot's meshes, to see what these help; ours

    # How long, from where, and in what portions.
    start_from: str | None = None  # folder of a training or an actor whose weights this one begins with; ours
    is_new_face: bool = False  # mean mesh and whitening stay the data's own: another person's; ours
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
    max_translation: float | None = None  # of the crop's width, each way; none: measured from the data, as the paper
    max_rotation_deg: float | None = None  # degrees; likewise
    max_zoom: float | None = None  # factor 1 +- this; likewise
    max_brightness: float | None = None  # gray levels of 255; likewise
    max_contrast: float | None = None  # factor 1 +- this about the mean gray; likewise
    max_noise: float = 0.0  # gray levels, standard deviation of a picture's noise; paper: hurts
    max_gamma: float = 0.0  # gray levels to the power of 1 +- this; paper: hurts
    max_perspective: float = 0.0  # of the crop's width, by which its edges lean, each way; paper: hurts

    # Watching and keeping.
    validation_frames: int = 200  # at most, spread evenly over the validation shots; ours
    # Each epoch's end brings a validation too, unless the last one is younger than a twentieth of this
    # or than ten times what it took.
    validation_minutes: float = 3.0  # between two validations at most; ours
    checkpoint_minutes: float = 1.0  # between two checkpoints at most; the first comes after a tenth of it; ours

    def __post_init__(self) -> None:
        for name, values in (  # lists, where they come from JSON
            ("stages", tuple(tuple(stage) for stage in self.stages)),
            ("hidden", tuple(self.hidden)),
            ("views", tuple(self.views)),
            ("region_weights", tuple((region, float(weight)) for region, weight in self.region_weights)),
        ):
            object.__setattr__(self, name, values)
        for name, is_good, demand in (
            ("network", self.network in ("convolutional", "fully_connected"), "convolutional or fully_connected"),
            ("stages", bool(self.stages) and all(self.stages), "one convolution in each stage at least"),
            ("views", bool(self.views) and len({*self.views}) == len(self.views), "different cameras, one at least"),
            ("views", len(self.views) == 1 or not self._needs_one_view, "one camera, before the face,"),
            ("is_stabilised", self.is_stabilised is None or not self.is_self_stabilised, "none beside its own"),
            ("hidden", bool(self.hidden) and min(self.hidden) >= 1, "one layer at least, of one unit at least,"),
            ("image_components", self.image_components >= 1, "at least 1"),
            ("variance", self.variance is None or 0 < self.variance <= 1, "more than 0, at most 1"),
            ("is_new_face", self.start_from is not None or not self.is_new_face, "false where nothing is started from"),
            ("epochs", self.epochs > 0, "more than 0"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("minutes", self.minutes is None or self.minutes > 0, "more than 0"),
            ("num_frames", self.num_frames is None or self.num_frames >= 1, "at least 1"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("steadiness_weight", not (self.steadiness_weight and self.velocity_weight), "0 beside a velocity_weight"),
            ("planted_error_mm", self.planted_error_mm >= 0, "0 or more"),
            ("max_noise", self.max_noise >= 0, "0 or more"),
            ("max_gamma", 0 <= self.max_gamma < 1, "0 or more, less than 1,"),
            ("max_perspective", 0 <= self.max_perspective <= 0.2, "0 to 0.2"),
            ("validation_frames", self.validation_frames >= 1, "at least 1"),
        ):
            if not is_good:
                raise LiveDoubleError(
                    f"The training setting {name} is {getattr(self, name)}.", f"Give {demand} for {name}."
                )

    @property
    def preparation(self) -> Preparation:
        """Of the cameras' pictures."""
        is_fully_connected = self.network == "fully_connected"
        is_stabilised = is_fully_connected if self.is_stabilised is None else self.is_stabilised
        if self.is_self_stabilised:
            return Preparation.SELF_STABILISED
        return Preparation.STABILISED if is_stabilised else Preparation.CROP

    @property
    def is_paired(self) -> bool:
        """Whether batches come in pairs: a frame and the next one, or two takes of it."""
        return bool(self.velocity_weight or self.steadiness_weight)

    @property
    def _needs_one_view(self) -> bool:
        return self.network == "fully_connected" or self.preparation is not Preparation.CROP

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
        except OSError as error:
            raise StorageError(
                f"The run folder {folder} cannot be written ({error.strerror}).", "Choose another folder with --out."
            ) from error
        write_whole(folder / CONFIG_FILE, self.to_json())

    def differences(self, other: "TrainConfig") -> list[str]:
        """What changed from `self` to `other`, one field each."""
        return [
            f"{field.name} {getattr(self, field.name)} -> {getattr(other, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        ]


def shrunk(config: TrainConfig) -> TrainConfig:
    """The same with half the picture's width and height and a quarter of everything inside: trains in minutes."""
    return replace(
        config,
        input_width_px=config.input_width_px // 2,
        input_height_px=config.input_height_px // 2,
        stages=tuple(tuple(width // _SHRUNK for width in stage) for stage in config.stages),
        image_components=config.image_components // _SHRUNK,
        hidden=tuple(width // _SHRUNK for width in config.hidden),
    )

"""The cells: which settings are compared, and with what.

Rule: a cell differs from the cell it is compared with in one thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.errors import LiveDoubleError
from engine.mesh import Topology
from engine.shots import DataSet
from training.config import STAGE_VARIATIONS, TrainConfig, shrunk
from training.losses import Objective
from training.schedule import Plan
from training.variation import FIXED, NO_AMOUNTS

REFERENCE, NOT_AUGMENTED, FIXED_BASIS = "reference", "not-augmented", "fixed-basis"
GROUPS = ("network", "stages", "augmentation", "basis", "alignment", "loss", "frames")
MINUTES = (1, 3, 5, 10)
_NOISE_GRAY, _GAMMA, _PERSPECTIVE = 8.0, 0.3, 0.05  # strong enough to be seen, weak enough for a face to remain
# Weights at which each term matters.
_NORMALS, _VELOCITY, _STEADINESS, _CONTACT, _LIPS_AND_LIDS = 15.0, 1.0, 10.0, 1.0, 3.0
_PLANTED, _PLANTED_FIXED = "planted", "planted-fixed-basis"
_PLANTED_MM = 2.0  # as the meshes of shots that were solved apart may lie
_NEVER_MINUTES = 1e6

FULL = TrainConfig()
SMALL = shrunk(FULL)


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the table.

    Args:
        name: Of its folder.
        words: For people.
        group: Of `GROUPS`; the reference has none.
        against: The cell it is compared with; the reference with none.
        config: Its settings, but for the seed.
    """

    name: str
    words: str
    group: str
    against: str
    config: TrainConfig


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A cell without a result.

    Args:
        words: Of the cell.
        reason: Why, one sentence.
        group: Of the cell.
    """

    words: str
    reason: str
    group: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells, the reference first, and those that this data set lacks frames or parts of the mesh for."""

    cells: tuple[Cell, ...]
    left_out: tuple[LeftOut, ...]

    def only(self, groups: Sequence[str]) -> "Grid":
        """The cells of these groups, and those they are compared with."""
        chosen = {cell.name for cell in self.cells if cell.group in groups}
        chosen |= {cell.against for cell in self.cells if cell.name in chosen} | {REFERENCE}
        left_out = tuple(one for one in self.left_out if one.group in groups)
        return Grid(tuple(cell for cell in self.cells if cell.name in chosen), left_out)


def grid(data: DataSet, base: TrainConfig, num_steps: int | None) -> Grid:
    """The paper's comparisons on a data set.

    Args:
        data: Whose training frames are counted.
        base: Settings of the reference, which learns from all frames.
        num_steps: Of every cell; none: as many as the reference's epochs are.
    """
    num_frames = sum(shot.facts.num_frames for shot in data.training)
    rate_hz = float(data.training[0].rate) if data.training else 1.0
    steps = num_steps or Plan.of(base, num_frames).total_steps
    # One validation, at the end: none is chosen as the best by the frames that are measured.
    base = replace(base, validation_minutes=_NEVER_MINUTES, epochs=_epochs(base, num_frames, steps))
    plain = NO_AMOUNTS.filled_in(base)
    by_minutes, left_out = _by_minutes(base, num_frames, rate_hz, steps)
    losses, without = _losses(base, data.topology)
    cells = (
        Cell(REFERENCE, "convolutional, not stabilised, augmented, trainable basis", "", "", base),
        *_networks(base, plain),
        *_stages(base),
        *_augmentations(base, plain),
        Cell(FIXED_BASIS, "fixed basis", "basis", REFERENCE, replace(base, is_basis_fixed=True)),
        *_alignments(base),
        *losses,
        *by_minutes,
    )
    return Grid(cells, (*without, *left_out))


def _networks(base: TrainConfig, plain: TrainConfig) -> list[Cell]:
    cells = [Cell(NOT_AUGMENTED, "convolutional, not augmented", "network", REFERENCE, plain)]
    for network, is_stabilised in (("convolutional", True), ("fully_connected", True), ("fully_connected", False)):
        for config, is_augmented in ((base, True), (plain, False)):
            words = (
                f"{network.replace('_', ' ')}, {'stabilised' if is_stabilised else 'not stabilised'},"
                f" {'augmented' if is_augmented else 'not augmented'}"
            )
            name = "-".join(
                (network.replace("_", "-"), *["stabilised"] * is_stabilised, *["not-augmented"] * (not is_augmented))
            )
            changed = replace(config, network=network, is_stabilised=is_stabilised)
            cells.append(Cell(name, words, "network", REFERENCE, changed))
    return cells


def _stages(base: TrainConfig) -> list[Cell]:
    words = {
        "half": "half the channels",
        "double": "twice the channels",
        "no-stride-1": "without the convolutions of stride 1",
        "more-stride-1": "one more convolution of stride 1 in each stage",
    }
    return [
        Cell(name, words[name], "stages", REFERENCE, replace(base, stages=vary(base.stages)))
        for name, vary in STAGE_VARIATIONS.items()
    ]


def _alignments(base: TrainConfig) -> list[Cell]:
    def invariant(config: TrainConfig) -> TrainConfig:
        return replace(config, is_basis_fixed=True, is_affine_invariant=True)

    planted = replace(base, planted_error_mm=_PLANTED_MM)
    aligned, off = "each shot's meshes brought to the rest pose first", f"{_PLANTED_MM:g} mm off"
    return [
        Cell("aligned-shots", aligned, "alignment", REFERENCE, replace(base, is_shot_aligned=True)),
        Cell("affine-invariant", "affine-invariant loss, fixed basis", "alignment", FIXED_BASIS, invariant(base)),
        Cell(_PLANTED, f"each shot's meshes {off}", "alignment", REFERENCE, planted),
        Cell(
            "planted-aligned", f"{off}, then {aligned}", "alignment", _PLANTED, replace(planted, is_shot_aligned=True)
        ),
        Cell(_PLANTED_FIXED, f"{off}, fixed basis", "alignment", _PLANTED, replace(planted, is_basis_fixed=True)),
        Cell(
            "planted-invariant",
            f"{off}, affine-invariant loss, fixed basis",
            "alignment",
            _PLANTED_FIXED,
            invariant(planted),
        ),
    ]


def _losses(base: TrainConfig, topology: Topology) -> tuple[list[Cell], tuple[LeftOut, ...]]:
    regions = ("lips", _LIPS_AND_LIDS), ("lids", _LIPS_AND_LIDS)
    changed = {
        "normals": (f"and normals times {_NORMALS:g}", replace(base, normal_weight=_NORMALS)),
        "velocity": (f"and velocity times {_VELOCITY:g}", replace(base, velocity_weight=_VELOCITY)),
        "steadiness": (f"and steadiness times {_STEADINESS:g}", replace(base, steadiness_weight=_STEADINESS)),
        "contact": (f"and contact times {_CONTACT:g}", replace(base, contact_weight=_CONTACT)),
        "regions": (f"with lips and lids times {_LIPS_AND_LIDS:g}", replace(base, region_weights=regions)),
        "all": (
            "with all of these but steadiness",
            replace(
                base,
                normal_weight=_NORMALS,
                velocity_weight=_VELOCITY,
                contact_weight=_CONTACT,
                region_weights=regions,
            ),
        ),
    }
    cells, left_out = [], []
    for kind, (words, config) in changed.items():
        cell = Cell(f"loss-{kind}", f"positions {words}", "loss", REFERENCE, config)
        try:
            Objective.of(config, topology)
            cells.append(cell)
        except LiveDoubleError as error:
            left_out.append(LeftOut(cell.words, error.reason, cell.group))
    return cells, tuple(left_out)


def _augmentations(base: TrainConfig, plain: TrainConfig) -> list[Cell]:
    alone = {
        "translation": replace(plain, max_translation=base.max_translation),
        "rotation": replace(plain, max_rotation_deg=base.max_rotation_deg),
        "zoom": replace(plain, max_zoom=base.max_zoom),
        "brightness": replace(plain, max_brightness=base.max_brightness),
        "contrast": replace(plain, max_contrast=base.max_contrast),
    }
    added = {
        "noise": (f"noise up to {_NOISE_GRAY:g} gray levels", replace(base, max_noise=_NOISE_GRAY)),
        "gamma": (f"gamma 1 +- {_GAMMA:g}", replace(base, max_gamma=_GAMMA)),
        "perspective": (
            f"perspective up to {100 * _PERSPECTIVE:g} % of the width",
            replace(base, max_perspective=_PERSPECTIVE),
        ),
    }
    fixed = FIXED.filled_in(base)
    return [
        *(
            Cell(f"only-{kind}", f"{kind} alone", "augmentation", NOT_AUGMENTED, config)
            for kind, config in alone.items()
        ),
        *(
            Cell(f"with-{kind}", f"all five and {words}", "augmentation", REFERENCE, config)
            for kind, (words, config) in added.items()
        ),
        Cell("fixed-amounts", "all five, amounts not measured from the data", "augmentation", REFERENCE, fixed),
    ]


def _by_minutes(
    base: TrainConfig, num_frames: int, rate_hz: float, steps: int
) -> tuple[list[Cell], tuple[LeftOut, ...]]:
    cells, left_out = [], []
    for minutes in MINUTES:
        count, words = round(60 * minutes * rate_hz), f"{minutes} minute{'s' * (minutes > 1)} of frames"
        if count < num_frames:
            config = replace(base, num_frames=count, epochs=_epochs(base, count, steps))
            cells.append(Cell(f"minutes-{minutes}", f"{words} ({count})", "frames", REFERENCE, config))
        else:
            own = f"{num_frames} training frames, {num_frames / rate_hz / 60:.2g} minutes"
            reason = f"The data set has {own}, all of which the reference learns from."
            left_out.append(LeftOut(words, reason, "frames"))
    return cells, tuple(left_out)


def _epochs(base: TrainConfig, num_frames: int, steps: int) -> float:
    return steps / Plan.of(base, num_frames).steps_per_epoch

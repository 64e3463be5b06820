"""A face of few vertices whose motion is made by hand, so that every figure of the panel is known beforehand."""

from fractions import Fraction

import numpy as np

from engine.mesh import Topology
from training.panel import Panel, PanelTally, SolvedShot

RATE = Fraction(30)
NUM_VERTICES = 40
UPPER_LIP, LOWER_LIP = np.arange(0, 4), np.arange(4, 8)
LEFT_UPPER_LID, LEFT_LOWER_LID = np.arange(8, 10), np.arange(10, 12)
RIGHT_UPPER_LID, RIGHT_LOWER_LID = np.arange(12, 14), np.arange(14, 16)
LEFT_BROW, RIGHT_BROW = np.arange(16, 18), np.arange(18, 20)
JAW, CHEEKS, NOSE = np.arange(20, 24), np.arange(24, 28), np.arange(28, 32)
ANIMATED = np.arange(36)  # the last four never move
OPEN_CM = 0.8  # of an eye at rest
REST_GAP_CM = 0.5  # between the lips at rest


def small_face() -> Topology:
    """Lips, lids, brows, jaw, cheeks, nose; vertices spread over all three axes, so that alignment is well posed."""
    neutral = np.random.default_rng(1).uniform(-4, 4, (NUM_VERTICES, 3))
    across = np.linspace(-1.5, 1.5, 4)
    neutral[UPPER_LIP] = np.stack([across, np.full(4, -3.0), np.full(4, 5.0)], axis=1)
    neutral[LOWER_LIP] = neutral[UPPER_LIP] - [0, REST_GAP_CM, 0]
    for side, upper, lower in ((1, LEFT_UPPER_LID, LEFT_LOWER_LID), (-1, RIGHT_UPPER_LID, RIGHT_LOWER_LID)):
        neutral[upper] = np.stack([side * np.array([2.0, 3.0]), np.full(2, 2.0 + OPEN_CM), np.full(2, 4.0)], axis=1)
        neutral[lower] = neutral[upper] - [0, OPEN_CM, 0]
    for side, rows in ((1, LEFT_BROW), (-1, RIGHT_BROW)):
        neutral[rows] = np.stack([side * np.array([2.0, 3.0]), np.full(2, 4.0), np.full(2, 4.0)], axis=1)
    first = np.arange(NUM_VERTICES - 2)
    faces = np.stack([first, first + 1, first + 2], axis=1).astype(np.int32)
    lid_pairs = np.concatenate([
        np.stack([LEFT_UPPER_LID, LEFT_LOWER_LID], axis=1), np.stack([RIGHT_UPPER_LID, RIGHT_LOWER_LID], axis=1)
    ])  # fmt: skip
    sets = {
        "animated": ANIMATED,
        "lips": np.concatenate([UPPER_LIP, LOWER_LIP]),
        "lids": np.arange(8, 16),
        "brows": np.concatenate([LEFT_BROW, RIGHT_BROW]),
        "jaw": JAW, "cheeks": CHEEKS, "nose": NOSE,
        "face": np.arange(32),
        "lip_pairs": np.stack([UPPER_LIP, LOWER_LIP], axis=1),
        "lid_pairs": lid_pairs,
    }  # fmt: skip
    return Topology(
        faces, neutral[:, :2].astype(np.float32), faces.copy(), neutral.astype(np.float32),
        {name: rows.astype(np.int32) for name, rows in sets.items()},
    )  # fmt: skip


FACE = small_face()


def at_rest(num_frames: int) -> np.ndarray:
    """[N, V, 3] cm, writable."""
    return np.repeat(FACE.neutral[None], num_frames, axis=0).astype(np.float64)


def lively(num_frames: int, seed: int = 0) -> np.ndarray:
    """[N, V, 3] cm: every animated coordinate swings by about a millimetre, smoothly."""
    rng = np.random.default_rng(seed)
    meshes = at_rest(num_frames)
    times_s = np.arange(num_frames)[:, None, None] / float(RATE)
    phases, rates_hz = rng.uniform(0, 6.3, (36, 3)), rng.uniform(0.3, 1.5, (36, 3))
    meshes[:, ANIMATED] += 0.1 * np.sin(2 * np.pi * rates_hz * times_s + phases)
    return meshes


def moved(meshes: np.ndarray, x_cm: float, y_cm: float, z_cm: float) -> np.ndarray:
    """All vertices of all frames shifted."""
    return meshes + np.array([x_cm, y_cm, z_cm])


def with_closed_lips(meshes: np.ndarray, is_closed: np.ndarray) -> np.ndarray:
    """The lower lip on the upper one in the frames where `is_closed`; in place."""
    meshes[np.ix_(is_closed, LOWER_LIP)] = meshes[np.ix_(is_closed, UPPER_LIP)] - [0, 0.02, 0]
    return meshes


def with_lids(meshes: np.ndarray, side: str, openings_cm: np.ndarray) -> np.ndarray:
    """The upper lids of one eye this far above the lower ones; in place."""
    upper, lower = (LEFT_UPPER_LID, LEFT_LOWER_LID) if side == "left" else (RIGHT_UPPER_LID, RIGHT_LOWER_LID)
    meshes[:, upper, 1] = meshes[:, lower, 1] + openings_cm[:, None]
    return meshes


def during(num_frames: int, *spans: tuple[int, int]) -> np.ndarray:
    """[N] bool, true from each span's first frame to the one before its end."""
    is_on = np.zeros(num_frames, bool)
    for first, end in spans:
        is_on[first:end] = True
    return is_on


def shot(truth: np.ndarray, solved: np.ndarray, name: str = "a", expected_mm: np.ndarray | None = None) -> SolvedShot:
    """As float32, as everywhere."""
    return SolvedShot(name, RATE, truth.astype(np.float32), solved.astype(np.float32), expected_mm)


def panel_of(*shots: SolvedShot, topology: Topology = FACE) -> Panel:
    """The panel of some shots."""
    tally = PanelTally(topology)
    for one in shots:
        tally.add(one)
    return tally.panel()

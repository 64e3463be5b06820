"""Measures where the landmarker's points lie on the mesh: virtual actors sit for it, in several poses and faces.

Rule: run by hand when the mesh or the tracker's model changes: `make landmark-places`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.render.view import View
from engine.shots import FRONT
from training.actor.identity import ACTORS
from training.actor.stage import StageSetup
from training.bootstrap.landmark_places import INNER_LIPS, OUTER_CORNERS, PLACES_FILE, LandmarkPlaces
from training.trackers import MediaPipeLandmarker, Tracker
from training.trackers.shapes import NUM_MESH_POINTS
from training.trackers.sitting import Sitting

_SETUP = StageSetup(width_px=600, height_px=800, is_gray=False)
_FACES: Sequence[Mapping[str, float]] = (
    {},
    {"jawOpen": 0.3},
    {"jawOpen": 0.15, "mouthSmileLeft": 0.5, "mouthSmileRight": 0.5},
    {"browInnerUp": 0.4, "browOuterUpLeft": 0.4, "browOuterUpRight": 0.4},
)
_OPEN = 1  # of these, the one that shows the inner lips
_TURNS_DEG = ((0, 0, 0), (12, 0, 0), (-12, 0, 0), (0, 8, 0), (0, -8, 0))
_LEAST_SEEN = 0.6  # of the pictures
_MOST_SPREAD_CM = 1.0  # outlines of the head slide with its pose: they are no places
_LEAST_SPREAD_CM = 0.08
_OUTLIERS = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One picture's landmarks on the mesh.

    Args:
        face: Index of the expression.
        triangles: [478] int, -1 where a landmark lies beside the head.
        shares: [478, 3] of their corners.
    """

    face: int
    triangles: np.ndarray
    shares: np.ndarray


def to_picture(points: np.ndarray, view: View, width_px: int, height_px: int) -> np.ndarray:
    """[n, 3]: pixels to the right, pixels down, and centimetres away, of points [n, 3] in the studio."""
    seen = np.c_[points, np.ones(len(points))] @ view.world_to_camera.T.astype(np.float64)
    clip = seen @ view.projection.T.astype(np.float64)
    x, y = clip[:, 0] / clip[:, 3], clip[:, 1] / clip[:, 3]
    return np.c_[(x + 1) / 2 * width_px, (1 - y) / 2 * height_px, -seen[:, 2]]


def hit(places: np.ndarray, seen: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which triangle lies foremost behind each place of a picture.

    Args:
        places: [n, 2] pixels.
        seen: [V, 3] as `to_picture` gives.
        faces: [F, 3] counter-clockwise seen from outside.

    Returns:
        [n] triangles, -1 where there is none, and [n, 3] shares of their corners.
    """
    a, b, c = (seen[faces[:, corner], :2] for corner in range(3))
    depth = seen[faces, 2]
    area = _cross(b - a, c - a)
    triangles, shares = np.full(len(places), -1), np.zeros((len(places), 3))
    for row, place in enumerate(places):
        parts = np.stack([_cross(b - place, c - place), _cross(c - place, a - place), _cross(a - place, b - place)], 1)
        inside = np.flatnonzero((area < 0) & (parts <= 0).all(axis=1))  # y runs down, so the front turns clockwise
        if len(inside):
            of = parts[inside] / area[inside, None]
            nearest = (of * depth[inside]).sum(axis=1).argmin()
            triangles[row], shares[row] = inside[nearest], of[nearest]
    return triangles, shares


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def sights(tracker: Tracker) -> Iterator[Sight]:
    """Every named actor in every face and pose."""
    for identity in ACTORS:
        with Sitting(identity, setup=_SETUP) as sitting:
            for face, weights in enumerate(_FACES):
                for turn_deg in _TURNS_DEG:
                    reading = tracker.find(sitting.photograph(weights, turn_deg))
                    if reading is not None:
                        points = sitting.points(weights, turn_deg)
                        seen = to_picture(points, _SETUP.view(FRONT), _SETUP.width_px, _SETUP.height_px)
                        yield Sight(face, *hit(reading.landmarks.astype(np.float64), seen, sitting.faces))


def gather(seen: Sequence[Sight], faces: np.ndarray, neutral: np.ndarray) -> LandmarkPlaces:
    """The place of each landmark: the sight nearest the median of all, on one actor's neutral mesh.

    Args:
        seen: Of one topology.
        faces: [F, 3].
        neutral: [V, 3] cm.
    """
    triangles = np.stack([one.triangles for one in seen])
    shares = np.stack([one.shares for one in seen])
    points = np.einsum("snk,snkc->snc", shares, neutral[faces[triangles]])
    is_open = np.array([one.face == _OPEN for one in seen])
    numbers, corners, parts, spread_cm = [], [], [], []
    medians = np.full((NUM_MESH_POINTS, 3), np.nan)
    for number in range(NUM_MESH_POINTS):
        asked = is_open if number in INNER_LIPS else np.ones(len(seen), bool)
        rows = np.flatnonzero(asked & (triangles[:, number] >= 0))
        if len(rows) < _LEAST_SEEN * asked.sum():
            continue
        of = points[rows, number]
        medians[number] = np.median(of, axis=0)
        away = np.linalg.norm(of - medians[number], axis=1)
        usual = np.sort(away)[: max(1, round((1 - _OUTLIERS) * len(away)))]
        spread = float(np.sqrt((np.minimum(away, usual[-1]) ** 2).mean()))
        if spread < _MOST_SPREAD_CM:
            nearest = rows[away.argmin()]
            numbers.append(number)
            corners.append(faces[triangles[nearest, number]])
            parts.append(shares[nearest, number])
            spread_cm.append(max(_LEAST_SPREAD_CM, spread))
    unit_cm = float(np.linalg.norm(medians[OUTER_CORNERS[0]] - medians[OUTER_CORNERS[1]]))
    return LandmarkPlaces(np.array(numbers), np.stack(corners), np.stack(parts), np.array(spread_cm) / unit_cm)


def _measure() -> None:
    from training.actor.rig import build_rig

    tracker = MediaPipeLandmarker()
    topology = build_rig(ACTORS[0]).topology
    places = gather(list(sights(tracker)), topology.faces, topology.neutral.astype(np.float64))
    tracker.close()
    np.savez_compressed(
        PLACES_FILE,
        numbers=places.numbers.astype(np.int16),
        corners=places.corners.astype(np.int16),
        shares=places.shares.astype(np.float32),
        spread=places.spread.astype(np.float32),
    )


if __name__ == "__main__":
    _measure()

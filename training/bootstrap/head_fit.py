"""Whose head is it, and through what lens? Solved once a person, over moments that differ as much as can be.

Rule: what moves is explained by expressions and head pose first; the shape of the head is what stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.actor.rig import build_rig
from training.bootstrap.face_space import NUM_DIRECTIONS, FaceSpace
from training.bootstrap.frame_fit import FrameFit, Sighting, errors_px, first_guess, fit_frame
from training.bootstrap.landmark_places import LandmarkPlaces
from training.bootstrap.pinhole import Pinhole
from training.bootstrap.rig_points import RigPoints

NUM_ROUNDS = 6
_FOCAL_PER_SIDE = 1.3  # a webcam's focal length in longer sides of its picture: 42 degrees across
_FOCAL_DEVIATION = 0.2  # of its logarithm
_FIRST_STEPS, _STEPS = 5, 2
_SHAPE_DEVIATION = 2.0  # people are not all as the anatomy's authors thought
# Landmarks of one frame err together, so they count as so many that do not.
_PRIOR_PER_FRAME = 3.0
_MOST_FOCAL_STEP = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class HeadFit:
    """The person.

    Args:
        place: [K] in the face space.
        camera: Lens and picture.
        points: The rig of this head.
        fits: Of the moments that were looked at.
    """

    place: np.ndarray
    camera: Pinhole
    points: RigPoints
    fits: tuple[FrameFit, ...]


def fit_head(
    space: FaceSpace,
    places: LandmarkPlaces,
    sightings: Sequence[Sighting],
    picture_px: tuple[int, int],
    name: str,
    advance: Callable[[int], None],
) -> HeadFit:
    """Solve head and lens.

    Args:
        space: Of heads.
        places: On the mesh.
        sightings: Some thirty, in poses and expressions as different as there are.
        picture_px: Width and height.
        name: The person's.
        advance: Told of each round, of `NUM_ROUNDS`.
    """
    typical_px = _FOCAL_PER_SIDE * max(picture_px)
    camera = Pinhole(*picture_px, typical_px)
    place = np.zeros(NUM_DIRECTIONS)
    by_shape = places.on(space.shapes)
    fits: list[FrameFit] = []
    for round_ in range(NUM_ROUNDS + 1):
        points = RigPoints.of(build_rig(space.identity(name, place)), places)
        if not fits:
            neutral = points.at(np.zeros(len(points.rig.units)))
            fits = [first_guess(points, camera, sighting, neutral) for sighting in sightings]
        steps = _STEPS if round_ else _FIRST_STEPS
        fits = [fit_frame(points, camera, seen, fit, steps) for seen, fit in zip(sightings, fits, strict=True)]
        if round_ == NUM_ROUNDS:
            break
        step = _common_step(points, camera, sightings, fits, by_shape, place, np.log(camera.focal_px / typical_px))
        place = place + step[:NUM_DIRECTIONS]
        zoom = np.clip(step[NUM_DIRECTIONS], -_MOST_FOCAL_STEP, _MOST_FOCAL_STEP)
        camera = replace(camera, focal_px=float(camera.focal_px * np.exp(zoom)))
        moves = step[NUM_DIRECTIONS + 1 :].reshape(-1, 6)
        fits = [replace(fit, pose=fit.pose.moved(move)) for fit, move in zip(fits, moves, strict=True)]
        advance(1)
    return HeadFit(place, camera, points, tuple(fits))


def _common_step(
    points: RigPoints,
    camera: Pinhole,
    sightings: Sequence[Sighting],
    fits: Sequence[FrameFit],
    by_shape: np.ndarray,
    place: np.ndarray,
    zoom: float,
) -> np.ndarray:
    """[K + 1 + 6 for each frame]: shape, logarithm of the focal length, and poses, in one least-squares problem."""
    num_shared, num_rows = NUM_DIRECTIONS + 1, 2 * len(points.places.numbers)
    slopes = np.zeros((num_rows * len(fits), num_shared + 6 * len(fits)))
    errors = np.zeros(len(slopes))
    middle = [camera.width_px / 2, camera.height_px / 2]
    for index, (seen, fit) in enumerate(zip(sightings, fits, strict=True)):
        per_px = 1 / (seen.unit_px * points.places.spread)[:, None]
        on_head = points.at(fit.weights, seen.lip_seal)
        placed = fit.pose.place(on_head)
        by_place = camera.slopes(placed) * per_px[..., None]
        rows = slice(num_rows * index, num_rows * (index + 1))
        slopes[rows, :NUM_DIRECTIONS] = (by_place @ (fit.pose.turn @ by_shape.transpose(1, 2, 0))).reshape(num_rows, -1)
        slopes[rows, NUM_DIRECTIONS] = ((camera.project(placed) - middle) * per_px).ravel()
        own = slice(num_shared + 6 * index, num_shared + 6 * (index + 1))
        slopes[rows, own] = (by_place @ fit.pose.slopes(on_head)).reshape(num_rows, 6)
        errors[rows] = (errors_px(points, camera, seen, fit) * per_px).ravel()
    doubt = np.sqrt(_PRIOR_PER_FRAME * len(fits))
    per = np.concatenate([np.full(NUM_DIRECTIONS, doubt / _SHAPE_DEVIATION), [doubt / _FOCAL_DEVIATION]])
    prior = np.zeros((num_shared, slopes.shape[1]))
    prior[:, :num_shared] = np.diag(per)
    wanted = -per * np.concatenate([place, [zoom]])
    return np.asarray(np.linalg.lstsq(np.r_[slopes, prior], np.r_[errors, wanted], rcond=None)[0])

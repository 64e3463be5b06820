"""A whole clip on the mesh: head pose and expression of every frame that is believed.

Rule: frames are solved one after the other, each from the one before; then the expressions are made steady.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from engine.frames import frozen
from training.bootstrap.arrays import load_arrays, save_arrays
from training.bootstrap.doubts import Doubt, Doubts, misfits
from training.bootstrap.frame_fit import FrameFit, Sighting, errors_px, first_guess, fit_frame
from training.bootstrap.landmark_places import LandmarkPlaces
from training.bootstrap.moments import lid_seals, lip_seal
from training.bootstrap.pinhole import HeadPose, Pinhole
from training.bootstrap.rig_points import RigPoints
from training.bootstrap.steady import steadied
from training.bootstrap.track import Track

_FIRST_STEPS, _STEPS = 6, 2
_BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")


@dataclass(frozen=True, slots=True, eq=False)
class ClipFit:
    """A solved clip of N frames; rows of frames that were left out are NaN.

    Args:
        weights: [N, 52] float64 0..1, steady.
        raw_weights: [N, 52] as each frame was solved by itself.
        seals: [N] 0..1, `Rig.pose`'s `lip_seal`.
        turns: [N, 3, 3] the head's rotation before the camera.
        shifts_cm: [N, 3].
        errors: [N, n] reprojection errors of the landmarks that have a place, in distances between the eyes.
        doubts: [N] int8 `Doubt`.
        cuts: [n] frames that begin another scene.
    """

    weights: np.ndarray
    raw_weights: np.ndarray
    seals: np.ndarray
    turns: np.ndarray
    shifts_cm: np.ndarray
    errors: np.ndarray
    doubts: np.ndarray
    cuts: np.ndarray

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, frozen(getattr(self, one.name)))

    @property
    def num_frames(self) -> int:
        """N."""
        return len(self.weights)

    @property
    def doubted(self) -> Doubts:
        """Reasons and cuts."""
        return Doubts(self.doubts, self.cuts)

    def pose(self, frame: int) -> HeadPose:
        """Of the head in one frame."""
        return HeadPose(self.turns[frame], self.shifts_cm[frame])

    def save(self, path: Path) -> None:
        """Write one `.npz`, whole or not at all.

        Raises:
            StorageError: The disk is full, or the folder is gone.
        """
        save_arrays(path, {one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def load(cls, path: Path) -> "ClipFit":
        """Read what `save` wrote.

        Raises:
            ShotError: The file is missing or damaged.
        """
        names = tuple(one.name for one in fields(cls))
        return cls(**load_arrays(path, names, "fit", "Remove it, and fit the clip again."))


def sightings(track: Track, places: LandmarkPlaces, units: Sequence[str], frames: Sequence[int]) -> Iterator[Sighting]:
    """What the host said of some frames, all with a face, for the places on the mesh."""
    scores, seals, unit_px = track.ordered_scores(units), lip_seal(track), track.unit_px
    for frame in frames:
        landmarks = track.landmarks[frame, places.numbers].astype(np.float64)
        yield Sighting(landmarks, float(unit_px[frame]), scores[frame], float(seals[frame]))


def fit_clip(
    track: Track, doubts: Doubts, points: RigPoints, camera: Pinhole, advance: Callable[[int], None]
) -> ClipFit:
    """Solve every frame that is not doubted.

    Args:
        track: Of the clip.
        doubts: As far as the track tells.
        points: Of the head.
        camera: That filmed it.
        advance: Told how many more frames are done, of `track.num_frames`.
    """
    num_frames, units = track.num_frames, points.rig.units
    raw = np.full((num_frames, len(units)), np.nan)
    turns, shifts = np.full((num_frames, 3, 3), np.nan), np.full((num_frames, 3), np.nan)
    errors = np.full((num_frames, len(points.places.numbers)), np.nan)
    neutral = points.at(np.zeros(len(units)))
    for run in doubts.runs():
        fit: FrameFit | None = None
        for frame, seen in zip(run, sightings(track, points.places, units, run), strict=True):
            steps = _STEPS if fit else _FIRST_STEPS
            fit = fit_frame(points, camera, seen, fit or first_guess(points, camera, seen, neutral), steps)
            raw[frame], turns[frame], shifts[frame] = fit.weights, fit.pose.turn, fit.pose.shift_cm
            errors[frame] = np.linalg.norm(errors_px(points, camera, seen, fit), axis=1) / seen.unit_px
            advance(1)
    advance(num_frames - int(doubts.is_used.sum()))
    doubts = doubts.also(Doubt.MISFIT, misfits(errors.mean(axis=1)))
    raw[~doubts.is_used] = np.nan
    rate_hz = float(track.rate[0] / track.rate[1])
    steady = np.clip(steadied(raw, doubts.runs(), rate_hz), 0, 1)
    for weights in (steady, raw):
        _shut_lids(weights, units, lid_seals(track))
    return ClipFit(steady, raw, lip_seal(track), turns, shifts, errors, doubts.of, doubts.cuts)


def _shut_lids(weights: np.ndarray, units: Sequence[str], seals: np.ndarray) -> None:
    """Close lids all the way where the tracker sees them touch, in place: its landmarks, on lashes, leave a slit."""
    columns = [units.index(name) for name in _BLINKS]
    weights[:, columns] += seals * (1 - weights[:, columns])

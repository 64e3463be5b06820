"""What the host saw in a clip, frame by frame, and how good the pictures were.

Rule: a track keeps everything that was seen; what not to believe is decided later, in `doubts`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from engine.crop import to_gray
from engine.errors import ShotError
from engine.frames import frozen
from training.bootstrap.arrays import load_arrays, save_arrays
from training.bootstrap.host import Host
from training.bootstrap.landmark_places import OUTER_CORNERS
from training.ingest.footage import Footage
from training.trackers.shapes import NUM_MESH_POINTS

FOREHEAD, CHIN = 10, 152  # top and bottom of the face's outline
_SAVE_EVERY = 600  # frames; what a kill costs
_GLANCE_PX = 32  # to tell one scene from another
_MOST_ROLL_DEG = 45.0  # of a face that is upright
_NUM_PROBES = 8  # pictures that are turned to find out how a movie was held
_FOCUS_HEIGHT_PX = 120


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A clip as the host saw it; N frames, fewer than the clip has while it is not finished.

    Args:
        picture_px: [2] width and height.
        rate: [2] frames per second, numerator and denominator.
        landmarks: [N, 478, 2] float32 pixels, NaN where there was no face.
        scores: [N, names] float32 in 0..1, NaN likewise.
        names: Of the scores, by ARKit's spelling.
        num_faces: [N] int16.
        sharpness: [N] float32, variance of the Laplacian over the face, gray levels squared; NaN without one.
        change: [N] float32, mean difference of the whole picture to the one before, gray levels; 0 for the first.
        host: Its identity.
    """

    picture_px: np.ndarray
    rate: np.ndarray
    landmarks: np.ndarray
    scores: np.ndarray
    names: tuple[str, ...]
    num_faces: np.ndarray
    sharpness: np.ndarray
    change: np.ndarray
    host: str = ""

    def __post_init__(self) -> None:
        for name in ("landmarks", "scores", "num_faces", "sharpness", "change"):
            values = frozen(getattr(self, name))
            if len(values) != len(self.landmarks):
                raise ValueError(f"{name} has {len(values)} frames, landmarks {len(self.landmarks)}")
            object.__setattr__(self, name, values)

    @property
    def num_frames(self) -> int:
        """N."""
        return len(self.landmarks)

    @property
    def is_seen(self) -> np.ndarray:
        """[N] bool, a face was found."""
        return np.isfinite(self.landmarks[:, 0, 0])

    @property
    def unit_px(self) -> np.ndarray:
        """[N] between the outer corners of the eyes; NaN without a face."""
        right, left = OUTER_CORNERS
        return np.asarray(np.linalg.norm(self.landmarks[:, right] - self.landmarks[:, left], axis=1))

    @property
    def height_px(self) -> np.ndarray:
        """[N] from the top of the forehead to the chin; NaN without a face."""
        return np.asarray(np.linalg.norm(self.landmarks[:, FOREHEAD] - self.landmarks[:, CHIN], axis=1))

    @property
    def roll_deg(self) -> np.ndarray:
        """[N] how far the line between the eyes is turned from level, clockwise, -180 to 180; NaN without a face."""
        return roll_deg(self.landmarks)

    def ordered_scores(self, units: Sequence[str]) -> np.ndarray:
        """[N, units] float64; -1 for a unit that the host does not score, NaN without a face."""
        columns = {name: column for column, name in enumerate(self.names)}
        known = [self.scores[:, columns[unit]] if unit in columns else np.full(self.num_frames, -1.0) for unit in units]
        return np.stack(known, axis=1).astype(np.float64)

    def save(self, path: Path) -> None:
        """Write one `.npz`, whole or not at all.

        Raises:
            StorageError: The disk is full, or the folder is gone.
        """
        save_arrays(path, {one.name: np.asarray(getattr(self, one.name)) for one in fields(self)})

    @classmethod
    def load(cls, path: Path) -> "Track":
        """Read what `save` wrote.

        Raises:
            ShotError: The file is missing or damaged.
        """
        recovery = "Remove it, and track the clip again."
        values = load_arrays(path, tuple(one.name for one in fields(cls)), "track", recovery)
        try:
            names = tuple(str(name) for name in values["names"])
            return cls(**{**values, "names": names, "host": str(values["host"])})
        except ValueError as error:  # arrays that do not belong together
            raise ShotError(f"The track {path} cannot be read: {error}.", recovery) from error


def track_clip(
    clip: Footage, host: Host, path: Path, advance: Callable[[int], None], should_stop: Callable[[], bool]
) -> Track | None:
    """Let the host look at every picture; goes on where it was stopped or killed.

    Args:
        clip: To look at.
        host: That looks.
        path: Of the track; an unfinished one lies beside it until it is whole.
        advance: Told how many more pictures are done.
        should_stop: Asked at every picture; what was seen is saved first.

    Returns:
        None where it was told to stop.

    Raises:
        ShotError: It was begun with another host.
        LiveDoubleError: A picture is missing or damaged, or the disk is full.
    """
    unfinished = path.with_suffix(".unfinished.npz")
    before = Track.load(unfinished) if unfinished.is_file() else None
    if before is not None:
        check_same_host(unfinished.name, before, host.identity)
    log = _Log(clip, before, host.identity)
    num_before = log.num_frames
    advance(num_before)
    glance: np.ndarray | None = None
    for index, picture in enumerate(clip.pictures()):
        small = cv2.resize(to_gray(picture), (_GLANCE_PX, _GLANCE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
        if index >= num_before:
            change = 0.0 if glance is None else float(np.abs(small - glance).mean())
            log.add(host, picture, index, change)
            advance(1)
            if should_stop():
                log.track().save(unfinished)
                return None
            if (index + 1) % _SAVE_EVERY == 0:
                log.track().save(unfinished)
        glance = small
    track = log.track()
    track.save(path)
    unfinished.unlink(missing_ok=True)
    return track


def check_same_host(name: str, track: Track, identity: str) -> None:
    """Refuse to mix what two hosts say: they place landmarks differently.

    Args:
        name: Of the track, for the message.
        track: Or what there is of it.
        identity: Of the host that would go on.

    Raises:
        ShotError: They differ.
    """
    if track.host != identity:
        raise ShotError(
            f"{name} was tracked by {track.host}, and this would be {identity}.",
            "Go on with the same tracker and model, or begin in another folder with --work.",
        )


def upright_turn_deg(clip: Footage, host: Host) -> int:
    """By how much a movie must be turned, against the clock, before the host sees faces in it.

    Args:
        clip: In which it saw hardly any.
        host: Open.

    Returns:
        90, 180 or 270; 0 where no turn helps.
    """
    every = max(1, clip.facts.num_frames // _NUM_PROBES)
    pictures = [picture for index, picture in enumerate(clip.pictures()) if index % every == every // 2][:_NUM_PROBES]
    found = {turn: sum(_is_upright(host, np.rot90(picture, turn)) for picture in pictures) for turn in range(4)}
    best = max(found, key=lambda turn: found[turn])
    return 90 * best if found[best] > max(found[0], len(pictures) // 2) else 0


def roll_deg(landmarks: np.ndarray) -> np.ndarray:
    """[...] how far the line between the eyes is turned from level, clockwise, -180 to 180.

    Args:
        landmarks: [..., 478, 2] pixels.
    """
    right, left = OUTER_CORNERS
    across = landmarks[..., left, :] - landmarks[..., right, :]
    return np.rad2deg(np.arctan2(across[..., 1], across[..., 0]))


def _is_upright(host: Host, picture: np.ndarray) -> bool:
    """Whether it shows a face, and not one that lies: hosts find these as well."""
    seen = host.look(np.ascontiguousarray(picture), 0)
    return seen is not None and abs(float(roll_deg(seen.landmarks))) < _MOST_ROLL_DEG


class _Log:
    """Grows by a frame at a time."""

    def __init__(self, clip: Footage, before: Track | None, host: str) -> None:
        facts = clip.facts
        rate = facts.rate or 30
        self._picture_px = np.array([facts.width_px, facts.height_px])
        self._rate = np.array([rate.numerator, rate.denominator])
        self._host = host
        self._names: tuple[str, ...] = before.names if before else ()
        self._rows: list[tuple[np.ndarray, np.ndarray | None, int, float, float]] = []
        for row in range(before.num_frames if before else 0):
            assert before is not None
            scores = before.scores[row] if before.is_seen[row] else None
            self._rows.append(
                (before.landmarks[row], scores, int(before.num_faces[row]), float(before.sharpness[row]),
                 float(before.change[row]))
            )  # fmt: skip

    @property
    def num_frames(self) -> int:
        return len(self._rows)

    def add(self, host: Host, picture: np.ndarray, index: int, change: float) -> None:
        seen = host.look(picture, index)
        if seen is None:
            self._rows.append((np.full((NUM_MESH_POINTS, 2), np.nan, np.float32), None, 0, np.nan, change))
            return
        self._names = self._names or tuple(seen.scores)
        scores = np.array([seen.scores[name] for name in self._names], np.float32)
        sharp = sharpness(to_gray(picture), seen.landmarks)
        self._rows.append((seen.landmarks, scores, seen.num_faces, sharp, change))

    def track(self) -> Track:
        nothing = np.full(len(self._names), np.nan, np.float32)
        landmarks = np.array([row[0] for row in self._rows], np.float32).reshape(-1, NUM_MESH_POINTS, 2)
        scores = [nothing if row[1] is None else row[1] for row in self._rows]
        return Track(
            self._picture_px, self._rate, landmarks,
            np.array(scores, np.float32).reshape(len(self._rows), len(self._names)), self._names,
            np.array([row[2] for row in self._rows], np.int16), np.array([row[3] for row in self._rows], np.float32),
            np.array([row[4] for row in self._rows], np.float32), self._host,
        )  # fmt: skip


def sharpness(gray: np.ndarray, landmarks: np.ndarray) -> float:
    """Variance of the Laplacian over the face: low where it is out of focus or moved fast; NaN beside the picture.

    Args:
        gray: [H, W] uint8.
        landmarks: [n, 2] pixels.
    """
    face = _face_of(gray, landmarks)
    return float("nan") if face is None else float(cv2.Laplacian(face, cv2.CV_32F).var())


def focus(gray: np.ndarray, landmarks: np.ndarray) -> float:
    """How much fine detail a face has, whatever its size, light and contrast; NaN beside the picture.

    The Laplacian's variance as a share of the picture's own, the face at most 120 pixels high. Filmed faces have 0.05
    to 0.4; a blur of a hundredth of the face's height leaves 0.02.

    Args:
        gray: [H, W] uint8.
        landmarks: [n, 2] pixels.
    """
    face = _face_of(gray, landmarks)
    if face is None:
        return float("nan")
    share = _FOCUS_HEIGHT_PX / len(face)
    small = cv2.resize(face, None, fx=share, fy=share, interpolation=cv2.INTER_AREA) if share < 1 else face
    return float(cv2.Laplacian(small, cv2.CV_32F).var() / max(float(small.var()), 1.0))


def _face_of(gray: np.ndarray, landmarks: np.ndarray) -> np.ndarray | None:
    height, width = gray.shape
    (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
    face = gray[max(0, int(top)) : min(height, int(bottom) + 1), max(0, int(left)) : min(width, int(right) + 1)]
    return np.ascontiguousarray(face) if min(face.shape, default=0) >= 3 else None

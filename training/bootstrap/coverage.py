"""While a person is filmed: how much of a face's range has been seen, and what is wrong with light, framing and focus.

Rule: everything is measured against the person's own face at rest, from the tracker's landmarks; a frame that a clip
would not use counts for nothing.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from engine.crop import to_gray
from training.bootstrap.doubts import Doubts, doubt
from training.bootstrap.landmark_places import OUTER_CORNERS
from training.bootstrap.signals import USED, signals
from training.bootstrap.track import CHIN, FOREHEAD, Track, focus, sharpness
from training.trackers import Reading

_NUM_RECENT = 60  # readings among which one is judged
_NUM_REST = 15  # readings by which the face at rest is known
_PUPILS = ((468, 33, 133), (473, 362, 263))  # pupil, and the corners of its eye from the actor's right to left
_CORNERS_OF_MOUTH = (61, 291)
_EDGE, _NOSE = (127, 356), 1

# What counts as the whole range, in distances between the eyes' outer corners, or as shares where so said.
_MOUTH, _BROW_UP, _BROW_DOWN, _SMILE, _PUCKER, _BLINK = 0.30, 0.035, 0.030, 0.09, 0.10, 0.55
_GAZE, _TURN, _NOD = 0.30, 0.22, 0.14
# Talk narrows mouths and lifts brows as well. Where the tracker scores expressions it must see them too, up to this.
_TOLD = {"Pucker": (("mouthPucker",), 0.5), "Brows up": (("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), 0.4)}
_CLOSURES = 25  # of the mouth, while talking
_SHUT, _OPEN = 0.015, 0.04  # beyond the mouth's opening at rest

# Light, framing and focus.
_DARK, _BRIGHT, _BURNT, _UNEVEN = 60, 200, 0.04, 2.2
_SMALLEST, _LARGEST, _OFF_MIDDLE = 0.28, 0.75, 0.18  # of the picture's height; of its width
_SOFT = 0.35  # of the sharpest seen
_OUT_OF_FOCUS = 0.03  # see `focus`
_NUM_LOOKED_AT, _LOOKED_AT_S = 9, 20.0  # pictures by which a clip is judged, and in how much of it
_FEW_PX = 120  # of a face's height, below which little of it is seen


@dataclass(frozen=True, slots=True)
class Aim:
    """A part of the range.

    Args:
        name: For people.
        share: Seen so far, 0..1.
    """

    name: str
    share: float


class Coverage:
    """Collects what has been seen; used on one thread."""

    def __init__(self) -> None:
        self._recent: deque[tuple[np.ndarray, int, float]] = deque(maxlen=_NUM_RECENT)
        self._rest: list[dict[str, float]] = []
        self._low: dict[str, float] = {}
        self._high: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._num_closures, self._was_open = 0, False

    def see(self, picture: np.ndarray, reading: Reading) -> None:
        """Take in one reading, unless a clip's frame would be left out for it.

        Args:
            picture: [H, W] gray or [H, W, 3] blue-green-red, uint8.
            reading: Of it.
        """
        self._recent.append((reading.landmarks, reading.num_faces, sharpness(to_gray(picture), reading.landmarks)))
        if not self._is_used(picture):
            return
        values = _measures(reading.landmarks.astype(np.float64))
        if len(self._rest) < _NUM_REST:
            self._rest.append(values)
        for name, value in values.items():
            self._low[name] = min(self._low.get(name, value), value)
            self._high[name] = max(self._high.get(name, value), value)
        for name, score in reading.scores.items():
            self._told[name] = max(self._told.get(name, 0.0), score)
        opening = values["mouth"] - float(np.median([one["mouth"] for one in self._rest]))
        if opening > _OPEN:
            self._was_open = True
        elif opening < _SHUT and self._was_open:
            self._was_open, self._num_closures = False, self._num_closures + 1

    def _is_used(self, picture: np.ndarray) -> bool:
        """Whether the newest reading would be used, by the rule that clips are held to."""
        height, width = picture.shape[:2]
        landmarks, num_faces, sharp = (np.array(values) for values in zip(*self._recent, strict=True))
        nothing = np.zeros(len(landmarks))
        track = Track(
            np.array([width, height]), np.array([30, 1]), landmarks, nothing[:, None], ("",), num_faces, sharp, nothing
        )
        return bool(doubt(track).is_used[-1])

    def aims(self) -> tuple[Aim, ...]:
        """All, in the order of the guide."""
        if len(self._rest) < _NUM_REST:
            return tuple(Aim(name, 0.0) for name in _AIMS)
        rest = {name: float(np.median([one[name] for one in self._rest])) for name in self._rest[0]}

        def rise(name: str, whole: float) -> float:
            return (self._high[name] - rest[name]) / whole

        def fall(name: str, whole: float) -> float:
            return (rest[name] - self._low[name]) / whole

        shares = (
            rise("blink", -_BLINK * rest["blink"]),  # `blink` is the lids' opening, negative
            min(rise("gaze", _GAZE), fall("gaze", _GAZE)),
            rise("brow", _BROW_UP),
            fall("brow", _BROW_DOWN),
            rise("mouth", _MOUTH),
            rise("smile", _SMILE),
            fall("width", _PUCKER),
            min(rise("turn", _TURN), fall("turn", _TURN), (rise("nod", _NOD) + fall("nod", _NOD)) / 2),
            self._num_closures / _CLOSURES,
        )
        return tuple(
            Aim(name, float(np.clip(min(share, self._told_share(name)), 0, 1)))
            for name, share in zip(_AIMS, shares, strict=True)
        )

    def _told_share(self, aim: str) -> float:
        """What the tracker's scores allow of an aim; 1 where they say nothing of it."""
        names, whole = _TOLD.get(aim, ((), 1.0))
        return max((self._told[name] / whole for name in names if name in self._told), default=1.0)


_AIMS = ("Eyes shut", "Gaze", "Brows up", "Brows down", "Mouth open", "Smile", "Pucker", "Head turned", "Speech")


def _measures(landmarks: np.ndarray) -> dict[str, float]:
    found = signals({number: landmarks[None, number] for number in USED})
    values = {name: float(value[0]) for name, value in found.items()}
    right, left = (landmarks[number] for number in OUTER_CORNERS)
    unit = float(np.linalg.norm(left - right))
    along = (left - right) / unit
    looks = []
    for pupil, first, last in _PUPILS:
        across = landmarks[last] - landmarks[first]
        looks.append(float((landmarks[pupil] - landmarks[first]) @ across / (across @ across)))
    edge_right, edge_left = (landmarks[number] for number in _EDGE)
    nose = landmarks[_NOSE] - (edge_right + edge_left) / 2
    width = float(np.linalg.norm(landmarks[_CORNERS_OF_MOUTH[0]] - landmarks[_CORNERS_OF_MOUTH[1]]) / unit)
    return values | {
        "gaze": 2 * float(np.mean(looks)),
        "width": width,
        "turn": float(nose @ along) / unit,
        "nod": float(nose[1] * along[0] - nose[0] * along[1]) / unit,
    }


class Adviser:
    """Says what is wrong with the picture, the worst thing first; used on one thread."""

    def __init__(self) -> None:
        self._sharpest = 0.0
        self._recent: deque[float] = deque(maxlen=5)

    def advise(self, picture: np.ndarray, reading: Reading | None) -> str | None:
        """One sentence, or None where all is well.

        Args:
            picture: [H, W] gray or [H, W, 3] blue-green-red, uint8.
            reading: Of it; None where no face was found.
        """
        if reading is None:
            return "No face is seen: sit before the camera, look into it, and give it light."
        if reading.num_faces > 1:
            return "There are several faces: only one person may be seen."
        gray = to_gray(picture)
        return self._framing(gray, reading.landmarks) or _light(gray, reading.landmarks) or self._focus(gray, reading)

    @staticmethod
    def _framing(gray: np.ndarray, landmarks: np.ndarray) -> str | None:
        height, width = gray.shape
        size_px = float(np.linalg.norm(landmarks[FOREHEAD] - landmarks[CHIN]))
        if (landmarks < 0).any() or (landmarks >= [width, height]).any():
            return "The face leaves the picture: move the camera, or sit further back."
        if size_px < _SMALLEST * height:
            return "The face is small: come nearer, a third of the picture's height or more."
        if size_px > _LARGEST * height:
            return "The face is very near: sit further back, so that it can move."
        if abs(float(landmarks[:, 0].mean()) - width / 2) > _OFF_MIDDLE * width:
            return "The face is at the side: move to the middle."
        if size_px < _FEW_PX:
            return f"The face has {size_px:.0f} pixels: choose a larger picture, or come nearer."
        return None

    def _focus(self, gray: np.ndarray, reading: Reading) -> str | None:
        if focus(gray, reading.landmarks) < _OUT_OF_FOCUS:
            return "The face is out of focus: focus on it, hold still, or clean the lens."
        self._recent.append(sharpness(gray, reading.landmarks))
        usual = float(np.median(self._recent))
        self._sharpest = max(self._sharpest, usual)
        if usual < _SOFT * self._sharpest:
            return "The picture is blurred: hold still, give more light, or clean the lens."
        return None


def usual_advice(pictures: Iterable[np.ndarray], track: Track, doubts: Doubts) -> str | None:
    """What is wrong with most of a clip's first pictures; None where there is no one thing.

    Args:
        pictures: Of the clip, from the first; no more are taken than are looked at.
        track: Of it.
        doubts: About it.
    """
    first = np.flatnonzero(doubts.is_used[: round(_LOOKED_AT_S * float(track.rate[0] / track.rate[1]))])
    chosen = set(first[np.linspace(0, len(first) - 1, min(_NUM_LOOKED_AT, len(first))).astype(int)].tolist())
    told = [
        Adviser().advise(picture, Reading(track.landmarks[frame]))
        for frame, picture in enumerate(islice(pictures, max(chosen, default=-1) + 1))
        if frame in chosen
    ]
    return next((advice for advice, count in Counter(told).most_common(1) if count > len(told) / 2), None)


def _light(gray: np.ndarray, landmarks: np.ndarray) -> str | None:
    (left, top), (right, bottom) = landmarks.min(axis=0).astype(int), landmarks.max(axis=0).astype(int)
    face = gray[top : bottom + 1, left : right + 1]
    middle = max(1, int(landmarks[_NOSE, 0]) - left)
    level = float(np.median(face))
    halves = sorted((float(np.median(face[:, :middle])), float(np.median(face[:, middle:]))))
    if level < _DARK:
        return "The face is dark: give it light from the front."
    if level > _BRIGHT or (face >= 254).mean() > _BURNT:
        return "The face is too bright: less light, or a shorter exposure."
    if halves[1] > _UNEVEN * max(halves[0], 1.0):
        return "The light comes from one side: turn towards it, or add another lamp."
    return None

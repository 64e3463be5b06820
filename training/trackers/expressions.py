"""The main expressions, and what each tracker has to read in them.

Rule: an expression is one number for a reading, which rises when the actor makes it; what a tracker cannot read by its
nature (68 points have no iris) is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from training.trackers.shapes import NUM_MESH_POINTS, NUM_POINTS, Face68, mesh_sneer
from training.trackers.tracker import Reading

_SIDES = ("Left", "Right")


@dataclass(frozen=True, slots=True)
class Expression:
    """Something an actor does with the face that a tracker should notice.

    Args:
        name: For people.
        weights: What the rig does, by ARKit unit.
        rising: Scores that should rise; their mean counts.
        falling: Scores to take off, so that a wrong side or direction counts against.
        shape: The same from 68 points, where they can show it.
        mesh: From MediaPipe's 478, where its scores cannot: its sneer stays below 0.00002 on real faces too.
        is_side: Asks whether left and right are told apart, which no 68 points do well of a wink.
    """

    name: str
    weights: Mapping[str, float]
    rising: tuple[str, ...]
    falling: tuple[str, ...] = ()
    shape: Callable[[Face68], float] | None = None
    mesh: Callable[[np.ndarray], float] | None = None
    is_side: bool = False

    def read(self, reading: Reading) -> float | None:
        """How much of it the tracker sees; None where it cannot tell."""
        if self.mesh is not None and len(reading.landmarks) == NUM_MESH_POINTS:
            return self.mesh(reading.landmarks)
        if reading.scores and self.rising:
            return _mean(reading.scores, self.rising) - _mean(reading.scores, self.falling)
        if self.shape is not None and len(reading.landmarks) == NUM_POINTS:
            return self.shape(Face68.of(reading.landmarks))
        return None


def _mean(scores: Mapping[str, float], names: tuple[str, ...]) -> float:
    return sum(scores[name] for name in names) / max(len(names), 1)


def _both(*stems: str) -> tuple[str, ...]:
    return tuple(stem + side for stem in stems for side in _SIDES)


def _all(names: tuple[str, ...], weight: float = 1.0) -> dict[str, float]:
    return dict.fromkeys(names, weight)


def _one_sided(name: str, stem: str, measure: Callable[[Face68, str], float]) -> tuple[Expression, ...]:
    return tuple(
        Expression(
            f"{name} {side.lower()}",
            {stem + side: 1.0},
            (stem + side,),
            (stem + other,),
            lambda face, side=side, other=other: measure(face, side) - measure(face, other),
            is_side=True,
        )
        for side, other in zip(_SIDES, reversed(_SIDES), strict=True)
    )


_LOOK_LEFT, _LOOK_RIGHT = ("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight")
_BROWS_UP = ("browInnerUp", *_both("browOuterUp"))

EXPRESSIONS = (
    Expression(
        "blink",
        _all(_both("eyeBlink")),
        _both("eyeBlink"),
        shape=lambda f: sum(f.lids_closed(side) for side in _SIDES) / 2,
    ),
    *_one_sided("blink", "eyeBlink", Face68.lids_closed),
    Expression("jaw open", {"jawOpen": 1.0}, ("jawOpen",), shape=Face68.jaw_open),
    Expression(
        "smile",
        _all(_both("mouthSmile")),
        _both("mouthSmile"),
        _both("mouthFrown"),
        lambda f: sum(f.smile(side) for side in _SIDES) / 2,
    ),
    *_one_sided("smile", "mouthSmile", Face68.smile),
    Expression("pucker", {"mouthPucker": 1.0}, ("mouthPucker",), shape=Face68.pucker),
    Expression(
        "brows up",
        _all(_BROWS_UP),
        _BROWS_UP,
        _both("browDown"),
        lambda f: sum(f.brow_up(side) for side in _SIDES) / 2,
    ),
    Expression(
        "brows down",
        _all(_both("browDown")),
        _both("browDown"),
        _BROWS_UP,
        lambda f: -sum(f.brow_up(side) for side in _SIDES) / 2,
    ),
    Expression("gaze left", _all(_LOOK_LEFT), _LOOK_LEFT, _LOOK_RIGHT),
    Expression("gaze right", _all(_LOOK_RIGHT), _LOOK_RIGHT, _LOOK_LEFT),
    Expression("gaze up", _all(_both("eyeLookUp")), _both("eyeLookUp"), _both("eyeLookDown")),
    Expression("gaze down", _all(_both("eyeLookDown")), _both("eyeLookDown"), _both("eyeLookUp")),
    # One muscle lifts the nostril and the lip below it: nobody sneers with the nose alone.
    Expression(
        "sneer", _all(_both("noseSneer")) | _all(_both("mouthUpperUp"), 0.5), (), shape=Face68.sneer, mesh=mesh_sneer
    ),
)

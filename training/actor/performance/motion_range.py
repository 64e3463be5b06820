"""Range of motion: every muscle to its end and back, mouth and brows in two lines that run side by side.

Rule: every exercise of the core list is played before any other, as far as the shot is long enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.actor.curves import smooth_step, weights_of
from training.actor.performance.score import Score

_END = 1.08  # a little further than units go: the end is rounded off, not cut


@dataclass(frozen=True, slots=True)
class Exercise:
    """Something an actor is asked to do before a take.

    Args:
        name: For the notes.
        steps: Poses one after the other.
        is_sealed: With closed lips.
        is_shut: With closed eyes.
    """

    name: str
    steps: tuple[Mapping[str, float], ...]
    is_sealed: bool = False
    is_shut: bool = False


MOUTH_CORE = (
    Exercise("jaw wide", ({"jawOpen": _END},)),
    Exercise("jaw side to side", ({"jawLeft": _END, "jawOpen": 0.12}, {"jawRight": _END, "jawOpen": 0.12})),
    Exercise("jaw forward", ({"jawForward": _END, "jawOpen": 0.08},)),
    Exercise("pucker", ({"mouthPucker": _END},)),
    Exercise("funnel", ({"mouthFunnel": _END, "jawOpen": 0.25},)),
    Exercise("wide lips", ({"mouthStretch": _END, "mouthLowerDown": 0.35},)),
    Exercise("smile", ({"mouthSmile": _END},)),
    Exercise("corners down", ({"mouthFrown": _END},)),
    Exercise("mouth side to side", ({"mouthLeft": _END}, {"mouthRight": _END})),
    Exercise("lips rolled in", ({"mouthRollLower": _END, "mouthRollUpper": _END, "jawOpen": 0.08, "mouthClose": 0.07},),
             True),
    Exercise("teeth bared", ({"mouthUpperUp": _END, "mouthLowerDown": _END},)),
    Exercise("chin up", ({"mouthShrugLower": _END, "mouthShrugUpper": _END},), True),
    Exercise("cheeks puffed", ({"cheekPuff": _END, "mouthPress": 0.4},), True),
    Exercise("lips pressed, dimples", ({"mouthDimple": _END, "mouthPress": _END},), True),
    Exercise("tongue out", ({"jawOpen": 0.5, "tongueOut": _END},)),
    Exercise("jaw open behind closed lips", ({"jawOpen": 0.62, "mouthClose": 0.58},), True),
)  # fmt: skip
MOUTH_EXTRAS = (
    Exercise("jaw corners", ({"jawOpen": 0.65, "jawLeft": 0.8}, {"jawOpen": 0.65, "jawRight": 0.8})),
    Exercise("jaw forward and down", ({"jawForward": 0.9, "jawOpen": 0.5},)),
    Exercise("one corner up, then the other", ({"mouthSmileLeft": _END}, {"mouthSmileRight": _END})),
    Exercise("one corner down, then the other", ({"mouthFrownLeft": _END}, {"mouthFrownRight": _END})),
    Exercise("one corner out, then the other", ({"mouthStretchLeft": _END}, {"mouthStretchRight": _END})),
    Exercise("one dimple, then the other", ({"mouthDimpleLeft": _END}, {"mouthDimpleRight": _END})),
    Exercise("upper lip, each side", ({"mouthUpperUpLeft": _END}, {"mouthUpperUpRight": _END})),
    Exercise("lower lip, each side", ({"mouthLowerDownLeft": _END}, {"mouthLowerDownRight": _END})),
    Exercise("lower lip in", ({"mouthRollLower": _END, "mouthUpperUp": 0.2},)),
    Exercise("upper lip in", ({"mouthRollUpper": _END, "mouthShrugLower": 0.3},)),
    Exercise("pucker round about", ({"mouthPucker": 0.95, "mouthLeft": 0.7}, {"mouthPucker": 0.95, "mouthRight": 0.7})),
    Exercise("silent scream", ({"jawOpen": 1.0, "mouthStretch": 0.6, "mouthLowerDown": 0.6, "mouthUpperUp": 0.4},)),
    Exercise("long O", ({"jawOpen": 0.7, "mouthFunnel": 0.8},)),
    Exercise("smile to pucker", ({"mouthSmile": 1.0, "mouthUpperUp": 0.3}, {"mouthPucker": 1.0})),
    Exercise("smile wide open", ({"mouthSmile": 0.95, "jawOpen": 0.7, "mouthUpperUp": 0.4},)),
    Exercise("air from cheek to cheek", ({"cheekPuff": 0.9, "mouthLeft": 0.55}, {"cheekPuff": 0.9, "mouthRight": 0.55}),
             True),
    Exercise("tongue between the lips", ({"tongueOut": 0.75, "jawOpen": 0.2},)),
    Exercise("chewing", ({"jawOpen": 0.3, "mouthClose": 0.28, "jawLeft": 0.5}, {"jawOpen": 0.1, "mouthClose": 0.09},
                         {"jawOpen": 0.3, "mouthClose": 0.28, "jawRight": 0.5}), True),
)  # fmt: skip
BROWS_CORE = (
    Exercise("brows up", ({"browInnerUp": _END, "browOuterUp": _END},)),
    Exercise("brows down", ({"browDown": _END},)),
    Exercise("eyes wide", ({"eyeWide": _END, "browOuterUp": 0.3},)),
    Exercise("eyes forced shut", ({"eyeSquint": _END, "cheekSquint": _END, "browDown": 0.6, "noseSneer": 0.4},),
             is_shut=True),
    Exercise("nose wrinkled", ({"noseSneer": _END, "browDown": 0.3},)),
    Exercise("cheeks up, eyes narrow", ({"cheekSquint": _END, "eyeSquint": _END},)),
    Exercise("inner brows up", ({"browInnerUp": _END},)),
)  # fmt: skip
BROWS_EXTRAS = (
    Exercise("one brow, then the other", ({"browOuterUpLeft": _END}, {"browOuterUpRight": _END})),
    Exercise("brow up, brow down", ({"browOuterUpLeft": 1.0, "browDownRight": 1.0},
                                    {"browOuterUpRight": 1.0, "browDownLeft": 1.0})),
    Exercise("wink and wink", ({"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.6, "eyeSquintLeft": 0.4},
                               {"eyeBlinkRight": 1.0, "cheekSquintRight": 0.6, "eyeSquintRight": 0.4})),
    Exercise("one nostril, then the other", ({"noseSneerLeft": _END}, {"noseSneerRight": _END})),
    Exercise("one cheek, then the other", ({"cheekSquintLeft": _END, "eyeSquintLeft": 0.8},
                                           {"cheekSquintRight": _END, "eyeSquintRight": 0.8})),
    Exercise("eyes gently shut", ({},), is_shut=True),
    Exercise("stare", ({"eyeWide": 1.0, "browDown": 0.8},)),
)  # fmt: skip
# Where the eyes go, degrees in the head: left and up positive.
_GAZE_ENDS = ((33.0, 0.0), (-33.0, 0.0), (0.0, 25.0), (0.0, -29.0))
_GAZE_CORNERS = ((24.0, 16.0), (-24.0, 16.0), (-24.0, -18.0), (24.0, -18.0))
_GAZE_SHARE = 0.32  # of the brows' line, at its beginning or its end
_SHORTEST_S, _LONGEST_S = 0.6, 1.3
_NEXT_POSE = 0.95  # of the time for a pose, until the next one of the same exercise begins


def exercise(score: Score, rng: np.random.Generator) -> None:
    """Fill a whole shot with exercises."""
    length = score.length_s
    _line_up(score, MOUTH_CORE, MOUTH_EXTRAS, 0.25, length - 0.1, rng)
    gaze_s = _GAZE_SHARE * length
    is_gaze_first = rng.random() < 0.5
    look_round(score, 0.3 if is_gaze_first else length - gaze_s, gaze_s - 0.6, rng)
    begin, end = (gaze_s, length - 0.1) if is_gaze_first else (0.35, length - gaze_s)
    _line_up(score, BROWS_CORE, BROWS_EXTRAS, begin, end, rng)


def push_jaw(score: Score, rng: np.random.Generator) -> None:
    """Fill a whole shot with the jaw going forward and back, more or less far and more or less open: all in depth."""
    moment = 0.25
    while moment < score.length_s - 0.5:
        pose = {"jawForward": _END * rng.uniform(0.45, 1.0), "jawOpen": rng.uniform(0.03, 0.5)}
        thrust = Exercise("jaw forward and back", (pose,))
        moment = _play(score, thrust, moment, rng.uniform(_SHORTEST_S, _LONGEST_S), 1.0, rng)
        moment += rng.uniform(0.0, 0.3)


def exercise_once(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """One exercise of either line, anywhere in a shot; returns when it is over."""
    every = (*MOUTH_CORE, *MOUTH_EXTRAS, *BROWS_CORE, *BROWS_EXTRAS)
    return _play(score, every[rng.integers(len(every))], start_s, rng.uniform(0.8, 1.2), rng.uniform(0.7, 1.05), rng)


def look_round(score: Score, start_s: float, length_s: float, rng: np.random.Generator) -> None:
    """To the ends of the gaze, and round in a circle if there is time."""
    ends = [_GAZE_ENDS[place] for place in rng.permutation(len(_GAZE_ENDS))]
    if length_s > 4.0:
        ends += [_GAZE_CORNERS[place] for place in rng.permutation(len(_GAZE_CORNERS))]
    circle_s = 2.2 if length_s > 6.5 else 0.0
    stay_s = max(0.2, (length_s - circle_s) / (len(ends) + 1))
    path = np.zeros((score.num_frames, 2))
    before = np.zeros(2)
    for place, end in enumerate(ends):
        jump = smooth_step((score.times - start_s - place * stay_s) / 0.09)
        path += jump[:, None] * (np.array(end) - before)
        before = np.array(end)
    if circle_s:
        turned = (score.times - start_s - len(ends) * stay_s) / circle_s
        round_about = 2 * np.pi * np.clip(turned, 0, 1)
        circle = np.stack([24 * np.cos(round_about), 18 * np.sin(round_about)], axis=1)
        share = smooth_step(turned / 0.1)[:, None]
        path = path * (1 - share) + circle * share
    share = score.gesture(start_s, 0.1, max(0.1, len(ends) * stay_s + circle_s), 0.1)
    score.gaze_deg += share[:, None] * path
    score.gaze_share = np.maximum(score.gaze_share, share)
    score.note("gaze to its ends", start_s, start_s + len(ends) * stay_s + circle_s)


def _line_up(
    score: Score, core: tuple[Exercise, ...], extras: tuple[Exercise, ...], start_s: float, end_s: float,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    order = [core[place] for place in rng.permutation(len(core))]
    order += [extras[place] for place in rng.permutation(len(extras))]
    num_core_steps = sum(_share(exercise) for exercise in core)
    step_s = float(np.clip((end_s - start_s) / (num_core_steps + 1.0), _SHORTEST_S, _LONGEST_S))
    moment = start_s
    for exercise_ in order:
        needed_s = step_s * _share(exercise_)
        if moment + 0.8 * needed_s > end_s:
            break
        _play(score, exercise_, moment, step_s, rng.uniform(0.97, 1.05), rng)
        moment += needed_s


def _share(exercise_: Exercise) -> float:
    """How much of the time an exercise takes, against one of a single pose."""
    return 1.0 + _NEXT_POSE * (len(exercise_.steps) - 1)


def _play(
    score: Score, exercise_: Exercise, start_s: float, step_s: float, strength: float, rng: np.random.Generator
) -> float:  # fmt: skip
    """Ease through the poses; the last one fades while the next exercise begins."""
    rise, fall = step_s * rng.uniform(0.34, 0.44), step_s * rng.uniform(0.34, 0.48)
    if len(exercise_.steps) > 1:  # from one end right through to the other takes longer
        rise, fall = step_s * rng.uniform(0.48, 0.55), step_s * rng.uniform(0.48, 0.55)
    stay = step_s * _NEXT_POSE
    last = len(exercise_.steps) - 1
    for place, pose in enumerate(exercise_.steps):
        begin = start_s + place * stay
        hold = step_s * rng.uniform(0.16, 0.3)
        if place < last:
            hold = max(0.05, stay - rise)  # until the next pose has begun
        curve = score.gesture(begin, rise, hold, fall)
        score.face += (strength * curve)[:, None] * weights_of(pose, score.units)
    whole = score.gesture(start_s, rise, max(0.05, last * stay + 0.2 * step_s), fall)
    if exercise_.is_sealed:
        score.keep_lips_shut(whole)
    if exercise_.is_shut:
        score.shut = np.maximum(score.shut, whole)
    end_s = start_s + step_s * _share(exercise_)
    score.note(exercise_.name, start_s, end_s)
    return end_s

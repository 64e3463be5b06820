"""Expressions: what muscles do together (after Ekman and Friesen's action units), each eased in and out.

Rule: an expression names units with or without a side; sides and muscles never start in the same instant.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.actor.curves import sides_of, smooth_step
from training.actor.performance.score import Glance, Score


@dataclass(frozen=True, slots=True)
class Expression:
    """A face.

    Args:
        name: For the notes.
        face: Weights at full strength.
        turn_deg: What the head does with it: yaw (to the side the eyes go), pitch (down), roll.
        gaze_deg: Where the eyes go, sideways (to either side) and up.
        can_be_one_sided: Whether people do it on one side alone.
    """

    name: str
    face: Mapping[str, float]
    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze_deg: tuple[float, float] = (0.0, 0.0)
    can_be_one_sided: bool = False


EXPRESSIONS = (
    Expression("polite smile", {"mouthSmile": 0.5, "mouthDimple": 0.25}, can_be_one_sided=True),
    Expression("true smile", {"mouthSmile": 0.85, "cheekSquint": 0.7, "eyeSquint": 0.45, "mouthDimple": 0.3}),
    Expression("broad laugh", {"mouthSmile": 0.9, "jawOpen": 0.42, "cheekSquint": 0.9, "mouthUpperUp": 0.45,
                               "eyeSquint": 0.6, "mouthLowerDown": 0.3}, (0, -5, 2)),
    Expression("suppressed laugh", {"mouthSmile": 0.6, "mouthPress": 0.75, "mouthRollLower": 0.35, "cheekSquint": 0.7,
                                    "eyeSquint": 0.4}, (0, 4, 0), (4, -8)),
    Expression("surprise", {"browInnerUp": 0.9, "browOuterUp": 0.95, "eyeWide": 0.85, "jawOpen": 0.5}, (0, -4, 0)),
    Expression("mild surprise", {"browInnerUp": 0.5, "browOuterUp": 0.6, "eyeWide": 0.3, "jawOpen": 0.12}),
    Expression("anger, teeth", {"browDown": 1.0, "noseSneer": 0.55, "eyeWide": 0.35, "mouthUpperUp": 0.55,
                                "mouthLowerDown": 0.85, "mouthStretch": 0.35, "jawOpen": 0.08}, (0, 5, 0)),
    Expression("anger, lips pressed", {"browDown": 0.95, "mouthPress": 0.95, "eyeSquint": 0.45, "jawForward": 0.35,
                                       "mouthRollLower": 0.3, "mouthRollUpper": 0.25}, (0, 4, 0)),
    Expression("rage", {"browDown": 1.0, "noseSneer": 0.9, "jawOpen": 0.62, "mouthUpperUp": 0.8, "mouthLowerDown": 0.9,
                        "mouthStretch": 0.5, "eyeWide": 0.4, "cheekSquint": 0.4}, (0, 3, 0)),
    Expression("disgust", {"noseSneer": 1.0, "mouthUpperUp": 0.75, "browDown": 0.5, "cheekSquint": 0.55,
                           "eyeSquint": 0.4, "mouthFrown": 0.3}, (6, -4, 2), (-6, -4), can_be_one_sided=True),
    Expression("revulsion, tongue", {"noseSneer": 0.8, "tongueOut": 0.8, "jawOpen": 0.45, "mouthUpperUp": 0.4,
                                     "browDown": 0.5, "eyeSquint": 0.6}, (8, 3, 3), (-5, -6)),
    Expression("fear", {"browInnerUp": 0.95, "browOuterUp": 0.55, "browDown": 0.3, "eyeWide": 1.0, "mouthStretch": 0.9,
                        "jawOpen": 0.16, "mouthLowerDown": 0.3}, (4, -4, 0)),
    Expression("terror", {"browInnerUp": 1.0, "browOuterUp": 0.5, "eyeWide": 1.0, "mouthStretch": 0.85, "jawOpen": 0.55,
                          "mouthLowerDown": 0.5}, (-5, -6, 0), (8, 2)),
    Expression("sadness", {"browInnerUp": 0.95, "mouthFrown": 0.85, "mouthShrugLower": 0.5, "eyeSquint": 0.2},
               (0, 6, 3), (4, -12)),
    Expression("weeping", {"browInnerUp": 1.0, "browDown": 0.35, "mouthFrown": 0.6, "mouthStretch": 0.65,
                           "cheekSquint": 0.6, "eyeSquint": 0.85, "mouthShrugLower": 0.4, "mouthUpperUp": 0.3,
                           "jawOpen": 0.15}, (0, 7, 3), (0, -10)),
    Expression("contempt", {"mouthDimpleLeft": 0.8, "mouthSmileLeft": 0.45, "mouthPressLeft": 0.4, "eyeSquint": 0.25,
                            "browOuterUpRight": 0.35}, (5, -3, 2), can_be_one_sided=False),
    Expression("contempt, other side", {"mouthDimpleRight": 0.8, "mouthSmileRight": 0.45, "mouthPressRight": 0.4,
                                        "eyeSquint": 0.25, "browOuterUpLeft": 0.35}, (-5, -3, -2)),
    Expression("doubt", {"browOuterUpRight": 0.85, "browDownLeft": 0.6, "mouthShrugLower": 0.35, "mouthFrown": 0.3,
                         "eyeSquintLeft": 0.4}, (3, 0, 4)),
    Expression("doubt, other side", {"browOuterUpLeft": 0.85, "browDownRight": 0.6, "mouthLeft": 0.4,
                                     "eyeSquintRight": 0.4, "mouthPress": 0.2}, (-3, 0, -4)),
    Expression("shrug of the mouth", {"mouthShrugLower": 0.95, "mouthShrugUpper": 0.7, "mouthFrown": 0.5,
                                      "browOuterUp": 0.5, "browInnerUp": 0.3}, (0, -2, 4)),
    Expression("kiss", {"mouthPucker": 1.0, "eyeSquint": 0.2}, (0, 2, 2)),
    Expression("air kiss to the side", {"mouthPucker": 0.85, "mouthLeft": 0.6, "eyeBlinkLeft": 0.9,
                                        "cheekSquintLeft": 0.6}, (5, 0, 4)),
    Expression("wink left", {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.8, "mouthSmileLeft": 0.7, "eyeSquintLeft": 0.7},
               (0, 2, 4)),
    Expression("wink right", {"eyeBlinkRight": 1.0, "cheekSquintRight": 0.8, "mouthSmileRight": 0.7,
                              "eyeSquintRight": 0.7}, (0, 2, -4)),
    Expression("awe", {"browInnerUp": 0.6, "browOuterUp": 0.55, "jawOpen": 0.38, "mouthFunnel": 0.55, "eyeWide": 0.5},
               (0, -6, 0), (3, 8)),
    Expression("pain", {"browDown": 0.85, "browInnerUp": 0.5, "eyeSquint": 1.0, "cheekSquint": 0.85, "noseSneer": 0.55,
                        "mouthStretch": 0.75, "mouthLowerDown": 0.5, "jawOpen": 0.1, "eyeBlink": 0.6}, (4, 4, 3)),
    Expression("effort", {"browDown": 0.7, "eyeSquint": 0.8, "mouthPress": 0.9, "mouthRollLower": 0.6,
                          "mouthRollUpper": 0.55, "cheekPuff": 0.3, "cheekSquint": 0.4}, (0, 4, 0)),
    Expression("blown cheeks", {"cheekPuff": 1.0, "mouthPress": 0.5, "mouthPucker": 0.25, "browOuterUp": 0.3}),
    Expression("exhaustion", {"eyeBlink": 0.5, "jawOpen": 0.15, "browInnerUp": 0.3, "mouthFrown": 0.3,
                              "mouthShrugLower": 0.15}, (0, 8, 4), (0, -12)),
    Expression("smirk left", {"mouthSmileLeft": 0.9, "cheekSquintLeft": 0.6, "mouthDimpleLeft": 0.5,
                              "mouthUpperUpLeft": 0.2}, (3, 1, 3)),
    Expression("smirk right", {"mouthSmileRight": 0.9, "cheekSquintRight": 0.6, "mouthDimpleRight": 0.5,
                               "mouthUpperUpRight": 0.2}, (-3, 1, -3)),
    Expression("snarl left", {"noseSneerLeft": 1.0, "mouthUpperUpLeft": 1.0, "browDownLeft": 0.6,
                              "cheekSquintLeft": 0.6}),
    Expression("snarl right", {"noseSneerRight": 1.0, "mouthUpperUpRight": 1.0, "browDownRight": 0.6,
                               "cheekSquintRight": 0.6}),
    Expression("stubbornness", {"jawForward": 0.8, "mouthShrugLower": 0.6, "browDown": 0.6, "mouthFrown": 0.4},
               (0, 3, 0)),
    Expression("embarrassment", {"mouthSmile": 0.4, "mouthRollLower": 0.7, "mouthPress": 0.3, "browInnerUp": 0.5,
                                 "eyeSquint": 0.2}, (6, 6, 2), (-8, -12)),
    Expression("guilt", {"browInnerUp": 0.7, "mouthRollLower": 0.6, "mouthRollUpper": 0.4, "mouthFrown": 0.3},
               (4, 6, 2), (-10, -12)),
    Expression("pity", {"browInnerUp": 0.85, "mouthFrown": 0.35, "mouthPress": 0.35, "mouthSmile": 0.15}, (0, 1, 6)),
    Expression("happy surprise", {"browInnerUp": 0.7, "browOuterUp": 0.85, "eyeWide": 0.6, "mouthSmile": 0.8,
                                  "jawOpen": 0.42, "cheekSquint": 0.4, "mouthUpperUp": 0.3}, (0, -4, 0)),
    Expression("angry surprise", {"browDown": 0.7, "browOuterUp": 0.4, "eyeWide": 0.8, "jawOpen": 0.4,
                                  "mouthUpperUp": 0.3, "noseSneer": 0.3}, (0, -3, 0)),
    Expression("sad smile", {"browInnerUp": 0.8, "mouthSmile": 0.4, "eyeSquint": 0.3, "mouthPress": 0.25},
               (0, 3, 4), (0, -4)),
    Expression("cruel smile", {"mouthSmile": 0.55, "browDown": 0.7, "eyeSquint": 0.5, "mouthUpperUpLeft": 0.4,
                               "noseSneer": 0.3}, (0, 5, 2)),
    Expression("concentration", {"browDown": 0.6, "eyeSquint": 0.55, "mouthPucker": 0.4, "mouthRight": 0.35},
               (0, 4, 2)),
    Expression("dismay", {"mouthStretch": 1.0, "mouthLowerDown": 0.7, "browInnerUp": 0.6, "eyeSquint": 0.3},
               (4, -2, 2)),
    Expression("flirt", {"browOuterUpLeft": 0.7, "mouthSmileRight": 0.55, "mouthPucker": 0.3, "eyeSquint": 0.35},
               (6, 3, 5)),
)  # fmt: skip
_ONE_SIDED_SHARE = 0.35
_UPPER = ("brow", "eye", "cheekSquint")


def express(score: Score, expression: Expression, start_s: float, rng: np.random.Generator) -> float:
    """Play an expression once; returns when it begins to leave the face."""
    strength = rng.uniform(0.68, 1.15)
    onset, offset = rng.uniform(0.22, 0.7), rng.uniform(0.35, 0.95)
    apex = rng.uniform(0.12, 0.9)
    if rng.random() < 0.08:  # now and then one flits over the face
        onset, apex, offset, strength = 0.12, 0.08, 0.2, 0.6 * strength
    is_one_sided = expression.can_be_one_sided and rng.random() < _ONE_SIDED_SHARE
    side_gain = {"Left": rng.uniform(0.85, 1.0), "Right": rng.uniform(0.85, 1.0)}
    side_lag_s = {"Left": rng.uniform(0, 0.07), "Right": rng.uniform(0, 0.07)}
    if is_one_sided:
        side_gain["Left" if rng.random() < 0.5 else "Right"] = rng.uniform(0.0, 0.2)
    brows_lead_s = rng.uniform(-0.06, 0.14)
    for name, value in expression.face.items():
        lag = (0.0 if name.startswith(_UPPER) else brows_lead_s) + rng.uniform(0, 0.08)
        gain = strength * value * rng.normal(1.0, 0.1)
        fall = offset * rng.uniform(0.85, 1.3)
        for unit in sides_of(name, score.units):
            side = "Left" if unit.endswith("Left") else "Right" if unit.endswith("Right") else ""
            begin = start_s + lag + side_lag_s.get(side, 0.0)
            curve = score.gesture(begin, onset, apex, fall)
            score.face[:, score.column(unit)] += gain * side_gain.get(side, 1.0) * curve
    _carry_the_head(score, expression, start_s, onset + apex, offset, rng)
    score.note(f"{expression.name}{' (one-sided)' if is_one_sided else ''}", start_s, start_s + onset + apex + offset)
    return start_s + onset + apex + brows_lead_s


def _carry_the_head(
    score: Score, expression: Expression, start_s: float, held_s: float, offset_s: float, rng: np.random.Generator
) -> None:  # fmt: skip
    side = 1.0 if rng.random() < 0.5 else -1.0
    turn = np.array(expression.turn_deg) * (side, 1.0, side) * rng.uniform(0.4, 1.0)
    rise = smooth_step((score.times - start_s) / 0.6) * smooth_step((start_s + held_s + offset_s - score.times) / 0.8)
    score.turn_deg += rise[:, None] * turn
    aside, up = expression.gaze_deg
    if aside or up:
        gaze = (side * aside * rng.uniform(0.5, 1.2), up * rng.uniform(0.5, 1.2))
        score.glances.append(Glance(start_s + 0.1, start_s + held_s + 0.1, *gaze))

"""Tones of voice: what a mood does to the tempo, the mouth, the brows, the head and the eyes of who speaks.

Rule: a face here is what stays between the words; the words come on top and may push it aside.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tone:
    """A mood as it shows in speech.

    Args:
        face: Weights by unit name, with or without a side, at full mood.
        tempo: 1 is about four and a half syllables a second.
        loudness: Scales how far the jaw opens.
        articulation: Scales what the lips do.
        accent: How strongly stressed words move brows and head, 1 = ordinary.
        accent_face: What an accent adds to the face.
        pitch_deg: Where the head rests; positive is bowed.
        roll_deg: How far it tilts, to either side.
        restlessness: Scales head motion.
        averted: Share of the time that the eyes leave the partner.
        averted_pitch_deg: Where they go then, up positive.
        blinks_hz: Blinks a second besides those at the ends of phrases.
    """

    face: Mapping[str, float]
    tempo: float = 1.0
    loudness: float = 1.0
    articulation: float = 1.0
    accent: float = 1.0
    accent_face: Mapping[str, float] | None = None
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    restlessness: float = 1.0
    averted: float = 0.22
    averted_pitch_deg: float = -2.0
    blinks_hz: float = 0.25


_RAISED = {"browInnerUp": 0.30, "browOuterUp": 0.34, "eyeWide": 0.12}
_LOWERED = {"browDown": 0.42, "noseSneer": 0.15}

TONES: Mapping[str, Tone] = {
    "neutral": Tone({}, accent_face=_RAISED),
    "tender": Tone(
        {"mouthSmile": 0.26, "browInnerUp": 0.30, "eyeSquint": 0.16, "cheekSquint": 0.16},
        tempo=0.86, loudness=0.8, articulation=0.9, accent=0.8, accent_face={"browInnerUp": 0.4, "mouthSmile": 0.15},
        pitch_deg=1.5, roll_deg=4.0, averted=0.2, averted_pitch_deg=-7.0,
    ),
    "furious": Tone(
        {"browDown": 0.75, "noseSneer": 0.34, "eyeWide": 0.22, "mouthUpperUp": 0.14, "mouthFrown": 0.18,
         "mouthLowerDown": 0.12, "eyeSquint": 0.12},
        tempo=1.15, loudness=1.25, articulation=1.3, accent=1.7, accent_face=_LOWERED,
        pitch_deg=3.0, restlessness=1.5, averted=0.06, blinks_hz=0.12,
    ),
    "amused": Tone(
        {"mouthSmile": 0.60, "cheekSquint": 0.48, "eyeSquint": 0.26, "mouthDimple": 0.18, "browOuterUp": 0.10},
        tempo=1.08, loudness=1.1, accent=1.2, accent_face={"browOuterUp": 0.35, "browInnerUp": 0.2, "mouthSmile": 0.2},
        pitch_deg=-1.5, roll_deg=2.5, restlessness=1.3, averted=0.25,
    ),
    "afraid": Tone(
        {"browInnerUp": 0.70, "browOuterUp": 0.30, "browDown": 0.14, "eyeWide": 0.55, "mouthStretch": 0.32},
        tempo=1.22, loudness=0.85, articulation=0.95, accent=0.8, accent_face={"browInnerUp": 0.3, "eyeWide": 0.35},
        pitch_deg=-2.0, restlessness=1.3, averted=0.42, averted_pitch_deg=0.0, blinks_hz=0.45,
    ),
    "tired": Tone(
        {"eyeBlink": 0.24, "browInnerUp": 0.14, "mouthFrown": 0.18, "mouthShrugLower": 0.08},
        tempo=0.76, loudness=0.75, articulation=0.78, accent=0.5, accent_face={"browOuterUp": 0.35, "browInnerUp": 0.3},
        pitch_deg=4.0, roll_deg=2.5, restlessness=0.6, averted=0.4, averted_pitch_deg=-10.0, blinks_hz=0.3,
    ),
    "commanding": Tone(
        {"browDown": 0.38, "eyeSquint": 0.18, "mouthPress": 0.10, "jawForward": 0.14},
        tempo=0.96, loudness=1.3, articulation=1.25, accent=1.5, accent_face={"browDown": 0.25, "browOuterUp": 0.2},
        pitch_deg=-2.5, averted=0.05, blinks_hz=0.12,
    ),
    "sly": Tone(
        {"mouthSmileLeft": 0.42, "mouthSmileRight": 0.10, "mouthDimpleLeft": 0.28, "eyeSquint": 0.42,
         "cheekSquintLeft": 0.3, "browOuterUpRight": 0.45, "browDownLeft": 0.25},
        tempo=0.84, loudness=0.85, articulation=1.1, accent=1.0, accent_face={"browOuterUp": 0.4, "eyeSquint": 0.2},
        pitch_deg=2.5, roll_deg=3.5, averted=0.28, blinks_hz=0.18,
    ),
    "grieving": Tone(
        {"browInnerUp": 0.78, "browDown": 0.20, "mouthFrown": 0.46, "mouthShrugLower": 0.22, "eyeSquint": 0.26,
         "cheekSquint": 0.12},
        tempo=0.74, loudness=0.75, articulation=0.8, accent=0.7, accent_face={"browInnerUp": 0.3, "mouthStretch": 0.2},
        pitch_deg=4.5, roll_deg=2.0, restlessness=0.8, averted=0.5, averted_pitch_deg=-11.0, blinks_hz=0.5,
    ),
    "proud": Tone(
        {"mouthSmile": 0.24, "browOuterUp": 0.18, "mouthShrugLower": 0.12, "mouthDimple": 0.16, "eyeSquint": 0.1},
        tempo=0.92, loudness=1.1, articulation=1.1, accent_face=_RAISED, pitch_deg=-4.5, averted=0.14,
    ),
    "disgusted": Tone(
        {"noseSneer": 0.55, "mouthUpperUp": 0.34, "browDown": 0.36, "cheekSquint": 0.28, "mouthFrown": 0.28,
         "eyeSquint": 0.25},
        tempo=0.92, loudness=0.95, accent=1.2, accent_face={"noseSneer": 0.35, "mouthUpperUp": 0.15},
        pitch_deg=-2.5, roll_deg=2.0, averted=0.4, averted_pitch_deg=-5.0,
    ),
    "excited": Tone(
        {"mouthSmile": 0.40, "browOuterUp": 0.36, "browInnerUp": 0.24, "eyeWide": 0.30, "cheekSquint": 0.25},
        tempo=1.2, loudness=1.22, articulation=1.15, accent=1.6, accent_face=_RAISED,
        pitch_deg=-1.5, restlessness=1.7, averted=0.2, averted_pitch_deg=1.0, blinks_hz=0.3,
    ),
    "bored": Tone(
        {"eyeBlink": 0.20, "mouthFrown": 0.12, "mouthLeft": 0.10, "mouthDimpleRight": 0.14},
        tempo=0.84, loudness=0.75, articulation=0.72, accent=0.5, accent_face={"browOuterUp": 0.3},
        pitch_deg=-1.5, roll_deg=4.0, restlessness=0.6, averted=0.5, averted_pitch_deg=3.0,
    ),
    "pleading": Tone(
        {"browInnerUp": 0.85, "browOuterUp": 0.14, "eyeWide": 0.20, "mouthFrown": 0.20, "mouthStretch": 0.12},
        tempo=1.0, loudness=0.95, accent=1.2, accent_face={"browInnerUp": 0.25, "eyeWide": 0.2},
        pitch_deg=2.0, roll_deg=3.5, averted=0.1,
    ),
    "thoughtful": Tone(
        {"browDown": 0.22, "eyeSquint": 0.16, "mouthPress": 0.08, "mouthRight": 0.08},
        tempo=0.82, loudness=0.85, articulation=0.92, accent=0.8, accent_face=_RAISED,
        roll_deg=2.5, averted=0.55, averted_pitch_deg=5.0,
    ),
    "surprised": Tone(
        {"browInnerUp": 0.55, "browOuterUp": 0.65, "eyeWide": 0.55},
        tempo=1.08, loudness=1.15, accent=1.3, accent_face={"browOuterUp": 0.25, "eyeWide": 0.25},
        pitch_deg=-3.0, averted=0.1, blinks_hz=0.15,
    ),
}  # fmt: skip

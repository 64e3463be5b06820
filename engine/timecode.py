"""SMPTE timecode labels (ST 12-1): a count of frames written as hours, minutes, seconds and frames.

Rule: a `Timecode` is always valid; labels that drop-frame skips are refused where they are made.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

_LABEL = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;])(\d{2,3})")
_DROP_FRAME_NOMINAL = (30, 60)


@dataclass(frozen=True, slots=True)
class Timecode:
    """One frame's label.

    Args:
        frame_number: Frames since midnight, >= 0.
        rate: Frames per second, for example Fraction(30000, 1001).
        is_drop_frame: Labels skip 2 (30) or 4 (60) numbers each minute but every tenth.
    """

    frame_number: int
    rate: Fraction
    is_drop_frame: bool = False

    def __post_init__(self) -> None:
        if self.frame_number < 0 or self.rate <= 0:
            raise ValueError(f"a timecode needs frame_number >= 0 and rate > 0, got {self.frame_number} at {self.rate}")
        if self.is_drop_frame and (self.nominal_rate not in _DROP_FRAME_NOMINAL or self.rate.denominator != 1001):
            raise ValueError(f"drop-frame exists at 30000/1001 and 60000/1001 only, got {self.rate}")

    @property
    def nominal_rate(self) -> int:
        """Frame numbers counted per labelled second: 30 for 29.97."""
        return round(self.rate)

    def plus(self, num_frames: int) -> "Timecode":
        """The label `num_frames` later (or earlier, when negative)."""
        return Timecode(self.frame_number + num_frames, self.rate, self.is_drop_frame)

    def __str__(self) -> str:
        nominal = self.nominal_rate
        count = self.frame_number
        if self.is_drop_frame:
            # Skipped numbers are counted back in: nine of every ten minutes lose `skipped` labels.
            skipped = nominal // 15
            per_minute = nominal * 60 - skipped
            tens, rest = divmod(count, per_minute * 10 + skipped)
            count += 9 * skipped * tens
            if rest >= nominal * 60:
                count += skipped * (1 + (rest - nominal * 60) // per_minute)
        seconds, frames = divmod(count, nominal)
        separator = ";" if self.is_drop_frame else ":"
        digits = 3 if nominal > 100 else 2
        hours = seconds // 3600 % 24
        return f"{hours:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{separator}{frames:0{digits}}"

    @classmethod
    def parse(cls, label: str, rate: Fraction) -> "Timecode":
        """Read `HH:MM:SS:FF`, or `HH:MM:SS;FF` for drop-frame.

        Raises:
            ValueError: The label is malformed, out of range, or one that drop-frame skips.
        """
        match = _LABEL.fullmatch(label.strip())
        if not match:
            raise ValueError(f"'{label}' is not a timecode such as 01:00:00:00")
        hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
        is_drop_frame = match[4] == ";"
        nominal = round(rate)
        if hours > 23 or minutes > 59 or seconds > 59 or frames >= nominal:
            raise ValueError(f"timecode '{label}' is out of range at {float(rate):g} frames/s")
        count = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
        if is_drop_frame:
            skipped = nominal // 15
            if seconds == 0 and frames < skipped and minutes % 10:
                raise ValueError(f"drop-frame timecode skips the label '{label}'")
            total_minutes = hours * 60 + minutes
            count -= skipped * (total_minutes - total_minutes // 10)
        return cls(count, rate, is_drop_frame)

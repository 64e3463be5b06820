"""An ARKit recording as the host: the table that Live Link Face writes beside its video.

Rule: expressions are the recording's; landmarks, which it has none of, are the landmarker's.
"""

import csv
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.errors import ShotError
from training.bootstrap.host import Host, HostFrame

_TIME = "Timecode"
_COUNT = "BlendShapeCount"
_NO_EXPRESSIONS = ("Head", "LeftEye", "RightEye")  # turns in radians; the expressions have the gaze as well
_RATES_HZ = (24, 25, 30, 60)
_MOST_OFF_S = 0.5  # from a picture to the nearest row
_AGAIN = "Export the recording from the app once more, and give the table it came with."


class LiveLinkHost:
    """Scores from a table, one row a video frame or nearest in time.

    Args:
        table: From `read_table`.
        rate: The clip's frames per second.
        landmarker: Finds the face in the pictures.
        checksum: Of the table's file, by which it is known again.
    """

    name = "ARKit"

    def __init__(self, table: "Table", rate: Fraction, landmarker: Host, checksum: str) -> None:
        self._landmarker = landmarker
        self.identity = f"{self.name}, table {checksum}, on {landmarker.identity}"
        self._names, self._times_s, self._scores = table
        self._rate = float(rate)

    def look(self, picture: np.ndarray, index: int) -> HostFrame | None:
        """See `Host.look`."""
        seen = self._landmarker.look(picture, index)
        if seen is None:
            return None
        off_s = np.abs(self._times_s - index / self._rate)
        row = int(off_s.argmin())
        if off_s[row] > _MOST_OFF_S:
            raise ShotError(
                f"The table ends after {self._times_s[-1]:.1f} s, the clip goes on.",
                "Give the table that was recorded with this clip, whole.",
            )
        return replace(seen, scores=dict(zip(self._names, self._scores[row].tolist(), strict=True)))

    def close(self) -> None:
        """See `Host.close`."""
        self._landmarker.close()


Table = tuple[tuple[str, ...], np.ndarray, np.ndarray]  # names, times [n] in seconds, scores [n, names]


def read_table(path: Path) -> Table:
    """Names by ARKit's spelling, times [n] in seconds from the first row, and scores [n, names] in 0..1.

    Raises:
        ShotError: The file is missing, not such a table, or damaged.
    """
    if not path.is_file():
        raise ShotError(f"There is no table {path}.", "Check the path: Live Link Face writes a CSV beside its movie.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if row.get(_TIME)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ShotError(f"The table {path} cannot be read ({error}).", _AGAIN) from error
    columns = [name for name in (rows[0] if rows else {}) if name and name not in (_TIME, _COUNT)]
    columns = [name for name in columns if not name.startswith(_NO_EXPRESSIONS)]
    if not any(name.lower() == "jawopen" for name in columns):
        raise ShotError(f"{path} is not a table of Live Link Face: it has no rows with a column JawOpen.", _AGAIN)
    try:
        scores = np.array([[float(row[name]) for name in columns] for row in rows])
        times_s = _seconds([row[_TIME] for row in rows])
    except (TypeError, ValueError) as error:
        raise ShotError(f"The table {path} is damaged: {error}.", _AGAIN) from error
    if not np.isfinite(scores).all():
        raise ShotError(f"The table {path} is damaged: it holds values that are no numbers.", _AGAIN)
    names = tuple(name[0].lower() + name[1:] for name in columns)
    return names, times_s - times_s[0], np.clip(scores, 0.0, 1.0)


def _seconds(labels: Sequence[str]) -> np.ndarray:
    """[n] of `HH:MM:SS:FF.fff`; the rate is the slowest usual one that has room for the last frames of a second."""
    hours, minutes, seconds, frames = np.array([label.split(":") for label in labels], np.float64).T
    rate_hz = next((rate for rate in _RATES_HZ if rate > frames.max()), _RATES_HZ[-1])
    return np.asarray(3600 * hours + 60 * minutes + seconds + frames / rate_hz)

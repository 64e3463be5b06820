"""How to show a line, and what came of it: values, no Qt."""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import LiveDoubleError
from engine.statistics import Percentiles, Statistics


@dataclass(frozen=True, slots=True)
class Showing:
    """How to show a line.

    Args:
        is_headless: Paint into memory; no display is needed.
        closes_at_end: Close once the stream has ended, rather than wait for the user.
        movie: Record the window to this file.
        screenshot: Write a picture of the window a moment after its first mesh; it then closes, unless it records
            or was given a number of frames.
    """

    is_headless: bool
    closes_at_end: bool
    movie: Path | None = None
    screenshot: Path | None = None


@dataclass(frozen=True, slots=True)
class MovieFacts:
    """A recording, and what it took from the window's thread."""

    file: str
    pictures: int  # copied from the window
    left_out: int  # not copied, because the encoder was behind
    grab_ms: Percentiles | None


@dataclass(frozen=True, slots=True)
class StartFacts:
    """When the window's stations were reached, seconds since the process began; None where that is not known."""

    window_s: float | None  # it is up
    line_s: float | None  # actor, backend and camera are open
    first_mesh_s: float | None  # it has been drawn


@dataclass(frozen=True, slots=True)
class Shown:
    """What happened. `error` is what ended the line or the recording, where something did."""

    statistics: Statistics | None
    error: LiveDoubleError | None
    first_mesh_s: float | None  # from opening the window to its first mesh
    start: StartFacts
    actor: str
    camera: str
    gl_renderer: str
    window_size: tuple[int, int]
    movie: MovieFacts | None

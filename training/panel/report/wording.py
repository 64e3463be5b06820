"""Figures as people read them."""

import math

from training.judge import Training


def number(value: float | None, digits: int = 3) -> str:
    """A figure as people read it; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """A figure that may be negative."""
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def percent(value: float | None) -> str:
    """Of 0..1."""
    return "–" if value is None else f"{100 * value:.0f} %"


def duration(seconds: float) -> str:
    """A length of time."""
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"


def history(training: Training) -> str:
    """How a network came to be, in one line."""
    parts = [
        None if training.num_frames is None else f"{training.num_frames} frames",
        None if training.epochs is None else f"{training.epochs:.0f} epochs",
        None if training.seconds is None else duration(training.seconds),
        training.machine or None,
    ]
    return ", ".join(part for part in parts if part) or "not known"

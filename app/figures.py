"""From the line's statistics to what the window says: words and numbers, no widgets.

Rule: what is not known is a dash; nothing is rounded up to look better.
"""

from dataclasses import dataclass
from fractions import Fraction

from engine.cameras import CameraFacts
from engine.frames import CropRect, Frame
from engine.statistics import Drops, Percentiles, Statistics

UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Reading:
    """A number and a word of detail under it."""

    value: str = UNKNOWN
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything the figures show, by the figure's name."""

    camera: Reading = Reading()
    solve: Reading = Reading()
    display: Reading = Reading()
    solve_time: Reading = Reading()
    rmse: Reading = Reading()
    p50: Reading = Reading()
    p95: Reading = Reading()
    p99: Reading = Reading()
    age: Reading = Reading()
    dropped: Reading = Reading()


def readings_of(statistics: Statistics, facts: CameraFacts, age_ms: float | None) -> Readings:
    """What the figures show for a line that stands like this."""
    fps, latency = statistics.fps, statistics.display_latency_ms
    return Readings(
        camera=Reading(_fps(fps.camera), f"of {rate_words(facts.rate)}" if facts.rate else ""),
        solve=Reading(_fps(fps.solve), _count(statistics.solved)),
        display=Reading(_fps(fps.display), _count(statistics.displayed)),
        solve_time=_solve_time(statistics.crop_ms, statistics.network_ms),
        rmse=_rmse(statistics),
        p50=Reading(_ms(latency.p50 if latency else None), "p50"),
        p95=Reading(_ms(latency.p95 if latency else None), "19 of 20"),
        p99=Reading(_ms(latency.p99 if latency else None), "99 of 100"),
        age=Reading(_ms(age_ms)),
        dropped=Reading(f"{statistics.dropped.total:,}", causes(statistics.dropped)),
    )


def causes(dropped: Drops) -> str:
    """Where frames were lost, the causes that happened only."""
    told = (("camera", dropped.camera), ("solver", dropped.solver_busy), ("display", dropped.display_busy))
    return " · ".join(f"{cause} {number:,}" for cause, number in told if number) or "none"


def camera_words(facts: CameraFacts) -> str:
    """The camera's name, size and rate, for the head of its pane."""
    parts = [facts.name, f"{facts.width_px}×{facts.height_px}"]
    if facts.rate:
        parts.append(f"{rate_words(facts.rate)} fps")
    return "  ·  ".join(parts)


def timecode_words(frame: Frame | None) -> str:
    """The label of the picture, where its source has one."""
    return "" if frame is None or frame.timecode is None else str(frame.timecode)


def crop_words(crop: CropRect) -> str:
    """A crop while it is dragged."""
    return f"Crop {crop.width} × {crop.height} at {crop.x}, {crop.y}"


def machinery_words(statistics: Statistics, gl_renderer: str) -> str:
    """What really solves and what really draws."""
    solving = (statistics.backend, precision_words(statistics), statistics.provider)
    return " · ".join(part for part in solving if part) + "        " + gl_renderer


def precision_words(statistics: Statistics) -> str:
    """What the network computes in, and what that costs where it was measured."""
    loss_mm = statistics.worst_loss_mm
    return statistics.precision + ("" if loss_mm is None else f" (within {loss_mm:.2f} mm of float32)")


def rate_words(rate: Fraction) -> str:
    """30, 23.98, 59.94."""
    return f"{float(rate):.2f}".rstrip("0").rstrip(".")


def _solve_time(crop: Percentiles | None, network: Percentiles | None) -> Reading:
    if crop is None or network is None:
        return Reading()
    return Reading(_ms(crop.p50 + network.p50), f"crop {crop.p50:.1f}")


def _rmse(statistics: Statistics) -> Reading:
    if statistics.rmse_mm is None:
        return Reading(detail="no truth" if statistics.displayed else "")
    return Reading(f"{statistics.rmse_mm:.2f}", "to the truth")


def _fps(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f}"


def _ms(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _count(number: int) -> str:
    return f"{number:,} frames" if number else ""

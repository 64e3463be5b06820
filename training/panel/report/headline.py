"""The report's headline: the six figures that decide, each beside what is asked of the default network."""

import math

from training.panel.contact import Contact
from training.panel.panel import Panel
from training.panel.report.content import Tile
from training.panel.report.wording import number
from training.panel.steadiness import Jitter

# Asked of the default network on the ten-minute virtual actor, measured on its later session.
_MOST_RMSE_MM, _MOST_SHARE, _MOST_LIPS_MM = 0.92, 0.20, 0.80
_ATTENUATION = (0.95, 1.05)  # in every region
_MOST_JITTER_MM = 0.03  # a frame, of a still face
_LEAST_F1 = 0.90  # of lip contact


def headline(panel: Panel) -> list[Tile]:
    """The figures that decide; those that could not be measured are left out."""
    share = panel.rmse_mm / panel.mean_face_rmse_mm if panel.mean_face_rmse_mm > 0 else math.inf
    still, near = f"a face that never moves: {number(panel.mean_face_rmse_mm)} mm", number(panel.overall.p95_mm, 2)
    tiles = [
        Tile("Error", number(panel.rmse_mm), "mm RMSE", still, "at most 0.92 mm", panel.rmse_mm <= _MOST_RMSE_MM),
        Tile(
            "Of the mean face’s", number(share, 2), "×", f"95 % of vertices within {near} mm", "at most 0.20",
            share <= _MOST_SHARE,
        ),
    ]  # fmt: skip
    lips, closure = panel.region("lips"), panel.contact("lips")
    if lips is not None:
        detail = f"lip vertex error {number(panel.talking.lip_vertex_error_mm, 2)} mm" if panel.talking else ""
        lips_mm = lips.distances.rmse_mm
        tiles.append(Tile("Lips", number(lips_mm), "mm RMSE", detail, "at most 0.80 mm", lips_mm <= _MOST_LIPS_MM))
    if panel.worst_attenuation is not None:
        tiles.append(_attenuation(panel, panel.worst_attenuation))
    if panel.jitter is not None:
        tiles.append(_jitter(panel.jitter))
    if closure is not None and closure.f1 is not None:
        tiles.append(_closure(closure, closure.f1))
    return tiles


def _attenuation(panel: Panel, worst: float) -> Tile:
    region = next((region.name for region in panel.regions if region.attenuation == worst), "all vertices")
    low, high = _ATTENUATION
    is_met = low <= worst <= high
    return Tile("Attenuation", number(worst), "", f"worst region: {region}", "0.95 to 1.05 everywhere", is_met)


def _jitter(jitter: Jitter) -> Tile:
    detail = f"the actor’s own: {number(jitter.truth_mm)}" if jitter.is_still else "no still face: the calmest moments"
    is_met = jitter.solved_mm <= _MOST_JITTER_MM if jitter.is_still else None
    return Tile("Still-face jitter", number(jitter.solved_mm), "mm/frame", detail, "at most 0.030 mm/frame", is_met)


def _closure(closure: Contact, f1: float) -> Tile:
    timing = closure.timing
    detail = f"{timing.num_found} of {timing.num_true} closures found"
    if timing.lag_ms is not None:
        detail += f", {number(abs(timing.lag_ms), 0)} ms {'late' if timing.lag_ms >= 0 else 'early'}"
    return Tile("Lip contact", number(f1, 2), "F1", detail, "at least 0.90", f1 >= _LEAST_F1)

"""Writes the page.

Rule: everything is inside the file: styles, plots as SVG, pictures as data; nothing is fetched when it is opened.
"""

import base64
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import cv2
import jinja2
import numpy as np
from markupsafe import Markup

from engine.disk import not_written
from training.panel.candidate import Kind, Measured
from training.panel.report import plots
from training.panel.report.content import Report
from training.panel.report.headline import headline
from training.panel.report.wording import duration, history, number, percent, signed
from training.panel.steadiness import STILL_MM_PER_S

_JPEG_QUALITY = 88
_SCALE_STEPS = 5
_LEAST_SCALE_MM = 0.1  # of the curves


def write_page(report: Report, path: Path) -> None:
    """Write the report as one HTML file.

    Raises:
        StorageError: It cannot be written; what lay there before is as it was.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(render(report), "utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise not_written(path, error) from error


def render(report: Report) -> str:
    """The page's text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "."), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters.update(
        number=number, percent=percent, signed=signed, picture=picture, duration=duration, history=history
    )
    most_mm = max(max(shot.curve_mm) for one in report.networks for shot in one.panel.shots)
    return environment.get_template("page.html").render(
        report=report,
        style=Markup(resources.files(__package__).joinpath("page.css").read_text("utf-8")),
        tiles=report.additions.tiles or headline(report.main.panel),
        series={one.name: plots.series_index(report.measured, one) for one in report.measured},
        region_bars=Markup(plots.region_bars(report.measured)) if report.main.panel.regions else "",
        curves=[
            (shot, Markup(plots.shot_curves(_in_curves(report), index, max(_LEAST_SCALE_MM, 1.08 * most_mm))))
            for index, shot in enumerate(report.main.panel.shots)
        ],
        timing=Markup(plots.contact_timing(report.measured) or ""),
        reliability=[(one, Markup(plots.reliability(one))) for one in report.networks if one.panel.calibration],
        convergence=Markup(plots.convergence(report.convergence, [one.name for one in report.networks]) or ""),
        scale=[f"{report.error_range_mm * step / _SCALE_STEPS:g}" for step in range(_SCALE_STEPS + 1)],
        still_mm_per_s=STILL_MM_PER_S,
    )


def picture(pixels: np.ndarray) -> str:
    """[H, W] gray or [H, W, 3] red-green-blue uint8 as an address that holds the picture itself."""
    blue_first = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1])
    _, encoded = cv2.imencode(".jpg", blue_first, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _in_curves(report: Report) -> Sequence[Measured]:
    return [one for one in report.measured if one.kind in (Kind.NETWORK, Kind.MEAN_FACE)]

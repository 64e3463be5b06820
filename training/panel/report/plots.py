"""The report's plots as inline SVG whose colours are the page's own, so that they follow light, dark and paper.

Rule: nothing global: figures are made without pyplot, and every setting is given where it is used.
"""

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.panel.candidate import Kind, Measured
from training.panel.convergence import Convergence

# Stand-ins that the page's colours replace.
_INK, _MUTED, _RULE, _BAND = "#010101", "#020202", "#030303", "#040404"
_COLOURS = {_INK: "--ink", _MUTED: "--muted", _RULE: "--rule", _BAND: "--band"}
SERIES = {f"#0501{index:02d}": f"--series-{index}" for index in range(8)}
_BASELINES = {Kind.MEAN_FACE: 5, Kind.BASIS: 6, Kind.TRACKER: 7}  # networks take 0 to 4
_WIDTH_IN = 9.0
_SETTINGS = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": _INK,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "grid.color": _RULE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def series_index(measured: Sequence[Measured], one: Measured) -> int:
    """Which of the page's series colours a candidate has: the same in every plot and table."""
    if one.kind in _BASELINES:
        return _BASELINES[one.kind]
    return [other.name for other in measured if other.kind is Kind.NETWORK].index(one.name) % 5


def _colour(index: int) -> str:
    return list(SERIES)[index]


def region_bars(measured: Sequence[Measured]) -> str:
    """Error and attenuation of every region, a bar for each candidate."""
    names = [region.name for region in measured[0].panel.regions]
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": "regions"}):
        figure = Figure((_WIDTH_IN, 2.5), layout="constrained")
        error, motion = figure.subplots(1, 2)
        width = 0.8 / len(measured)
        for slot, one in enumerate(measured):
            at = np.arange(len(names)) + (slot - (len(measured) - 1) / 2) * width
            colour = _colour(series_index(measured, one))
            error.bar(at, [region.distances.rmse_mm for region in one.panel.regions], 0.9 * width, color=colour)
            known = [
                (x, r.attenuation) for x, r in zip(at, one.panel.regions, strict=True) if r.attenuation is not None
            ]
            if known:
                motion.bar(*np.array(known).T, 0.9 * width, color=colour)
        error.set_ylabel("RMSE, mm")
        motion.axhline(1.0, color=_MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        motion.set_ylabel("attenuation")
        for axes in (error, motion):
            axes.set_xticks(range(len(names)), names)
            axes.tick_params(axis="x", length=0)
            axes.grid(axis="y")
        return _svg(figure, "Error and attenuation by region")


def shot_curves(measured: Sequence[Measured], shot: int, most_mm: float) -> str:
    """The error of every frame of one shot.

    Args:
        measured: Candidates.
        shot: Which of their shots.
        most_mm: Top of the scale, the same for all shots.
    """
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": f"shot{shot}"}):
        figure = Figure((_WIDTH_IN, 1.45), layout="constrained")
        axes = figure.subplots()
        for one in reversed(measured):
            facts = one.panel.shots[shot]
            is_network = one.kind is Kind.NETWORK
            seconds = (facts.first_frame + np.arange(facts.num_frames)) / facts.rate
            axes.plot(
                seconds, facts.curve_mm, color=_colour(series_index(measured, one)),
                linewidth=1.3 if is_network else 0.9, alpha=1.0 if is_network else 0.75,
            )  # fmt: skip
        facts = measured[0].panel.shots[shot]
        first = facts.first_frame
        axes.set_xlim(first / facts.rate, (first + max(1, facts.num_frames - 1)) / facts.rate)
        axes.set_ylim(0, most_mm)
        axes.set_ylabel("RMSE, mm")
        axes.grid(axis="y")
        return _svg(figure, f"Error of every frame of {facts.name}")


def contact_timing(measured: Sequence[Measured]) -> str | None:
    """When closures begin and end against the truth, a dot each; None where there is no closure."""
    rows = [
        (f"{contact.name} {what}", one, differences)
        for kind in ("lips", "lids")
        for what in ("close", "open")
        for one in measured
        for contact in one.panel.contacts
        if contact.name == kind
        for differences in (
            contact.timing.onset_differences_ms if what == "close" else contact.timing.offset_differences_ms,
        )
        if differences
    ]
    if not rows:
        return None
    labels = list(dict.fromkeys(label for label, _, _ in rows))
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": "contact"}):
        figure = Figure((_WIDTH_IN, 0.7 + 0.5 * len(labels)), layout="constrained")
        axes = figure.subplots()
        for label, one, differences in rows:
            slot = [other.name for other in measured].index(one.name)
            height = labels.index(label) + 0.6 * ((slot + 0.5) / len(measured) - 0.5)
            # Times are whole frames: dots that fall together are heaped up.
            times, counts = np.unique(np.round(differences, 3), return_counts=True)
            heap = 26.0 * np.sqrt(counts)
            axes.scatter(
                times,
                np.full(len(times), height),
                heap,
                color=_colour(series_index(measured, one)),
                alpha=0.75,
                linewidths=0,
            )
        axes.axvline(0.0, color=_MUTED, linewidth=0.8)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_xlabel(
            "ms, solved minus true (early on the left, late on the right); larger dots are several closures"
        )
        return _svg(figure, "Timing of closures")


def reliability(measured: Measured) -> str | None:
    """Expected against actual errors; None where none were foretold."""
    calibration = measured.panel.calibration
    if calibration is None:
        return None
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": f"reliability{measured.name}"}):
        figure = Figure((_WIDTH_IN / 2, 3.0), layout="constrained")
        axes = figure.subplots()
        # A bin of 0 has no place on these axes.
        told = [row for row in calibration.reliability if row.expected_mm > 0 and row.actual_mm > 0]
        expected, actual = [row.expected_mm for row in told], [row.actual_mm for row in told]
        ends = [min(*expected, *actual) * 0.8, max(*expected, *actual) * 1.25] if len(expected) > 0 else [0.1, 1.0]
        axes.plot(ends, ends, color=_MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.plot(expected, actual, color=_colour(0), marker="o", markersize=3.5)
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="expected, mm", ylabel="actual mean, mm")
        _plain_logarithms(axes)
        axes.grid()
        return _svg(figure, f"Reliability of the errors expected by {measured.name}")


def convergence(curves: Sequence[Convergence], networks: Sequence[str]) -> str | None:
    """Training and validation error over the epochs, and the learning rate with its ramps; None where none is known.

    Args:
        curves: Of some of the networks.
        networks: All their names, in the order of their colours.
    """
    if not curves:
        return None
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": "convergence"}):
        figure = Figure((_WIDTH_IN, 4.2), layout="constrained")
        error, rate = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
        for one in curves:
            colour = _colour(networks.index(one.name) % 5)
            if np.isfinite(one.training_mm).any():
                error.plot(
                    one.epochs,
                    one.training_mm,
                    color=colour,
                    linewidth=0.9,
                    linestyle=(0, (4, 2)),
                    label=f"{one.name}, training",
                )
            error.plot(
                one.epochs, one.validation_mm, color=colour, marker="o", markersize=2.5, label=f"{one.name}, validation"
            )
            rate.plot(one.epochs, one.learning_rate, color=colour, marker="o", markersize=2.0)
            _mark_ramps((error, rate), one, is_labelled=one is curves[0])
        mean_face = curves[0].mean_face_mm
        if np.isfinite(mean_face).any():
            error.axhline(
                float(np.nanmean(mean_face)),
                color=_colour(_BASELINES[Kind.MEAN_FACE]),
                linewidth=0.9,
                label="mean face",
            )
        error.set(yscale="log", ylabel="error, mm")
        rate.set(yscale="log", ylabel="learning rate", xlabel="epochs")
        _plain_logarithms(error, both=False)
        for axes in (error, rate):
            axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncols=3, fontsize=8)
        return _svg(figure, "Convergence")


def _mark_ramps(axes: Sequence[Axes], one: Convergence, *, is_labelled: bool) -> None:
    last = float(np.nanmax(one.epochs))
    for start, end, words in ((0.0, one.ramp_up_end, "ramp-up"), (one.ramp_down_start, last, "ramp-down")):
        if not (np.isfinite(start) and np.isfinite(end) and end > start):
            continue
        for each in axes:
            each.axvspan(start, end, color=_BAND, linewidth=0)
        if is_labelled:
            middle = (start + end) / 2
            axes[1].annotate(
                words, (middle, 0.06), xycoords=("data", "axes fraction"), ha="center", fontsize=8, color=_MUTED
            )


def _plain_logarithms(axes: Axes, *, both: bool = True) -> None:
    """Ticks of a logarithmic scale as people write numbers."""
    for axis in (axes.xaxis, axes.yaxis) if both else (axes.yaxis,):
        axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(ticker.FormatStrFormatter("%g"))
        axis.set_minor_formatter(ticker.NullFormatter())


def _svg(figure: Figure, words: str) -> str:
    """The figure as an element of the page: no address, no fixed size, no names that two plots could share."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    for stand_in, name in {**_COLOURS, **SERIES}.items():
        text = text.replace(stand_in, f"var({name})")
    return text.replace("<svg", f'<svg class="plot" role="img" aria-label="{words}"', 1).strip()

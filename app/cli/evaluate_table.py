"""What `livedouble evaluate` shows on a terminal: candidates side by side, then the actor region by region."""

from collections.abc import Callable, Sequence

from rich.table import Table

from app.cli.console import out
from training.panel.candidate import Kind, Measured
from training.panel.panel import Panel
from training.panel.report.content import Facts, Missing
from training.panel.report.wording import number, percent


def show(measured: Sequence[Measured], missing: Sequence[Missing], facts: Facts) -> None:
    """Print the figures of a comparison; the first of `measured` is the one in question."""
    main = measured[0]
    out.print(f"{main.name} ({main.words}) on {facts.num_frames} frames of {facts.data}", soft_wrap=True)
    out.print(_compared(measured))
    if main.panel.regions:
        out.print(_regions(main.panel))
        if sum(one.kind is Kind.NETWORK for one in measured) > 1:
            out.print(_depths([one for one in measured if one.kind is Kind.NETWORK]))
    _tell_behaviour(main.panel)
    worst = main.panel.worst[0]
    out.print(f"Worst frame: {worst.shot}, frame {worst.frame + 1}: {worst.rmse_mm:.2f} mm.", soft_wrap=True)
    for one in missing:
        out.print(f"Without {one.name}: {one.reason}.", style="dim", soft_wrap=True)


def _compared(measured: Sequence[Measured]) -> Table:
    """A column for each candidate: there are more figures than candidates, and terminals are narrow."""
    table = Table("")
    for index, one in enumerate(measured):
        table.add_column(one.name, justify="right", style="bold" if index == 0 else "")
    rows: tuple[tuple[str, Callable[[Panel], str]], ...] = (
        ("RMSE mm", lambda panel: number(panel.rmse_mm)),
        ("of the mean face's", lambda panel: percent(_share(panel))),
        ("95 % of vertices below, mm", lambda panel: number(panel.overall.p95_mm, 2)),
        ("worst vertex mm", lambda panel: number(panel.overall.max_mm, 1)),
        ("in the image plane mm", lambda panel: number(panel.overall.image_plane_mm)),
        ("depth mm", lambda panel: number(panel.overall.depth_mm)),
        ("after rigid alignment mm", lambda panel: number(panel.aligned.rigid_mm)),
        ("lips mm", lambda panel: number(lips.distances.rmse_mm if (lips := panel.region("lips")) else None)),
        ("attenuation, worst region", lambda panel: number(panel.worst_attenuation)),
        ("jitter, mm a frame", lambda panel: number(panel.jitter.solved_mm if panel.jitter else None)),
        ("jerk ratio", lambda panel: number(panel.jerk_ratio, 2)),
        ("lip contact F1", lambda panel: number(found.f1 if (found := panel.contact("lips")) else None, 2)),
        ("lid contact F1", lambda panel: number(found.f1 if (found := panel.contact("lids")) else None, 2)),
    )
    for words, read in rows:
        table.add_row(words, *(read(one.panel) for one in measured))
    return table


def _share(panel: Panel) -> float | None:
    return panel.rmse_mm / panel.mean_face_rmse_mm if panel.mean_face_rmse_mm > 0 else None


def _regions(panel: Panel) -> Table:
    table = Table("region")
    for heading in ("RMSE mm", "mean face", "95 %", "worst", "in plane", "depth", "attenuation"):
        table.add_column(heading, justify="right")
    for region in panel.regions:
        found = region.distances
        table.add_row(
            region.name, number(found.rmse_mm), number(region.mean_face_rmse_mm), number(found.p95_mm, 2),
            number(found.max_mm, 1), number(found.image_plane_mm), number(found.depth_mm), number(region.attenuation),
        )  # fmt: skip
    return table


def _depths(networks: Sequence[Measured]) -> Table:
    """What one camera sees worst, network by network."""
    table = Table("depth mm")
    for one in networks:
        table.add_column(one.name, justify="right")
    for region in networks[0].panel.regions:
        found = [one.panel.region(region.name) for one in networks]
        table.add_row(region.name, *(number(of.distances.depth_mm if of else None) for of in found))
    return table


def _tell_behaviour(panel: Panel) -> None:
    for contact in panel.contacts:
        timing = contact.timing
        off = ""
        if timing.onset_ms is not None and timing.offset_ms is not None:
            off = f"; closing off by {timing.onset_ms:.0f} ms, opening by {timing.offset_ms:.0f} ms"
        out.print(
            f"{contact.name.capitalize()}: precision {number(contact.precision, 2)},"
            f" recall {number(contact.recall, 2)};"
            f" {timing.num_found} of {timing.num_true} closures found, {timing.num_false} false{off}.",
            soft_wrap=True,
        )
    if panel.jitter is not None:
        of = "a still face" if panel.jitter.is_still else "the calmest moments (no face is still)"
        out.print(
            f"Jitter of {of}: {panel.jitter.solved_mm:.4f} mm a frame, the actor's own {panel.jitter.truth_mm:.4f}.",
            soft_wrap=True,
        )
    if panel.calibration is not None:
        found = panel.calibration
        out.print(
            f"Errors expected: {found.expected_mm:.3f} mm, found: {found.actual_mm:.3f} mm;"
            f" off by {percent(found.deviation)} over what was expected.",
            soft_wrap=True,
        )

"""`livedouble shoot`: film the virtual actor."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from app.cli.console import (
    JsonOption,
    UsageError,
    check_can_write,
    clock,
    ended_in_order,
    err,
    out,
    progress,
    write_json,
)
from engine.machine import machine_facts, usable_cores

if TYPE_CHECKING:
    from training.actor.coverage import Coverage
    from training.actor.stage import StageSetup
    from training.shoot_plan import ShotPlan
    from training.shoot_report import Motion, MovieLoss

_MOST_UNREACHED = 6  # units named in the printed line
_SHORT_MINUTES = 5.0  # below, performances have no time for every unit


def shoot(
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="The data set's folder; made if need be.")],
    minutes: Annotated[
        float, typer.Option(min=0.1, max=60, help="Of training footage; validation shots come on top.")
    ] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="Of every performance: the same seed films the same shots.")] = 1,
    actor: Annotated[str, typer.Option(help="A virtual actor's name, or a number that draws one.")] = "demo",
    jaw_shots: Annotated[
        bool,
        typer.Option(
            "--jaw-shots", help="Also a shot of each session of the jaw going forward and back, all in depth."
        ),
    ] = False,
    cameras: Annotated[str, typer.Option(help="`front`, or `front,side`: synchronous, one movie each.")] = "front",
    size: Annotated[str, typer.Option(help="Of each camera's picture, upright, WIDTHxHEIGHT.")] = "1200x1600",
    colour: Annotated[
        bool, typer.Option("--colour", help="Film in colour; by default monochrome, as the paper.")
    ] = False,
    full_well: Annotated[
        float, typer.Option(min=100, help="Electrons a pixel holds: fewer make more shot noise.")
    ] = 10_500.0,
    read_noise: Annotated[float, typer.Option(min=0, help="The sensor's noise in the dark, electrons.")] = 2.5,
    gain: Annotated[float, typer.Option(min=0.1, help="Amplification: at 4 a quarter of the light is white.")] = 1.0,
    exposure_ms: Annotated[float, typer.Option(min=0.01, max=33.3, help="Of a frame; averages flicker.")] = 8.0,
    mains_hz: Annotated[float, typer.Option(help="Of the lamps' current: 50, 60, or 0 for steady lamps.")] = 50.0,
    flicker_depth: Annotated[float, typer.Option(min=0, max=1, help="Swing of the lamps' light over its mean.")] = 0.05,
    processes: Annotated[int | None, typer.Option(min=1, help="Renderers side by side; by default all cores.")] = None,
    software: Annotated[bool, typer.Option("--software", help="Draw without a GPU where there is one.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print shots and settings, and stop.")] = False,
    json_file: JsonOption = None,
) -> None:
    """Film the virtual actor: movies with the exact mesh of every frame, in the paper's four parts and a later session.

    A shoot that was stopped or killed goes on where it was when the same command is given again; what is lost is the
    shots it was at. Finished shots are looked at, and damaged ones filmed anew.

    Example: livedouble shoot --minutes 5 --seed 1 --out data/demo
    """
    if json_file is not None:
        check_can_write(json_file)
    from engine.render import Offscreen
    from training.actor.identity import identity_of
    from training.actor.rig import build_rig
    from training.actor.sensor import Mains, Sensor
    from training.actor.stage import StageSetup
    from training.shoot import shoot as film
    from training.shoot_folder import check_folder, survey
    from training.shoot_plan import plan_shoot

    if mains_hz not in (0, 50, 60):
        raise UsageError(f"There is no mains current of {mains_hz:g} Hz.", "Give 50, 60, or 0 for steady lamps.")
    width_px, height_px = _parse_size(size)
    setup = StageSetup(
        cameras=tuple(cameras.split(",")),
        width_px=width_px,
        height_px=height_px,
        is_gray=not colour,
        sensor=Sensor(full_well, read_noise, gain, exposure_ms),
        mains=Mains(mains_hz, flicker_depth),
        is_software=software,
    )
    setup.check()
    rig = build_rig(identity_of(actor))
    plans = plan_shoot(minutes, seed, has_jaw_shots=jaw_shots)
    check_folder(folder, rig, plans, setup)
    if dry_run:
        begun = survey(folder, rig, plans, setup)  # what would refuse the shoot refuses its rehearsal
        for damage in begun.damages:
            err.print(f"{damage} It would be filmed anew.", soft_wrap=True, markup=False)
        _tell_plan(plans, setup, rig.topology.num_vertices)
        return
    with Offscreen(16, 16, is_software=software) as offscreen:
        drawn_by = offscreen.gl_renderer
    num_processes = processes or usable_cores()
    out.print(f"Drawn by {drawn_by}, {num_processes} processes.", soft_wrap=True)
    pace = _Pace()
    with ended_in_order(), progress("filming", sum(plan.num_frames for plan in plans)) as advance:
        data = film(
            folder, actor, plans, setup=setup, num_processes=num_processes, progress=pace.through(advance),
            tell=lambda sentence: err.print(sentence, soft_wrap=True, markup=False),
        )  # fmt: skip
    report = pace.report() | {
        "frames": sum(shot.facts.num_frames for shot in data.shots),
        "shots": [shot.facts.name for shot in data.shots],
        "size_mb": round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1),
        "seed": seed,
        "actor": data.actor,
        "drawn_by": drawn_by,
        "processor": machine_facts().processor,
        "processes": num_processes,
    }
    _tell_pace(report)
    report |= _look_at(data, actor, plans, setup, is_short=minutes < _SHORT_MINUTES)
    out.print(f"Next: livedouble sheet {folder}; livedouble train {folder} --out RUN", soft_wrap=True)
    if json_file is not None:
        write_json(json_file, report)


def _parse_size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(number) for number in text.lower().split("x"))
    except ValueError as error:
        raise UsageError(f"'{text}' is not a picture's size.", "Give WIDTHxHEIGHT, for example 600x800.") from error
    return width, height


def _tell_plan(plans: "tuple[ShotPlan, ...]", setup: "StageSetup", num_vertices: int) -> None:
    from training.shoot import bytes_of_a_frame
    from training.shoot_plan import RATE

    for plan in plans:
        out.print(f"{plan.name:24} {plan.slate:14} {plan.timecode}  {plan.num_frames} frames", soft_wrap=True)
    num_frames = sum(plan.num_frames for plan in plans)
    size_mb = num_frames * bytes_of_a_frame(num_vertices, setup) / 1e6
    out.print(
        f"Together {num_frames:,} frames in {len(plans)} shots, {num_frames / float(RATE) / 60:.1f} minutes,"
        f" about {size_mb:,.0f} MB.",
        soft_wrap=True,
    )
    for name, value in setup.record().items():
        out.print(f"{name} = {value}", soft_wrap=True)


class _Pace:
    """Counts what this run made, beside what lay there already, and how long it took."""

    def __init__(self) -> None:
        self._counted: list[int] = []
        self._started_s = time.perf_counter()

    def through(self, advance: Callable[[int], None]) -> Callable[[int], None]:
        def count(frames: int) -> None:
            if not self._counted:  # the first are those that an earlier run made
                self._started_s = time.perf_counter()
            self._counted.append(frames)
            advance(frames)

        return count

    def report(self) -> dict[str, Any]:
        elapsed_s = time.perf_counter() - self._started_s
        made = sum(self._counted[1:])
        return {
            "elapsed_s": round(elapsed_s, 1),
            "frames_made_now": made,
            "frames_per_s": round(made / elapsed_s, 2) if made else 0.0,
        }


def _tell_pace(report: dict[str, Any]) -> None:
    out.print(
        f"{report['frames']} frames in {len(report['shots'])} shots, {report['size_mb']:.0f} MB, "
        f"{clock(report['elapsed_s'])}.",
        soft_wrap=True,
    )
    if report["frames_made_now"]:
        out.print(
            f"{report['frames_per_s']:.1f} frames/s on {report['processor']}, {report['processes']} processes.",
            soft_wrap=True,
        )


def _look_at(
    data: Any, actor: str, plans: "tuple[ShotPlan, ...]", setup: "StageSetup", *, is_short: bool
) -> dict[str, Any]:
    """Measure what was filmed, tell it, and give the figures."""
    from training.shoot_report import measure_coverage, measure_loss, measure_motion

    loss = measure_loss(data, actor, plans, setup)
    with progress("looking at what was filmed", 2 * len(plans)) as advance:
        coverage = measure_coverage(actor, plans, advance)
        motion = measure_motion(data, advance)
    _tell_loss(loss)
    _tell_coverage(coverage, motion, is_short=is_short)
    units = {
        unit: {"maximum": round(float(most), 3), "p95": round(float(p95), 3), "active_share": round(float(share), 4)}
        for unit, most, p95, share in zip(
            coverage.units, coverage.maximum, coverage.percentile_95, coverage.active_share, strict=True
        )
    }
    return {"movie_loss": asdict(loss), "motion": asdict(motion), "units": units}


def _tell_loss(loss: "MovieLoss") -> None:
    out.print(
        f"Lost in the movies, in levels of 255 ({loss.num_frames} frames): mean {loss.mean_levels:.2f},"
        f" rms {loss.rms_levels:.2f}; of what the network sees mean {loss.crop_mean_levels:.2f},"
        f" rms {loss.crop_rms_levels:.2f}.",
        soft_wrap=True,
    )


def _tell_coverage(coverage: "Coverage", motion: "Motion", *, is_short: bool) -> None:
    table = Table("unit", "most", "95 %", "active", "unit", "most", "95 %", "active", box=None, pad_edge=False)
    cells = [
        (unit, f"{most:.2f}", f"{p95:.2f}", f"{share:.0%}")
        for unit, most, p95, share in zip(
            coverage.units, coverage.maximum, coverage.percentile_95, coverage.active_share, strict=True
        )
    ]
    half = (len(cells) + 1) // 2
    for left, right in zip(cells[:half], cells[half:], strict=False):
        table.add_row(*left, *right)
    out.print(table)
    unreached = coverage.unreached()
    if unreached and is_short:
        out.print(
            f"{len(unreached)} of {len(coverage.units)} units are not fully reached: a set of less than"
            f" {_SHORT_MINUTES:g} minutes has no time for all of them.",
            soft_wrap=True,
        )
    elif unreached:
        more = "" if len(unreached) <= _MOST_UNREACHED else f" and {len(unreached) - _MOST_UNREACHED} more"
        out.print(f"Not fully reached: {', '.join(unreached[:_MOST_UNREACHED])}{more}.", soft_wrap=True)
    out.print(
        f"Animated vertices: {motion.rms_mm:.1f} mm rms motion, {motion.furthest_mm:.0f} mm at most;"
        f" {motion.components[0]} components explain 99 %, {motion.components[1]} 99.9 %"
        f" ({motion.num_frames} frames).",
        soft_wrap=True,
    )

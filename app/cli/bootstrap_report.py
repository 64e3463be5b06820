"""The double against its host, on the held-out frames: table, page, figures and a movie to look at."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from app.cli.bootstrap_movie import write_movie
from app.cli.console import UsageError, err, out, progress, write_json
from app.cli.evaluate import decode_all, facts_of, record_of
from engine.errors import CameraError

if TYPE_CHECKING:
    from engine.shots import DataSet
    from training.bootstrap.clip_fit import ClipFit
    from training.bootstrap.head_fit import HeadFit
    from training.bootstrap.host import Host
    from training.bootstrap.judging import Agreement, Pace
    from training.bootstrap.work import Work
    from training.judge import Judge
    from training.panel.report import Table, Tile

REPORT_FILE, FIGURES_FILE, OVERLAY_FILE = "report.html", "report.json", "overlay.mp4"
_NUM_TIMED = 60
_MOST_PLACES = 20  # of frames that were left out, named in the report
_FEW_FRAMES = 240
_LITTLE_MM = 1.0  # by which a face that never moves is off, where the held-out part shows little


def measure_and_tell(
    work: "Work",
    head: "HeadFit",
    fits: "dict[Path, ClipFit]",
    data: "DataSet",
    actor: Path,
    model: Path | None,
    threads: int | None,
    json: Path | None,
) -> None:
    """Measure an actor against its host, print what is met and missed, and say where the report lies.

    Args:
        work: Tracked and fitted; the next four are `judge_double`'s.
        head: The person's.
        fits: Of each clip.
        data: Made of it.
        actor: The exported double.
        model: The user's own of the host.
        threads: Of the processor.
        json: Where else to write the figures.
    """
    from training.bootstrap.host import LandmarkerHost
    from training.trackers import MediaPipeLandmarker

    with ExitStack() as stack:
        host = LandmarkerHost(MediaPipeLandmarker(model))
        stack.callback(host.close)
        figures = judge_double(work, head, fits, data, actor, host, threads)
    for line in bars(figures):
        out.print(line, soft_wrap=True)
    if json is not None:
        write_json(json, figures)
    err.print(f"Report: {work.folder / REPORT_FILE}; overlay movie: {work.folder / OVERLAY_FILE}.", soft_wrap=True)


def judge_double(
    work: "Work",
    head: "HeadFit",
    fits: "dict[Path, ClipFit]",
    data: "DataSet",
    actor: Path,
    host: "Host | None",
    threads: int | None,
) -> dict[str, Any]:
    """Measure an actor against its host; writes report, figures and overlay movie into the working folder.

    Args:
        work: Tracked and fitted.
        head: The person's.
        fits: Of each clip.
        data: Made of it.
        actor: The exported double.
        host: To be timed; none leaves that out.
        threads: Of the processor.

    Returns:
        The figures, as written.
    """
    from app.cli.evaluate_page import write_report
    from app.cli.evaluate_table import show
    from training.bootstrap.judging import agree, held_out, host_alone, truth_itself
    from training.bootstrap.work import fitted_clips
    from training.judge import open_judge
    from training.panel.candidate import best_in_basis, compare, mean_face, remembered, stretches
    from training.panel.pairs import with_pairs_that_part
    from training.panel.report import Additions

    clips = fitted_clips(work, fits)
    known = held_out(clips)
    cache = data.folder / ".crops"
    with ExitStack() as stack:
        judge = stack.enter_context(open_judge(actor, None, None, threads))
        try:
            judge.check(data)
        except CameraError as error:
            raise UsageError(
                f"{actor} was made of another camera's clips: {error.reason}", f"Give the double of {work.folder}."
            ) from error
        decode_all(data, [judge], cache)
        chosen = stretches(data.validation, None)
        topology = with_pairs_that_part(data.topology, [shot.vertices() for shot in data.validation])
        network = remembered(judge.candidate(data, cache, actor.name))
        alone = host_alone(host.name if host else "host", head.points.rig, known)
        still, truth = mean_face(chosen), truth_itself()
        candidates = [network, alone, still, best_in_basis(judge.basis, data.topology, actor.name)]
        num_frames = sum(len(stretch.frames) for stretch in chosen)
        with progress("measuring", num_frames * len(candidates)) as advance:
            measured = compare(chosen, topology, candidates, advance)
        agreements = [
            agree(one, data.validation, known, data.topology.neutral, head.points.places, head.camera)
            for one in (network, alone, truth, still)
        ]
        timed = None if host is None else _timed(host, judge, data, cache, actor, threads)
        facts = facts_of(data, chosen)
        show(measured, [], facts)
        figures = {
            **record_of(facts, measured, [], [judge]),
            "agreement": [asdict(one) for one in agreements],
            "pace": None if timed is None else asdict(timed),
            "share_used": {work.name_of(clip): fit.doubted.share_used for clip, fit in fits.items()},
        }
        write_json(work.folder / FIGURES_FILE, figures)
        additions = Additions(
            (_agreement_table(agreements, timed, alone.name), _use_table(work, fits)),
            tuple(bar.tile for bar in _bars(figures)),
            tuple(_warnings(figures)),
            truth_name=truth.name,
        )
        write_report(
            work.folder / REPORT_FILE,
            data,
            [judge],
            cache,
            [work.run_folder],
            [network],
            measured,
            [],
            facts,
            additions,
        )
        write_movie(work.folder / OVERLAY_FILE, clips, head, data, judge, network)
    return figures


def _timed(host: "Host", judge: "Judge", data: "DataSet", cache: Path, actor: Path, threads: int | None) -> "Pace":
    """One frame at a time, by a backend opened as live: the judge's is opened for many frames."""
    from contextlib import closing
    from itertools import islice

    from engine.backends import open_backend
    from engine.bundle import ActorBundle
    from training.bootstrap.judging import pace
    from training.crops import choose_frames
    from training.judge import solved_by

    shot = data.validation[0]
    count = min(_NUM_TIMED, shot.facts.num_frames)
    frames = choose_frames((judge.crops(data, shot, cache),), None)
    crops = np.stack([frames.crop(index) for index in range(count)])
    with shot.pictures() as movie:
        pictures = list(islice(movie, count))
    with closing(open_backend(ActorBundle.open(actor), num_threads=threads)) as backend:
        return pace(host, pictures, crops, lambda one: solved_by(backend, one))


def _agreement_table(agreements: "Sequence[Agreement]", timed: "Pace | None", host: str) -> "Table":
    from training.panel.report import Table

    names = list(agreements[0].correlations)
    rows = []
    for one in agreements:
        correlations = ("–" if value is None else f"{value:.2f}" for value in one.correlations.values())
        rows.append(
            (one.name, f"{one.reprojection_percent:.2f} %", f"{one.reprojection_p95_percent:.2f} %", *correlations)
        )
    note = (
        "The truth of this page is the tracker's own steady fit; the aims above are of a double against the tracker"
        " that taught it, on the held-out frames. Here: meshes seen by the camera, the head where the tracker saw it,"
        " against the landmarks tracked in the picture: distances in parts of that between the eyes' outer corners, and"
        " correlations of what the face does, measured"
        " from the same head at rest and beyond what goes with its pose (a dash: it hardly moves)."
    )
    if timed is not None:
        note += (
            f" A frame takes {timed.network_ms:.1f} ms from crop to vertices, {host} {timed.host_ms:.1f} ms to its"
            " landmarks (medians, in turn)."
        )
    header = ("", "off by", "95 % of frames below", *names)
    return Table("picture", "In the picture", note, header, tuple(rows))


def _use_table(work: "Work", fits: "dict[Path, ClipFit]") -> "Table":
    from training.frame_words import frame_words
    from training.panel.report import Table

    rows = []
    for clip, fit in fits.items():
        doubts = fit.doubted
        reasons = "; ".join(
            f"{len(frames)} {reason.words}: {frame_words(frames + 1, _MOST_PLACES)}"
            for reason, frames in doubts.frames().items()
        )
        rows.append((work.name_of(clip), str(fit.num_frames), f"{100 * doubts.share_used:.1f} %", reasons or "–"))
    note = (
        "Frames that the host cannot be believed on are neither learned from nor measured. All of this was computed on"
        " this machine and stays there; a double is made of somebody with their consent alone."
    )
    return Table("footage", "The footage", note, ("clip", "frames", "used", "left out"), tuple(rows))


def bars(figures: dict[str, Any]) -> list[str]:
    """What the double must reach to be better than its host: warnings, then one line each, met or missed."""
    return [*_warnings(figures), *(bar.words for bar in _bars(figures))]


class _Bar(NamedTuple):
    """One thing that must be reached."""

    name: str
    value: float | None
    bound: float
    unit: str = ""
    is_least: bool = False

    @property
    def found(self) -> str:
        return "it never moves" if self.value is None else f"{self.value:.2f} {self.unit}".rstrip()

    @property
    def aim(self) -> str:
        return f"{'≥' if self.is_least else '≤'} {self.bound:g}"

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "cannot be said"
        return "met" if (self.value >= self.bound if self.is_least else self.value <= self.bound) else "missed"

    @property
    def tile(self) -> "Tile":
        from training.panel.report import Tile

        number, is_met = "–" if self.value is None else f"{self.value:.2f}", {"met": True, "missed": False}
        detail = "it never moves" if self.value is None else ""
        return Tile(self.name, number, self.unit, detail, self.aim, is_met.get(self.verdict))

    @property
    def words(self) -> str:
        return f"{self.name}: {self.found} ({self.aim}: {self.verdict})"


def _bars(figures: dict[str, Any]) -> list[_Bar]:
    double, host = figures["measured"][0], figures["measured"][1]
    rmse, mean, agreement = double["overall"]["rmse_mm"], double["mean_face_rmse_mm"], figures["agreement"][0]
    found = [
        _Bar("RMSE to the fit", rmse, 1.5, "mm"),
        _Bar("of a face that never moves", rmse / mean if mean else None, 0.4),
        _Bar("off the tracked landmarks", agreement["reprojection_percent"], 4.0, "% of the eyes' distance"),
    ]
    if double["jitter"] and host["jitter"] and host["jitter"]["solved_mm"]:
        found.append(_Bar("jitter, of the host's", double["jitter"]["solved_mm"] / host["jitter"]["solved_mm"], 0.7))
    for name, least in (("mouth", 0.9), ("blink", 0.9), ("brow", 0.7), ("smile", 0.7)):
        found.append(_Bar(f"{name} with the tracker, correlation", agreement["correlations"][name], least, "", True))
    used = figures["share_used"].items()
    return found + [_Bar(f"frames used of {name}", 100 * share, 98.0, "%", True) for name, share in used]


def _warnings(figures: dict[str, Any]) -> list[str]:
    """What to know before the figures are read."""
    double, told = figures["measured"][0], []
    mean, num_frames = double["mean_face_rmse_mm"], figures["num_frames"]
    if num_frames < _FEW_FRAMES:
        told.append(f"Only {num_frames} frames are held out: the figures tell little of another day.")
    if mean < _LITTLE_MM:
        told.append(
            f"The held-out part hardly moves: a face that never moves is off by {mean:.2f} mm there. So shares of"
            " motion and correlations tell little; film expressions and speech to the end."
        )
    if double["overall"]["rmse_mm"] >= mean:
        told.append("The double is no better than a face that never moves: film more, or train longer.")
    return told

"""What `livedouble solve` tells at its end, for people and for machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli.console import clock, err, out
from engine.backends import not_taken
from engine.bundle import ActorBundle
from engine.expected import Moment
from engine.pace import Alone
from engine.solve_job import MovieRecord, State, is_cut_off


@dataclass(frozen=True, slots=True)
class SolveReport:
    """What the JSON file says of one movie."""

    movie: str
    file: str
    actor: str
    cameras: tuple[str, ...]  # whose movies were solved together
    frames: int
    frames_claimed: int  # by the movie's container; 0 where it does not say
    first_frame: int  # that this run solved; those before are a stopped run's
    backend: str
    precision: str
    provider: str
    batch: int
    crop: tuple[int, ...]  # x, y, width, height
    notes: tuple[str, ...]  # about crop, stabilising and cameras, for people
    has_vertices: bool
    checksum: str  # SHA-256 of the file
    seconds: float  # decoding and solving, without start-up and writing
    fps: float
    write_seconds: float
    alone: Alone | None  # what network and decoding make by themselves; None for a short movie
    expected_mm: float | None  # mean of the errors that the network expects of itself
    record_next: tuple[Moment, ...]  # where it is least sure of itself
    others: tuple[str, ...]  # why other backends did not run

    @classmethod
    def of(cls, record: MovieRecord, bundle: ActorBundle, batch: int, alone: Alone | None) -> "SolveReport":
        """From a movie's record."""
        seconds = record.seconds - record.write_seconds
        return cls(
            movie=record.movie,
            file=record.file,
            actor=bundle.name,
            cameras=record.cameras,
            frames=record.frames,
            frames_claimed=record.frames_claimed,
            first_frame=record.first_frame,
            backend=record.backend,
            precision=record.precision,
            provider=record.provider,
            batch=batch,
            crop=record.crop,
            notes=record.notes,
            has_vertices=record.has_vertices,
            checksum=record.checksum,
            seconds=round(seconds, 3),
            fps=round((record.frames - record.first_frame) / seconds, 2),
            write_seconds=record.write_seconds,
            alone=alone,
            expected_mm=record.expected_mm,
            record_next=record.record_next,
            others=not_taken(record.backend, record.precision),
        )


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What the JSON file says of many movies."""

    folder: str
    actor: str
    num_done: int
    num_failed: int
    num_taken: int  # by other processes
    frames: int  # of all results
    frames_solved: int  # by this run
    seconds: float  # all told, start-up and writing too
    fps: float
    alone: Alone | None
    solved_by: str  # empty where nothing was left to solve, or a cluster solved it
    others: tuple[str, ...]  # why other backends did not run; empty likewise
    movies: tuple[MovieRecord, ...]

    @classmethod
    def of(
        cls,
        records: Sequence[MovieRecord],
        folder: Path,
        bundle: ActorBundle,
        seconds: float,
        alone: Alone | None,
        solved_by: str,
    ) -> "FolderReport":
        """From the records of all its movies."""
        done = [record for record in records if record.state is State.DONE]
        frames_solved = sum(record.frames - record.first_frame for record in done)
        return cls(
            folder=str(folder),
            actor=bundle.name,
            num_done=len(done),
            num_failed=sum(record.state is State.FAILED for record in records),
            num_taken=sum(record.state is State.TAKEN for record in records),
            frames=sum(record.frames for record in done),
            frames_solved=frames_solved,
            seconds=round(seconds, 3),
            fps=round(frames_solved / seconds, 2),
            alone=alone,
            solved_by=solved_by,
            others=next((not_taken(one.backend, one.precision) for one in done if solved_by and one.backend), ()),
            movies=tuple(records),
        )


def tell_movie(report: SolveReport) -> None:
    """On the terminal, about one movie."""
    content = "latents and vertices" if report.has_vertices else "latents, without vertices (--vertices writes them)"
    _say(
        f"{report.frames - report.first_frame} frames in {report.seconds:.1f} s, {report.fps:.1f} frames/s"
        f" ({report.backend} {report.precision}, batch {report.batch}). {report.file} holds {content}."
    )
    _tell_alone(report.alone)
    if report.record_next:
        _say(f"The network expects an error of {report.expected_mm:.2f} mm on average. Record these expressions next:")
    for moment in report.record_next:
        _say(f"  {_moment(moment)}")
    for note in report.notes:
        _remark(note)
    _remark_claimed("The movie", report.frames, report.frames_claimed)


def tell_folder(report: FolderReport) -> None:
    """On the terminal, about many movies; what went wrong comes last."""
    solved = [one for one in report.movies if one.state is State.DONE and one.first_frame < one.frames]
    if report.frames_solved:
        by = f" ({report.solved_by})" if report.solved_by else ""
        _say(
            f"{_count(len(solved), 'movie')}, {report.frames_solved} frames in {clock(report.seconds)},"
            f" {report.fps:.1f} frames/s{by}."
        )
    if num_before := report.num_done - len(solved):
        _say(f"{num_before} {'was' if num_before == 1 else 'were'} done already.")
    _tell_alone(report.alone)
    _say(f"{report.folder} holds the results and manifest.json, which tells of each.")
    moments = [(Path(one.file).stem, moment) for one in solved for moment in one.record_next]
    if moments:
        _say("Where the network is least sure of itself; record these expressions next:")
    for name, moment in sorted(moments, key=lambda pair: -pair[1].expected_mm)[:6]:
        _say(f"  {name}  {_moment(moment)}")
    for one in solved:
        name = Path(one.file).stem
        for note in one.notes:
            _remark(f"{name}: {note}")
        _remark_claimed(name, one.frames, one.frames_claimed)
    if report.num_taken:
        _remark(
            f"Another process is at {_count(report.num_taken, 'movie')}; the same command again finds what it makes:"
        )
    for one in report.movies:
        if one.state is State.TAKEN:
            _remark(f"  {one.movie}")
    failed = [one for one in report.movies if one.state is State.FAILED]
    if failed:
        _remark(f"{len(failed)} of {_count(len(report.movies), 'movie')} failed:")
    for one in failed:
        _remark(f"  {one.error}" if one.movie in one.error else f"  {one.movie}: {one.error}")


def _remark_claimed(name: str, num_frames: int, num_claimed: int) -> None:
    if num_claimed in (0, num_frames):
        return
    end = " It is cut off: copy it again." if is_cut_off(num_frames, num_claimed) else ""
    _remark(f"{name} claims {num_claimed} frames, {num_frames} could be decoded.{end}")


def _tell_alone(alone: Alone | None) -> None:
    if alone is None:
        return
    measured = "measured once" if alone.num_rounds == 1 else f"medians of {alone.num_rounds} moments"
    _say(
        f"Alone the network makes {alone.network_fps:.1f} frames/s here and decoding {alone.decode_fps:.1f}"
        f" ({measured} in between), so that both allow {alone.allowed_fps:.1f}; {_made(alone)}"
    )


def _made(alone: Alone) -> str:
    """How much of what network and decoding allow was made, as far as it can be told."""
    if alone.quartiles is None:
        return "the run was too short to tell how much of that was made."
    lower, upper = alone.quartiles
    if alone.share is None:
        return (
            "how much of that was made cannot be told, the cores were too busy with other work:"
            f" half of the time it was between {lower:.0%} and {upper:.0%}."
        )
    return f"{alone.share:.0%} of that was made (half of the time between {lower:.0%} and {upper:.0%})."


def _moment(moment: Moment) -> str:
    part = f", the {moment.region} {moment.region_mm:.2f} mm" if moment.region else ""
    return f"{moment.timecode}  frame {moment.frame + 1}: {moment.expected_mm:.2f} mm{part}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _say(sentence: str) -> None:
    out.print(sentence, soft_wrap=True, markup=False)


def _remark(sentence: str) -> None:
    err.print(sentence, soft_wrap=True, markup=False)

"""What `track`, `fit` and `bootstrap` share: the host that is asked, and a clip looked at with progress."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import UsageError, err, progress

if TYPE_CHECKING:
    from engine.shots import DataSet
    from training.bootstrap.clip_fit import ClipFit
    from training.bootstrap.head_fit import HeadFit
    from training.bootstrap.host import Host
    from training.bootstrap.track import Track
    from training.bootstrap.work import Start, Work

_FEW_SEEN = 0.5  # of the frames have a face, below which the movie may be turned
ClipsArgument = Annotated[
    list[Path], typer.Argument(metavar="CLIP…", help="Movies of one person before one camera, which may be a webcam.")
]
ArkitOption = Annotated[
    Path | None,
    typer.Option(
        "--arkit",
        metavar="CSV",
        help="Live Link Face's table beside the clip: its expressions rather than MediaPipe's.",
    ),
]
ModelOption = Annotated[
    Path | None, typer.Option("--mediapipe-model", metavar="FILE", help="Your own face_landmarker.task.")
]


def track_all(work: "Work", arkit: Path | None, model: Path | None, should_stop: Callable[[], bool]) -> bool:
    """Look at every clip that has not been looked at; False where it was told to stop.

    Raises:
        LiveDoubleError: A clip is damaged, the host is not installed, or there is nothing to learn from.
    """
    from training.bootstrap.coverage import usual_advice
    from training.bootstrap.doubts import doubt
    from training.bootstrap.track import Track, check_same_host, track_clip
    from training.bootstrap.work import check_clip
    from training.trackers.models import FACE_LANDMARKER

    if arkit is not None and len(work.clips) > 1:
        raise UsageError("A table of Live Link Face belongs to one clip.", "Give that clip alone.")
    for clip in work.clips:
        path = work.track_path(clip)
        if not path.is_file():
            _tell_of_own(model)
            footage = work.footage(clip)
            for note in footage.facts.notes:
                err.print(note, soft_wrap=True)
            rate = footage.facts.rate or Fraction(30)
            with ExitStack() as stack:
                host = _open_host(arkit, model, rate)
                stack.callback(host.close)
                for other in work.tracked():
                    check_same_host(work.name_of(other), Track.load(work.track_path(other)), host.identity)
                advance = stack.enter_context(progress(f"tracking {work.name_of(clip)}", footage.facts.num_frames))
                if track_clip(footage, host, path, advance, should_stop) is None:
                    return False
        track = Track.load(path)
        _check_asked_for(clip.name, path, track, arkit, model)
        if FACE_LANDMARKER.sha256[:12] not in track.host or track.host.startswith("ARKit"):
            err.print(f"{clip.name} was tracked by {track.host}.", soft_wrap=True)
        if model is not None and not track.is_seen.any():
            err.print(f"With {model} no face is found at all: is that file whole?", soft_wrap=True)
        if track.is_seen.mean() < _FEW_SEEN:
            _check_upright(work, clip, model)
        doubts = doubt(track)
        for line in check_clip(work.name_of(clip), track, doubts):
            err.print(line, soft_wrap=True)
        advice = usual_advice(work.footage(clip).pictures(), track, doubts)
        if advice is not None:
            err.print(f"In most pictures of {work.name_of(clip)}: {advice}", soft_wrap=True)
    _tell_length(work)
    return True


def _tell_of_own(model: Path | None) -> None:
    from engine.model_files import short_checksum
    from training.trackers.models import FACE_LANDMARKER

    if model is not None and model.is_file() and not FACE_LANDMARKER.is_known(model):
        err.print(
            f"{model} (SHA-256 {short_checksum(model)}…) is another model than our fits were checked with"
            f" ({FACE_LANDMARKER.sha256[:12]}…); it is taken as it is. Look at the overlay movie before you trust it.",
            soft_wrap=True,
        )


def _check_asked_for(name: str, path: Path, track: "Track", arkit: Path | None, model: Path | None) -> None:
    """Refuse a table or a model that comes after the tracking: what lies there was made without."""
    from engine.model_files import short_checksum

    if arkit is not None and not (arkit.is_file() and short_checksum(arkit) in track.host):
        without: Path | None = arkit
    elif model is not None and model.is_file() and short_checksum(model) not in track.host:
        without = model
    else:
        return
    raise UsageError(
        f"{name} is tracked already, by {track.host}, without {without}.", f"Remove {path}, or give another --work."
    )


def _check_upright(work: "Work", clip: Path, model: Path | None) -> None:
    """Refuse a movie that shows faces once it is turned."""
    from contextlib import closing

    from training.bootstrap.host import LandmarkerHost
    from training.bootstrap.track import upright_turn_deg
    from training.bootstrap.work import lying
    from training.trackers import MediaPipeLandmarker

    with closing(LandmarkerHost(MediaPipeLandmarker(model))) as host:
        turn_deg = upright_turn_deg(work.footage(clip), host)
    if turn_deg:
        raise lying(work.name_of(clip), turn_deg)


def _open_host(arkit: Path | None, model: Path | None, rate: Fraction) -> "Host":
    from engine.model_files import short_checksum
    from training.bootstrap.host import LandmarkerHost
    from training.bootstrap.live_link import LiveLinkHost, read_table
    from training.trackers import MediaPipeLandmarker

    table = None if arkit is None else read_table(arkit)  # before anything is opened
    landmarker = LandmarkerHost(MediaPipeLandmarker(model, most_faces=2))
    if table is None or arkit is None:
        return landmarker
    return LiveLinkHost(table, rate, landmarker, short_checksum(arkit))


def _tell_length(work: "Work") -> None:
    from training.bootstrap.doubts import doubt
    from training.bootstrap.work import ENOUGH_S

    used_s = sum(
        float(doubt(track).is_used.sum()) * float(track.rate[1] / track.rate[0]) for track in work.tracks().values()
    )
    if used_s < ENOUGH_S:
        err.print(
            f"{used_s / 60:.1f} minutes of face: four make a good double, with every expression and some speech.",
            soft_wrap=True,
        )


def tell_left_out(work: "Work", fits: "Mapping[Path, ClipFit]") -> None:
    """What the fit doubts beyond the track: frames that no head explains, and hands."""
    from training.bootstrap.doubts import Doubt, in_words

    for clip, fit in fits.items():
        later = {
            doubt: count for doubt, count in fit.doubted.counts().items() if doubt in (Doubt.MISFIT, Doubt.COVERED)
        }
        if later:
            share = 100 * fit.doubted.share_used
            err.print(
                f"{work.name_of(clip)}: also left out: {in_words(later)}; {share:.1f} % are used.", soft_wrap=True
            )


def teach_to_find_the_head(
    work: "Work", head: "HeadFit", fits: "dict[Path, ClipFit]", data: "DataSet", threads: int | None
) -> None:
    """Let the double's own stabiliser learn from the fit, if it has not yet, and say how well it does.

    Args:
        work: Fitted.
        head: The person's.
        fits: Of each clip.
        data: Made of them.
        threads: Of the processor.
    """
    from engine.bundle import STABILISER_FILE
    from training.bootstrap.held_still import teach_stabiliser
    from training.bootstrap.work import fitted_clips
    from training.config import TrainConfig
    from training.device import choose_compute

    if (work.run_folder / STABILISER_FILE).is_file():
        return
    choose_compute("cpu", threads)
    with ExitStack() as stack:
        clips, seed = fitted_clips(work, fits), TrainConfig().seed
        line = teach_stabiliser(clips, head, data, work.run_folder, seed, in_steps(stack))
    err.print(line, soft_wrap=True)


def in_steps(stack: ExitStack) -> "Start":
    """Progress for one step after the other, each ending where the next begins."""
    current = stack.enter_context(ExitStack())

    def start(task: str, total: int) -> Callable[[int], None]:
        current.close()
        return current.enter_context(progress(task, total))

    return start

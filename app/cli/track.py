"""`livedouble track`: let a face tracker look at clips of a real person."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.bootstrap_steps import ArkitOption, ClipsArgument, ModelOption, track_all
from app.cli.console import JsonOption, check_can_write, err, write_json
from engine.exit_codes import EXIT_INTERRUPTED


def track(
    clips: ClipsArgument,
    folder: Annotated[Path, typer.Option("--work", metavar="WORK", help="The working folder; made if need be.")],
    arkit: ArkitOption = None,
    mediapipe_model: ModelOption = None,
    json: JsonOption = None,
) -> None:
    """Let MediaPipe's face landmarker look at every frame of clips of a real person, and say what can be used.

    The first step of `livedouble bootstrap`; `livedouble fit WORK` is the next. What was stopped goes on where it was.
    Needs what `make install-trackers` brings. Nothing leaves this machine.

    Example: livedouble track me.mp4 --work runs/me
    """
    if json is not None:
        check_can_write(json)
    from app.cli.train_screen import stop_on_interrupt
    from training.bootstrap.doubts import doubt
    from training.bootstrap.work import Work

    work = Work.begin(folder, clips)
    with work.claimed(), stop_on_interrupt() as interrupt:
        is_done = track_all(work, arkit, mediapipe_model, interrupt.was_asked)
    if not is_done:
        err.print("Saved. The same command goes on from there.")
        raise typer.Exit(EXIT_INTERRUPTED)
    if json is not None:
        found = {}
        for clip, one in work.tracks().items():
            doubts = doubt(one)
            found[work.name_of(clip)] = {
                "num_frames": one.num_frames, "share_used": doubts.share_used, "num_cuts": len(doubts.cuts),
                "left_out": {reason.name.lower(): count for reason, count in doubts.counts().items()},
            }  # fmt: skip
        write_json(json, found)
    err.print(f"Next: livedouble fit {folder}", soft_wrap=True)

"""The held-out part of every clip as a movie to look at: picture, fit and double side by side, doubted frames too."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.cli.console import err, progress

if TYPE_CHECKING:
    from engine.shots import DataSet
    from training.bootstrap.clip_set import FittedClip
    from training.bootstrap.head_fit import HeadFit
    from training.bootstrap.overlay import OverlayFrame
    from training.judge import Judge
    from training.panel.candidate import Candidate

_COLUMNS = "held out: the tracker's fit", "held out: the double"


def write_movie(
    path: Path,
    clips: "Sequence[FittedClip]",
    head: "HeadFit",
    data: "DataSet",
    judge: "Judge",
    network: "Candidate",
) -> None:
    """Draw it.

    Args:
        path: Of the movie.
        clips: Fitted.
        head: The person's.
        data: Made of the clips.
        judge: The double, which solves the frames that are no part of the data.
        network: The double, which has solved the others.
    """
    from training.bootstrap.clip_set import held_out_frames
    from training.bootstrap.overlay import Overlay, write_overlay

    total = sum(len(held_out_frames(clip.fit.num_frames)) for clip in clips)
    rate = Fraction(data.validation[0].rate)
    skin = None if data.skin_path is None else cv2.imread(str(data.skin_path))[..., ::-1]
    frames = (frame for clip in clips for frame in _frames(clip, data, judge, network))
    with Overlay(data.topology, head.camera, skin) as overlay, progress("drawing the overlay", total) as advance:
        write_overlay(path, overlay, rate, _COLUMNS, frames, advance)
    err.print(f"Look at {path}.", soft_wrap=True)


def _frames(clip: "FittedClip", data: "DataSet", judge: "Judge", network: "Candidate") -> "Iterator[OverlayFrame]":
    """All held-out frames of a clip; of doubted ones what the double makes of them, where the head is known."""
    from training.bootstrap.clip_set import frames_of, held_out_frames, parts_of
    from training.bootstrap.doubts import Doubt
    from training.bootstrap.overlay import OverlayFrame

    parts = {frame: part for part in parts_of(clip.name, clip.fit.doubted)[0] for frame in part.frames}
    shots = {shot.facts.name: shot for shot in data.validation}
    solve = judge.picture_solver(data)
    for frame, picture in frames_of(clip, held_out_frames(clip.fit.num_frames)):
        words, pose = f"{clip.name}, frame {frame + 1}", clip.fit.pose(frame)
        part = parts.get(frame)
        if part is not None:
            shot, index = shots[part.name], frame - part.frames.start
            solved = network.solve(shot, range(len(part.frames)), lambda _: None).vertices[index]
            yield OverlayFrame(picture, pose, (np.asarray(shot.vertices()[index]), solved), words)
            continue
        reason = Doubt(clip.fit.doubts[frame])
        left_out = reason.words if reason else "between frames that are"
        is_known = bool(np.isfinite(pose.turn).all())
        solved = solve(picture) if is_known else None
        yield OverlayFrame(picture, pose if is_known else None, (None, solved), words, left_out)

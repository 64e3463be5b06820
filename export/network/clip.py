"""A short clip of a validation shot, small enough to travel with its actor: movie and exact meshes."""

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.errors import ShotError
from engine.movies import MovieWriter
from engine.points import pack_points
from engine.shots import FRONT, Role, Shot

_MOVIE, _POINTS = "front.mp4", "points.npz"


def cut_clip(shot: Shot, folder: Path, num_frames: int, first_frame: int, crf: int) -> Shot:
    """Write the frames `first_frame` and on of a shot as a shot of their own.

    Args:
        shot: A validation shot: a clip of what was trained on would flatter.
        folder: New.
        num_frames: Of the clip.
        first_frame: Where it starts.
        crf: x264's constant rate factor; 24 keeps 10 seconds of a 1200x1600 camera under 3 MB.

    Raises:
        ShotError: The shot is not a validation shot, is too short, or the folder exists.
        StorageError: The disk is full.
    """
    if shot.facts.role is not Role.VALIDATION:
        raise ShotError(f"{shot.folder} is a training shot.", "Cut the clip from a validation shot.")
    last_frame = first_frame + num_frames
    if first_frame < 0 or num_frames < 1 or last_frame > shot.facts.num_frames:
        raise ShotError(
            f"{shot.folder} has {shot.facts.num_frames} frames, the clip asks for {first_frame} to {last_frame}.",
            "Ask for fewer frames, or an earlier start.",
        )
    if folder.exists():
        raise ShotError(f"{folder} exists already.", "Choose a new folder, or remove it first.")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    timecode = shot.timecode.plus(first_frame) if shot.facts.timecode else None
    with shot.pictures() as movie:
        facts = movie.facts
        with MovieWriter(
            partial / _MOVIE, facts.width_px, facts.height_px, shot.rate, crf=crf, is_gray=facts.is_gray,
            timecode=timecode, preset="medium",
        ) as writer:  # fmt: skip
            for picture in itertools.islice(movie, first_frame, last_frame):
                writer.write(picture)
    pack_points(partial / _POINTS, np.asarray(shot.vertices()[first_frame:last_frame]))
    clip_facts = replace(
        shot.facts,
        name=folder.name,
        num_frames=num_frames,
        timecode=str(timecode or ""),
        movies={FRONT: _MOVIE},
        points=_POINTS,
    )
    Shot.write_facts(partial, clip_facts)
    partial.replace(folder)
    return Shot.open(folder)

"""What a user would otherwise pick: a landmark tracker whose expression scores drive the same virtual head.

Rule: it gets every advantage there is: the exact head, its rig, and whole pictures. A face it does not find keeps its
last expression, as tracking products do.
"""

from itertools import islice

import numpy as np

from engine.errors import LiveDoubleError, ShotError
from engine.mesh import distances_mm, rmse_mm
from engine.shots import DataSet, Shot
from training.actor.identity import identity_of
from training.actor.rig import Rig, build_rig
from training.panel.candidate import Advance, Candidate, Kind, Solved
from training.trackers import Tracker, TrackerError

_SAME_HEAD_MM = 0.05  # root mean square; another version of an actor's head differs by more


def why_untracked(data: DataSet) -> str | None:
    """Why a tracker cannot drive this data set's head; None where it can."""
    if any(shot.facts.seed is None for shot in data.shots):
        return f"{data.actor} was filmed, not made: there is no rig for a tracker's scores to drive"
    try:
        rig = build_rig(identity_of(data.actor))
    except LiveDoubleError as error:
        return f"there is no rig of {data.actor} here ({error.reason})"
    neutral = data.topology.neutral
    is_same = rig.topology.neutral.shape == neutral.shape
    if not is_same or rmse_mm(distances_mm(rig.topology.neutral, neutral)) > _SAME_HEAD_MM:
        return f"{data.folder.name} was shot with another version of {data.actor}"
    return None


def tracked_head(data: DataSet, tracker: Tracker) -> Candidate:
    """The data set's own head, driven by a tracker.

    Args:
        data: Of a virtual actor; ask `why_untracked` first.
        tracker: Open; gives scores by ARKit's names.
    """
    rig = build_rig(identity_of(data.actor))

    def solve(shot: Shot, frames: range, advance: Advance) -> Solved:
        return Solved(_track(rig, tracker, shot, frames, advance))

    words = f"{tracker.name}'s expression scores on the actor's own rig, from whole pictures"
    return Candidate(tracker.name, Kind.TRACKER, words, solve)


def _track(rig: Rig, tracker: Tracker, shot: Shot, frames: range, advance: Advance) -> np.ndarray:
    vertices = np.empty((len(frames), rig.topology.num_vertices, 3), np.float32)
    weights = np.zeros(len(rig.units), np.float32)
    num_done = 0
    with shot.pictures() as movie:
        for picture in islice(movie, frames.start, frames.stop):
            reading = tracker.find(picture)
            if reading is not None:
                if not reading.scores:
                    raise TrackerError(f"{tracker.name} gives no expression scores.", "Use a tracker that does.")
                weights = np.array([reading.scores.get(unit, 0.0) for unit in rig.units], np.float32)
            vertices[num_done] = rig.pose(weights)
            num_done += 1
            advance(1)
    if num_done < len(frames):
        raise ShotError(f"The movie {shot.movie_path()} ends before its shot does.", "Make or ingest the shot again.")
    return vertices

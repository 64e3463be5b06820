"""Is the double as good as the host that taught it? Measured on the held-out frames, in the mesh and in the picture.

Rule: the truth is the host's own steady fit, so nothing here says how the real face moved; what the picture shows is
compared with what the tracker saw there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.spatial.transform import Rotation

from engine.shots import Role, Shot
from training.actor.rig import Rig
from training.bootstrap.clip_set import FittedClip, Part, parts_of
from training.bootstrap.host import Host
from training.bootstrap.landmark_places import LandmarkPlaces
from training.bootstrap.pinhole import Pinhole
from training.bootstrap.signals import USED, beyond, correlation, signals
from training.panel.candidate import Advance, Candidate, Kind, Solved


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a mesh agrees with what the tracker saw in the picture.

    Args:
        name: Of the candidate.
        reprojection_percent: Mean distance of the mesh's landmarks from the tracked ones, of the distance between the
            eyes.
        reprojection_p95_percent: Of frames' means, the 95th percentile.
        correlations: Of mouth opening, blink, brow and smile with the tracker's, from the head at rest and beyond what
            goes with its pose; None where they never move.
    """

    name: str
    reprojection_percent: float
    reprojection_p95_percent: float
    correlations: dict[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """A held-out shot and where it comes from.

    Args:
        clip: It is part of.
        part: Of the clip.
    """

    clip: FittedClip
    part: Part


def held_out(clips: Sequence[FittedClip]) -> dict[str, HeldOut]:
    """By the shot's name."""
    return {
        part.name: HeldOut(clip, part)
        for clip in clips
        for part in parts_of(clip.name, clip.fit.doubted)[0]
        if part.role is Role.VALIDATION
    }


def host_alone(name: str, rig: Rig, shots: dict[str, HeldOut]) -> Candidate:
    """What the host gives frame by frame, on the same head: what a user of it alone would have."""

    def solve(shot: Shot, frames: range, advance: Advance) -> Solved:
        held = shots[shot.facts.name]
        fit, first = held.clip.fit, held.part.frames.start
        rows = [first + frame for frame in frames]
        advance(len(frames))
        return Solved(np.stack([rig.pose(fit.raw_weights[row], float(fit.seals[row])) for row in rows]))

    return Candidate(name, Kind.TRACKER, f"{name}'s landmarks on the same head, every frame by itself", solve)


def agree(
    candidate: Candidate,
    shots: Sequence[Shot],
    known: dict[str, HeldOut],
    neutral: np.ndarray,
    places: LandmarkPlaces,
    camera: Pinhole,
) -> Agreement:
    """Hold a candidate's meshes, posed as the host saw the head, against the tracked landmarks.

    Args:
        candidate: The network, the host, or the truth.
        shots: Held out.
        known: Where they come from.
        neutral: [V, 3] cm, the face at rest.
        places: On the mesh.
        camera: That filmed.
    """
    errors: list[np.ndarray] = []
    of_mesh: dict[int, list[np.ndarray]] = {number: [] for number in USED}
    of_tracker: dict[int, list[np.ndarray]] = {number: [] for number in USED}
    of_rest: dict[int, list[np.ndarray]] = {number: [] for number in USED}
    turns: list[np.ndarray] = []
    at_rest = places.on(neutral.astype(np.float64))
    for shot in shots:
        held = known[shot.facts.name]
        frames = held.part.frames
        vertices = candidate.solve(shot, range(len(frames)), lambda _: None).vertices
        track = held.clip.track
        points = np.stack(
            [
                camera.project(held.clip.fit.pose(frame).place(places.on(mesh.astype(np.float64))))
                for frame, mesh in zip(frames, vertices, strict=True)
            ]
        )
        resting_points = np.stack([camera.project(held.clip.fit.pose(frame).place(at_rest)) for frame in frames])
        turns.append(held.clip.fit.turns[frames.start : frames.stop])
        seen = track.landmarks[frames.start : frames.stop].astype(np.float64)
        off = np.linalg.norm(points - seen[:, places.numbers], axis=2)
        errors.append(off.mean(axis=1) / track.unit_px[frames.start : frames.stop])
        for number in USED:
            of_mesh[number].append(points[:, places.row(number)])
            of_tracker[number].append(seen[:, number])
            of_rest[number].append(resting_points[:, places.row(number)])
    # What a turned head makes of a face at rest is no expression: both are taken beyond what goes with the pose.
    poses = Rotation.from_matrix(np.concatenate(turns)).as_rotvec()  # [N, 3]
    rest = {number: np.concatenate(parts) for number, parts in of_rest.items()}
    resting = signals(rest, rest)
    solved, tracked = (
        {
            name: beyond(values - resting[name], poses)
            for name, values in signals({number: np.concatenate(parts) for number, parts in one.items()}, rest).items()
        }
        for one in (of_mesh, of_tracker)
    )
    percent = 100 * np.concatenate(errors)
    return Agreement(
        candidate.name,
        float(percent.mean()),
        float(np.percentile(percent, 95)),
        {name: correlation(solved[name], tracked[name]) for name in solved},
    )


def truth_itself() -> Candidate:
    """The steady fit, which the network learned from."""

    def solve(shot: Shot, frames: range, advance: Advance) -> Solved:
        advance(len(frames))
        return Solved(np.asarray(shot.vertices()[frames.start : frames.stop]))

    return Candidate("steady fit", Kind.TRACKER, "what the network learned from", solve)


@dataclass(frozen=True, slots=True)
class Pace:
    """Milliseconds a frame, medians of the same frames in turn.

    Args:
        host_ms: From a picture to landmarks and scores; without the fit, which a live user would need as well.
        network_ms: From a crop to vertices.
    """

    host_ms: float
    network_ms: float


def pace(host: Host, pictures: Sequence[np.ndarray], crops: np.ndarray, solve: Callable[[np.ndarray], Solved]) -> Pace:
    """Time both in turn.

    Args:
        host: Open.
        pictures: Some of the clip's.
        crops: [n, views, H, W] uint8, one for each picture.
        solve: The network's.
    """
    of_host, of_network = [], []
    for index, picture in enumerate(pictures):
        begun = perf_counter()
        host.look(picture, index)
        between = perf_counter()
        solve(crops[index : index + 1].copy())
        of_host.append(between - begun)
        of_network.append(perf_counter() - between)
    return Pace(1000 * float(np.median(of_host)), 1000 * float(np.median(of_network)))

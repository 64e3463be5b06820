"""What can be compared: trained networks, the faces they are compared with, and a landmark tracker.

Rule: a candidate turns a stretch of a shot into meshes and is measured like all others; baselines may read the truth,
and say so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from engine.mesh import Topology
from engine.shots import Shot
from training.panel.panel import Panel, PanelTally
from training.panel.shot import SolvedShot

Advance = Callable[[int], None]


class Kind(StrEnum):
    """What a candidate is."""

    NETWORK = "network"
    MEAN_FACE = "mean face"
    BASIS = "best in the basis"
    TRACKER = "landmark tracker"


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Meshes of a stretch of frames.

    Args:
        vertices: [n, V, 3] float32 cm.
        expected_error_mm: [n, V] float32 mm, where they are foretold.
    """

    vertices: np.ndarray
    expected_error_mm: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """Something to be measured.

    Args:
        name: Short, for tables; no two alike.
        kind: What it is.
        words: One line on what it is and what runs it.
        solve: Meshes of some frames of a shot, in order; tells how many more are done.
    """

    name: str
    kind: Kind
    words: str
    solve: Callable[[Shot, range, Advance], Solved]


def remembered(candidate: Candidate) -> Candidate:
    """The same, which solves no stretch of frames twice; it keeps what it has solved: 60 KB a frame."""
    known: dict[tuple[str, range], Solved] = {}

    def solve(shot: Shot, frames: range, advance: Advance) -> Solved:
        key = shot.facts.name, frames
        if key in known:
            advance(len(frames))
        else:
            known[key] = candidate.solve(shot, frames, advance)
        return known[key]

    return replace(candidate, solve=solve)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A candidate's result."""

    name: str
    kind: Kind
    words: str
    panel: Panel


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """A linear model of meshes, as a network's output layer holds it.

    Args:
        mean: [3V] float32 cm.
        directions: [num_latents, 3V] float32 cm.
    """

    mean: np.ndarray
    directions: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Consecutive frames of a shot.

    Args:
        shot: Which.
        frames: Of it.
    """

    shot: Shot
    frames: range

    def truth(self) -> np.ndarray:
        """[n, V, 3] float32 cm."""
        return np.asarray(self.shot.vertices()[self.frames.start : self.frames.stop])


def stretches(shots: Sequence[Shot], num_frames: int | None) -> tuple[Stretch, ...]:
    """All frames of the shots, or about `num_frames`: of every shot its share, unbroken and from its middle."""
    total = sum(shot.facts.num_frames for shot in shots)
    part = 1.0 if num_frames is None else min(1.0, num_frames / max(1, total))
    chosen = []
    for shot in shots:
        length = max(1, round(part * shot.facts.num_frames))
        first = (shot.facts.num_frames - length) // 2
        chosen.append(Stretch(shot, range(first, first + length)))
    return tuple(chosen)


def compare(
    chosen: Sequence[Stretch], topology: Topology, candidates: Sequence[Candidate], advance: Advance
) -> list[Measured]:
    """Measure every candidate on the same frames, one shot in memory at a time.

    Args:
        chosen: Frames.
        topology: Of all meshes.
        candidates: To be measured.
        advance: Told how many more frames are solved, of frames x candidates.
    """
    tallies = [PanelTally(topology) for _ in candidates]
    for stretch in chosen:
        truth = stretch.truth()
        for candidate, tally in zip(candidates, tallies, strict=True):
            solved = candidate.solve(stretch.shot, stretch.frames, advance)
            shot, first = stretch.shot, stretch.frames.start
            tally.add(SolvedShot(shot.facts.name, shot.rate, truth, solved.vertices, solved.expected_error_mm, first))
    return [
        Measured(candidate.name, candidate.kind, candidate.words, tally.panel())
        for candidate, tally in zip(candidates, tallies, strict=True)
    ]


def mean_face(chosen: Sequence[Stretch]) -> Candidate:
    """The mean of the frames' true meshes, shown in every frame."""
    num_frames = sum(len(stretch.frames) for stretch in chosen)
    mean = (sum(stretch.truth().sum(axis=0, dtype=np.float64) for stretch in chosen) / num_frames).astype(np.float32)

    def solve(_: Shot, frames: range, advance: Advance) -> Solved:
        advance(len(frames))
        return Solved(np.broadcast_to(mean, (len(frames), *mean.shape)))

    return Candidate("mean face", Kind.MEAN_FACE, "the mean of the true frames, which never moves", solve)


def best_in_basis(basis: Basis, topology: Topology, of: str) -> Candidate:
    """The truth itself, as well as a network's output basis can show it: least squares over the animated vertices.

    Args:
        basis: Of the network.
        topology: Of the meshes.
        of: The network's name.
    """
    animated = topology.animated
    num_latents = len(basis.directions)
    directions = basis.directions.reshape(num_latents, -1, 3)
    of_animated = directions[:, animated].reshape(num_latents, -1)
    mean = basis.mean.reshape(-1, 3)
    to_latents = np.linalg.pinv(of_animated.astype(np.float64)).astype(np.float32)  # [3A, L]

    def solve(shot: Shot, frames: range, advance: Advance) -> Solved:
        truth = Stretch(shot, frames).truth()
        latents = (truth - mean)[:, animated].reshape(len(frames), -1) @ to_latents
        advance(len(frames))
        return Solved((latents @ basis.directions + basis.mean).reshape(truth.shape).astype(np.float32))

    words = f"the truth as well as the {num_latents} directions of {of} can show it"
    return Candidate("best in basis", Kind.BASIS, words, solve)

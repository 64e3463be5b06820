"""What moves over a shot: watched frame by frame while the meshes pass, judged when all have been seen."""

from dataclasses import dataclass

import numpy as np

from engine.errors import ShotError
from engine.mesh import MM_PER_CM
from training.frame_words import frame_words
from training.ingest.rigid import skull_fit
from training.mesh_steps import head_jumps, head_step_cm

MOVED_CM = 0.1  # over the shot; less is the noise of a tracked surface
_FEW = 3
_JUMP_CM = 5.0  # from one frame to the next; the jaw's tip moves a third of it
_GROWN = 1.6  # times the first mesh's size
_MAX_KEPT = 48  # meshes by which the head's own motion is judged
_TRAVEL_CM, _TURN_DEG = 0.5, 2.0
_HELD, _FROZEN = 4, 24  # frames; no face holds that still, nor does what tracks it


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A shot's motion.

    Args:
        moved: [n] int32, vertices that move at least a millimetre.
        largest_mm: The way of the vertex that moves most.
        head_travel_cm: How far the skull is from its place, at most.
        head_turn_deg: How far the skull is turned, at most.
        jumps: Frames, from 1, in which a vertex jumps 5 cm from the frame before.
        jumping: The vertices that do.
        head_jumps: Frames, from 1, into which the whole head jumps.
        held: First and last frame, from 1, of every run of four or more meshes that are all the same.
        num_frames: Of the shot.
    """

    moved: np.ndarray
    largest_mm: float
    head_travel_cm: float
    head_turn_deg: float
    jumps: tuple[int, ...]
    jumping: tuple[int, ...]
    head_jumps: tuple[int, ...]
    held: tuple[tuple[int, int], ...]
    num_frames: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with it, one sentence each."""
        warnings = []
        if self.head_travel_cm > _TRAVEL_CM or self.head_turn_deg > _TURN_DEG:
            warnings.append(
                f"The head is not stabilised: the skull travels {self.head_travel_cm:.1f} cm and turns"
                f" {self.head_turn_deg:.1f} degrees over the shot, which a network would have to learn as expression."
            )
        if self.head_jumps:
            warnings.append(
                f"The whole head jumps from the frame before: {frame_words(self.head_jumps)}. Repair or cut them."
            )
        if self.jumps:
            which = ", ".join(str(row) for row in self.jumping[:_FEW])
            rows = f"vertex {which}" if len(self.jumping) == 1 else f"{len(self.jumping)} vertices ({which}, from 0)"
            many = "jumps" if len(self.jumping) == 1 else "jump"
            words = f"{rows} {many} more than {_JUMP_CM:g} cm from the frame before: {frame_words(self.jumps)}."
            warnings.append(words[0].upper() + words[1:])
        warnings += self._stillness
        return tuple(warnings)

    @property
    def _stillness(self) -> list[str]:
        first, last = max(self.held, key=lambda run: run[1] - run[0], default=(1, 0))
        if last - first + 1 == self.num_frames > 1:
            return [
                f"Nothing moves: the meshes of all {self.num_frames} frames are the same. Was the animation exported?"
            ]
        if last - first + 1 >= _FROZEN:
            where = f"from frame {first} to the end" if last == self.num_frames else f"in the frames {first} to {last}"
            return [
                f"The point cache is frozen {where}: {last - first + 1} meshes are the same."
                " Was its whole range exported?"
            ]
        if not len(self.moved):
            return ["Nothing moves by a millimetre in this shot."]
        if self.held:
            frames = [frame for first, last in self.held for frame in range(first, last + 1)]
            return [f"The point cache repeats its mesh while a face would move: {frame_words(frames)}."]
        return []


class MotionWatch:
    """Sees every mesh of a shot once.

    Args:
        num_frames: To come.
    """

    def __init__(self, num_frames: int) -> None:
        self._kept_at = frozenset(np.linspace(0, num_frames - 1, min(num_frames, _MAX_KEPT)).astype(int).tolist())
        self._kept: list[np.ndarray] = []
        self._low = self._high = self._last = np.empty(0)
        self._size = 0.0
        self._num_seen = self._still_since = 0
        self._jumps: list[int] = []
        self._jumping: set[int] = set()
        self._head_steps: list[float] = []
        self._held: list[tuple[int, int]] = []

    def see(self, vertices: np.ndarray, name: str) -> None:
        """Take the next mesh, [V, 3] float32 cm.

        Args:
            vertices: The mesh.
            name: Of the frame, for messages.

        Raises:
            ShotError: A vertex is no number, or the mesh blows up.
        """
        bad = int((~np.isfinite(vertices)).any(axis=1).sum())
        if bad:
            raise ShotError(
                f"The point cache holds {bad} vertices that are no numbers in {name}.", "Repair that frame."
            )
        size = float(np.ptp(vertices, axis=0).max())
        if not self._num_seen:
            self._low, self._high, self._last, self._size = vertices.copy(), vertices.copy(), vertices, size
        elif not self._size / _GROWN < size < self._size * _GROWN:
            raise ShotError(
                f"The mesh is {size:.0f} cm wide or high in {name} and {self._size:.0f} cm in the first.",
                "Repair that frame, or cut it away.",
            )
        np.minimum(self._low, vertices, out=self._low)
        np.maximum(self._high, vertices, out=self._high)
        self._compare(vertices)
        if self._num_seen in self._kept_at:
            self._kept.append(vertices)
        self._last = vertices
        self._num_seen += 1

    def _compare(self, vertices: np.ndarray) -> None:
        """With the frame before."""
        steps = np.linalg.norm(vertices - self._last, axis=1)
        self._head_steps.append(float(head_step_cm(steps)))
        jumping = np.flatnonzero(steps > _JUMP_CM).tolist()
        if jumping:
            self._jumps.append(self._num_seen + 1)
            self._jumping.update(jumping)
        if not np.array_equal(vertices, self._last):
            self._end_run()
            self._still_since = self._num_seen

    def _end_run(self) -> None:
        if self._num_seen - self._still_since >= _HELD:
            self._held.append((self._still_since + 1, self._num_seen))

    def judge(self) -> Motion:
        """The motion, once all have been seen."""
        ways = np.linalg.norm(self._high - self._low, axis=1)
        travel_cm, turn_deg = head_motion(self._kept)
        moved = np.flatnonzero(ways > MOVED_CM).astype(np.int32)
        self._end_run()
        self._still_since = self._num_seen
        jumped = tuple(int(frame) + 1 for frame in head_jumps(np.array(self._head_steps)))
        return Motion(
            moved, float(ways.max()) * MM_PER_CM, travel_cm, turn_deg, tuple(self._jumps),
            tuple(sorted(self._jumping)), jumped, tuple(self._held), self._num_seen,
        )  # fmt: skip


def head_motion(meshes: list[np.ndarray]) -> tuple[float, float]:
    """How far the skull is from where it was in the first mesh, at most: centimetres and degrees."""
    first = meshes[0].astype(np.float64)
    travel_cm = turn_deg = 0.0
    for mesh in meshes[1:]:
        best, rows = skull_fit(first, mesh.astype(np.float64))
        skull = first[rows]
        moved = np.linalg.norm(skull @ best.rotation.T + best.shift - skull, axis=1)
        travel_cm, turn_deg = max(travel_cm, float(moved.mean())), max(turn_deg, best.angle_deg)
    return travel_cm, turn_deg

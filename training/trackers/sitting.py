"""The virtual actor sits for the trackers: single pictures from the stage, and frames of a data set.

Rule: nothing is written; a picture is what a shoot would have filmed.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from types import TracebackType

import cv2
import numpy as np

from engine.errors import ShotError
from engine.shots import FRONT, DataSet, Role, Shot
from training.actor.curves import weights_of
from training.actor.identity import Identity
from training.actor.occlusion import bake_occlusion
from training.actor.performance import perform
from training.actor.rig import build_rig
from training.actor.skin import paint_skin
from training.actor.stage import Stage, StageSetup

_SECONDS_APART = 0.5  # frames nearer than that show the same face again
_RATE_HZ = 30


class Sitting:
    """One actor before the front camera; used on the thread that made it.

    Args:
        identity: Who.
        data: A data set of the actor, whose texture and layout are shown; by default they are made now.
        seed: Of the sensor's noise.
        setup: Cameras and light; the front camera's pictures are taken.
    """

    def __init__(
        self, identity: Identity, data: DataSet | None = None, seed: int = 0, setup: StageSetup | None = None
    ) -> None:
        self._rig = build_rig(identity)
        skin = None if data is None or data.skin_path is None else cv2.imread(str(data.skin_path))
        if data is None or skin is None:
            topology, painted = (
                self._rig.topology,
                paint_skin(self._rig, bake_occlusion(self._rig, self._rig.topology.neutral)),
            )
        else:
            topology, painted = data.topology, np.ascontiguousarray(skin[..., ::-1])
        self._stage = Stage(topology, painted, setup or StageSetup())
        self._noise = np.random.default_rng(seed)

    def photograph(self, weights: Mapping[str, float], head_turn_deg: tuple[int, int, int]) -> np.ndarray:
        """One picture of the actor with these units at these weights."""
        vertices = self._rig.pose(weights_of(weights, self._rig.units))
        return self._film(vertices, np.array(head_turn_deg, np.float64), np.zeros(3))

    def points(self, weights: Mapping[str, float], head_turn_deg: tuple[int, int, int]) -> np.ndarray:
        """[V, 3] cm, float64: the mesh in the studio, where `photograph` sees it."""
        matrix = self._stage.head_to_studio(np.array(head_turn_deg, np.float64), np.zeros(3))
        vertices = self._rig.pose(weights_of(weights, self._rig.units)).astype(np.float64)
        return np.asarray(vertices @ matrix[:3, :3].T + matrix[:3, 3], np.float64)

    @property
    def faces(self) -> np.ndarray:
        """[F, 3] int32 triangles of the mesh."""
        return self._rig.topology.faces

    def frames(self, role: Role, num_frames: int, seed: int) -> Iterator[np.ndarray]:
        """Frames of a performance, half a second apart."""
        apart = round(_SECONDS_APART * _RATE_HZ)
        acted = perform(role, num_frames * apart, (seed,), self._rig.units)
        for index in range(0, num_frames * apart, apart):
            contacts = float(acted.lip_seal[index]), float(acted.lip_to_teeth[index])
            vertices = self._rig.pose(acted.weights[index], *contacts)
            yield self._film(vertices, acted.head_turn_deg[index], acted.head_shift_cm[index])

    def _film(self, vertices: np.ndarray, turn_deg: np.ndarray, shift_cm: np.ndarray) -> np.ndarray:
        return self._stage.photograph(vertices, turn_deg, shift_cm, self._noise)[FRONT]

    def close(self) -> None:
        """Free the stage."""
        self._stage.release()

    def __enter__(self) -> "Sitting":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def spread_frames(shot: Shot, num_frames: int, camera: str) -> Iterator[np.ndarray]:
    """At most `num_frames` of a shot's pictures, evenly spread.

    Raises:
        ShotError: The movie ends before the shot does.
    """
    length = shot.facts.num_frames
    num_frames = min(num_frames, length)
    wanted = [int((index + 0.5) * length / num_frames) for index in range(num_frames)]
    with shot.pictures(camera) as movie:
        pictures = iter(movie)
        at = 0
        for frame in wanted:
            picture = next(islice(pictures, frame - at, None), None)
            if picture is None:
                raise ShotError(f"The movie {shot.movie_path(camera)} ends before frame {frame}.", "Ingest it again.")
            yield picture
            at = frame + 1

"""A data set looked through from end to end: what every shot shows and does, and what looks wrong.

Rule: nothing is judged that was not measured; a measure that a data set does not allow (a mesh without named lids) is
none, not zero.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.shots import FRONT, DataSet, Role, Shot
from training.sheet.alignment import Offset, find_offset
from training.sheet.motion import Motion, measure_motion
from training.sheet.pictures import Pictures, read_pictures

_EXPLAINED = 0.999  # of the variance, as the paper's practice of choosing a basis
_MOST_MESHES = 400  # compared to count components
_SAME_MESH_MM = 0.012  # the coarsest point format rounds to hundredths


@dataclass(frozen=True, slots=True, eq=False)
class ShotSurvey:
    """One shot.

    Args:
        shot: Which.
        chosen: Frames shown as thumbnails; `pictures.thumbnails` has those the movie really holds.
        pictures: What its pictures say.
        motion: What its meshes do.
        offset: How they lie to each other; none where that cannot be told.
    """

    shot: Shot
    chosen: tuple[int, ...]
    pictures: Pictures
    motion: Motion
    offset: Offset | None

    @property
    def name(self) -> str:
        """The shot's."""
        return self.shot.facts.name

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return float(self.shot.facts.num_frames / self.shot.rate)


@dataclass(frozen=True, slots=True)
class RestFrame:
    """The frame whose mesh a data set takes for the neutral one, because nobody gave it a neutral mesh."""

    shot: str
    frame: int


@dataclass(frozen=True, slots=True)
class Part:
    """The shots of one role together."""

    role: Role
    num_shots: int
    num_frames: int
    seconds: float
    share: float  # of the whole data set's length


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A whole data set.

    Args:
        data: Which.
        camera: Whose pictures were looked at.
        shots: In the manifest's order.
        parts: By role, those that have shots.
        num_components: How many principal components carry 99.9 % of the meshes' variance.
        size_bytes: Of all files of the data set, caches excluded.
        rest: What stands for the neutral face; none where the data set's own neutral mesh is no frame of it.
    """

    data: DataSet
    camera: str
    shots: tuple[ShotSurvey, ...]
    parts: tuple[Part, ...]
    num_components: int
    size_bytes: int
    rest: RestFrame | None = None

    @property
    def rest_words(self) -> str:
        """What motion is measured from."""
        return "neutral" if self.rest is None else f"frame {self.rest.frame} of {self.rest.shot}"

    @property
    def seconds(self) -> float:
        """How long all shots last."""
        return sum(part.seconds for part in self.parts)

    def reach_mm(self, region: str) -> float | None:
        """How far a region goes from the neutral face: what one frame in a hundred exceeds, over all shots."""
        curves = [one.motion.regions[region] for one in self.shots if region in one.motion.regions]
        return float(np.percentile(np.concatenate(curves), 99)) if curves else None


def look_through(data: DataSet, num_thumbnails: int, camera: str, progress: Callable[[int], None]) -> Survey:
    """Decode every movie and read every mesh, once.

    Args:
        data: Of one actor.
        num_thumbnails: For each shot, evenly spaced.
        camera: Whose pictures.
        progress: Told how many more frames are done, of all shots' frames.
    """
    shots = tuple(_look_at(shot, data, num_thumbnails, camera, progress) for shot in data.shots)
    total = sum(one.seconds for one in shots) or 1.0
    parts = []
    for role in Role:
        of = [one for one in shots if one.shot.facts.role == role]
        seconds = sum(one.seconds for one in of)
        if of:
            parts.append(Part(role, len(of), sum(one.shot.facts.num_frames for one in of), seconds, seconds / total))
    return Survey(data, camera, shots, tuple(parts), _num_components(shots), _size(data), _rest_frame(shots))


def _look_at(
    shot: Shot, data: DataSet, num_thumbnails: int, camera: str, progress: Callable[[int], None]
) -> ShotSurvey:
    length = shot.facts.num_frames
    chosen = tuple(sorted({int((index + 0.5) * length / num_thumbnails) for index in range(num_thumbnails)}))
    pictures = read_pictures(shot, data.cameras[camera].crop, frozenset(chosen), camera, progress)
    motion = measure_motion(shot.vertices(), data.topology)
    offset = find_offset(pictures.small, motion.traced) if camera == FRONT else None
    return ShotSurvey(shot, chosen, pictures, motion, offset)


def _rest_frame(shots: tuple[ShotSurvey, ...]) -> RestFrame | None:
    """The frame that is the neutral mesh, to the file format's rounding; nobody acts that by chance."""
    for one in shots:
        frame = int(one.motion.from_neutral.argmin()) if len(one.motion.from_neutral) else -1
        if (
            frame >= 0
            and one.motion.from_neutral[frame] < _SAME_MESH_MM
            and one.motion.from_neutral.max() > _SAME_MESH_MM
        ):
            return RestFrame(one.name, frame)
    return None


def _num_components(shots: tuple[ShotSurvey, ...]) -> int:
    """How many principal components carry nearly all of what the traced vertices do."""
    meshes = np.concatenate([one.motion.traced for one in shots])
    rows = meshes[np.linspace(0, len(meshes) - 1, min(len(meshes), _MOST_MESHES)).astype(int)]
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    flat -= flat.mean(axis=0)
    variances = np.maximum(np.linalg.eigvalsh(flat @ flat.T)[::-1], 0)
    if variances.sum() <= 0:
        return 0
    return int(np.searchsorted(np.cumsum(variances) / variances.sum(), _EXPLAINED)) + 1


def _size(data: DataSet) -> int:
    files = (path for path in data.folder.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files if not path.relative_to(data.folder).parts[0].startswith("."))

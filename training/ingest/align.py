"""Which mesh belongs to which picture: by an offset, by timecode, by frame numbers, or first to first.

Rule: mesh m belongs to picture m + shift. Nothing is guessed: counts that differ and no label to tie them is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.errors import ShotError
from engine.shots import FRONT
from engine.timecode import Timecode
from training.ingest.footage import FootageFacts
from training.ingest.source import PointFacts

_HOUR_S = 3600
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class CameraShift:
    """How one camera's pictures lie against the meshes.

    Args:
        shift: Picture of mesh 0, counted from the first picture; negative where meshes begin earlier.
        how: For people, such as "by timecode".
    """

    shift: int
    how: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """The frames that have a mesh and a picture of every camera.

    Args:
        first_mesh: Index of the first of them in the point cache.
        num_frames: How many.
        shifts: By camera.
    """

    first_mesh: int
    num_frames: int
    shifts: Mapping[str, CameraShift]

    def first_picture(self, camera: str) -> int:
        """Index of the first picture used of a camera."""
        return self.first_mesh + self.shifts[camera].shift


def align(
    footage: Mapping[str, FootageFacts], points: PointFacts, offsets: Mapping[str, int], rate: Fraction
) -> Overlap:
    """Lay all cameras and the point cache side by side.

    Args:
        footage: By camera.
        points: The cache.
        offsets: Shifts stated by the user, by camera.
        rate: Of all.

    Raises:
        ShotError: A camera cannot be aligned, or nothing overlaps.
    """
    shifts = {
        camera: CameraShift(offsets[camera], "by the offset given")
        if camera in offsets
        else _shift(camera, facts, points, rate)
        for camera, facts in footage.items()
    }
    first = max(0, *(-shift.shift for shift in shifts.values()))
    end = min(points.num_frames, *(facts.num_frames - shifts[camera].shift for camera, facts in footage.items()))
    if end - first < 1:
        raise ShotError(_no_overlap(footage, points, shifts, rate), "Give the take that belongs to it, or --offset.")
    return Overlap(first, end - first, shifts)


def _shift(camera: str, footage: FootageFacts, points: PointFacts, rate: Fraction) -> CameraShift:
    tied = _tied_by_labels(footage, points, rate)
    if tied is not None:
        return tied
    if footage.num_frames == points.num_frames:
        return CameraShift(0, "first picture to first mesh: no common timecode, equal counts")
    lacks = "the point cache" if footage.timecode else "the movie" if points.timecode else "either"
    option = "--offset N" if camera == FRONT else f"--offset {camera}=N"
    stated = ", or the meshes' own with --points-timecode" if lacks == "the point cache" else ""
    raise ShotError(
        f"The {camera} movie has {footage.num_frames} pictures, the point cache {points.num_frames} meshes,"
        f" and there is no timecode on {lacks} to align them.",
        f"Give {option}, the picture that belongs to the first mesh, counted from 0{stated}.",
    )


def _tied_by_labels(footage: FootageFacts, points: PointFacts, rate: Fraction) -> CameraShift | None:
    day = round(rate * _DAY_S)
    mesh_code = Timecode.parse(points.timecode, rate).frame_number if points.timecode else None
    picture_code = None if footage.timecode is None else footage.timecode.frame_number
    if mesh_code is not None and picture_code is not None:
        return CameraShift(_around_midnight(mesh_code - picture_code, day), "by timecode")
    # A number of 0 or 1 is what a file begins with when nobody said anything.
    mesh_number = points.number if points.number is not None and points.number > 1 else None
    picture_number = footage.number if footage.number is not None and footage.number > 1 else None
    if picture_code is not None and mesh_number is not None:
        shift = mesh_number - picture_code
        if mesh_number >= rate * _HOUR_S or -points.num_frames < shift < footage.num_frames:
            return CameraShift(shift, "by timecode; the point cache's frame number is its count since midnight")
    if mesh_code is not None and picture_number is not None:
        shift = mesh_code - picture_number
        if picture_number >= rate * _HOUR_S or -points.num_frames < shift < footage.num_frames:
            return CameraShift(shift, "by timecode; the pictures' file number is its count since midnight")
    if mesh_number is not None and picture_number is not None and picture_code is None and mesh_code is None:
        return CameraShift(mesh_number - picture_number, "by frame number")
    return None


def _around_midnight(shift: int, day: int) -> int:
    return (shift + day // 2) % day - day // 2


def _no_overlap(
    footage: Mapping[str, FootageFacts], points: PointFacts, shifts: Mapping[str, CameraShift], rate: Fraction
) -> str:
    spans = []
    for camera, facts in footage.items():
        if facts.timecode is not None:
            spans.append(f"the {camera} movie {facts.timecode} to {facts.timecode.plus(facts.num_frames - 1)}")
        else:
            spans.append(f"the {camera} movie pictures 0 to {facts.num_frames - 1}")
    first = next(iter(shifts))
    code = footage[first].timecode
    if code is not None and code.frame_number + shifts[first].shift >= 0:
        start = code.plus(shifts[first].shift)
        meshes = f"{start} to {start.plus(points.num_frames - 1)}"
    else:
        meshes = f"pictures {shifts[first].shift} to {shifts[first].shift + points.num_frames - 1}"
    return f"No mesh belongs to any picture: {', '.join(spans)}, the point cache {meshes}."

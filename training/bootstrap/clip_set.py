"""A fitted clip becomes a data set: the believed frames as shots, the last fifth of every clip held out.

Rule: the folder grows under a partial name and is renamed when it has opened as a whole data set.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from engine.crop import NETWORK_HEIGHT_PX, NETWORK_WIDTH_PX, largest_crop
from engine.disk import check_room, not_written
from engine.errors import ShotError
from engine.frames import CropRect
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import FRONT, SKIN_FILE, TOPOLOGY_FILE, DataSet, Role, Shot, ShotFacts, Viewpoint
from training.actor.rig import Rig
from training.bootstrap.clip_fit import ClipFit
from training.bootstrap.doubts import Doubts
from training.bootstrap.track import Track
from training.ingest.footage import Footage

HELD_OUT_SHARE = 5  # one part of so many, the last, is never learned from
SHORTEST = 8  # frames of a run that is worth a shot
_MARGIN = 0.16  # around all that the face's landmarks reach, of its size
_STRAY = 1.0  # per cent of frames whose landmarks may lie further out
_JPEG_QUALITY = 92
_CRF = 12
_POINTS = "points.pc2"
_BYTES_PER_PIXEL = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class FittedClip:
    """A clip with all that is known of it.

    Args:
        name: Short, of its shots.
        footage: The pictures.
        track: What the host saw.
        fit: Of it.
    """

    name: str
    footage: Footage
    track: Track
    fit: ClipFit


@dataclass(frozen=True, slots=True)
class Part:
    """Frames that become a shot.

    Args:
        name: Of the shot.
        role: Validation where it is held out.
        frames: Of the clip.
    """

    name: str
    role: Role
    frames: range


def held_out_frames(num_frames: int) -> range:
    """The last fifth of a clip, which is never learned from."""
    return range(num_frames - num_frames // HELD_OUT_SHARE, num_frames)


def parts_of(name: str, doubts: Doubts) -> tuple[tuple[Part, ...], int]:
    """The shots of a clip, and how many believed frames are in runs too short for one.

    Args:
        name: Of the clip.
        doubts: Of all its frames.
    """
    held_from = held_out_frames(len(doubts.of)).start
    parts: list[Part] = []
    num_short = 0
    for run in doubts.runs():
        for frames in (range(run.start, min(run.stop, held_from)), range(max(run.start, held_from), run.stop)):
            if len(frames) >= SHORTEST:
                role = Role.VALIDATION if frames.start >= held_from else Role.IN_CHARACTER
                parts.append(Part(f"{name}-{frames.start + 1:06}", role, frames))
            else:
                num_short += len(frames)
    return tuple(parts), num_short


def face_crop(clips: Sequence[FittedClip]) -> CropRect:
    """What holds the face in all believed frames, in the network's shape, inside the picture.

    Args:
        clips: Of one picture size.
    """
    reached = np.concatenate([clip.track.landmarks[clip.fit.doubted.is_used] for clip in clips])
    low = np.percentile(reached.min(axis=1), _STRAY, axis=0)
    high = np.percentile(reached.max(axis=1), 100 - _STRAY, axis=0)
    size = (high - low) * (1 + 2 * _MARGIN)
    whole_width, whole_height = (int(side) // 2 * 2 for side in clips[0].track.picture_px)
    width = max(size[0], size[1] * NETWORK_WIDTH_PX / NETWORK_HEIGHT_PX)
    most = largest_crop(whole_width, whole_height)
    width_px = min(round(width), most.width)
    height_px = min(round(width * NETWORK_HEIGHT_PX / NETWORK_WIDTH_PX), most.height)
    corner = (low + high) / 2 - [width_px / 2, height_px / 2]
    x, y = (int(np.clip(round(at), 0, most_)) for at, most_ in
            zip(corner, (whole_width - width_px, whole_height - height_px), strict=True))  # fmt: skip
    return CropRect(x, y, width_px, height_px)


def write_clip_set(
    folder: Path,
    rig: Rig,
    clips: Sequence[FittedClip],
    skin: np.ndarray,
    advance: Callable[[int], None],
) -> DataSet:
    """Write the data set anew.

    Args:
        folder: Of it; what lies there is replaced once the new one is whole.
        rig: Of the person's head; its name becomes the actor's.
        clips: Of one picture size.
        skin: [S, S, 3] uint8 red-green-blue texture.
        advance: Told how many more frames are done, of all clips' together.

    Raises:
        ShotError: No frames are left to learn from, or none to measure on.
        StorageError: The disk is full.
        CameraError: A clip breaks off.
    """
    plans = [(clip, parts_of(clip.name, clip.fit.doubted)[0]) for clip in clips]
    roles = {part.role for _, parts in plans for part in parts}
    for role, what in ((Role.IN_CHARACTER, "to learn from"), (Role.VALIDATION, "in the last fifth, which is held out")):
        if role not in roles:
            raise ShotError(
                f"Hardly a frame can be used {what}.", "Film the face from the front, lit and unobstructed."
            )
    partial = folder.with_name(f"{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        check_room(partial, _needed(plans, rig))
        for clip, parts in plans:
            _write_parts(partial, rig, clip, parts, advance)
        rig.topology.save(partial / TOPOLOGY_FILE)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        (partial / SKIN_FILE).write_bytes(cv2.imencode(".jpg", skin[..., ::-1], quality)[1].tobytes())
        width, height = (int(side) // 2 * 2 for side in clips[0].track.picture_px)
        viewpoint = Viewpoint(face_crop(clips), width, height)
        names = [part.name for _, parts in plans for part in parts]
        DataSet.write_manifest(partial, rig.identity.name, {FRONT: viewpoint}, names)
        DataSet.open(partial)
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    except OSError as error:
        raise not_written(folder, error) from error
    finally:
        with suppress(OSError):
            shutil.rmtree(partial)
    return DataSet.open(folder)


def _needed(plans: Sequence[tuple[FittedClip, Sequence[Part]]], rig: Rig) -> float:
    per_frame = [float(np.prod(clip.track.picture_px)) * _BYTES_PER_PIXEL + 12 * rig.topology.num_vertices
                 for clip, parts in plans for part in parts for _ in part.frames]  # fmt: skip
    return sum(per_frame)


def _write_parts(
    folder: Path, rig: Rig, clip: FittedClip, parts: Sequence[Part], advance: Callable[[int], None]
) -> None:
    rate = Fraction(int(clip.track.rate[0]), int(clip.track.rate[1]))
    waiting = iter(parts)
    part = next(waiting, None)
    with ExitStack() as writers:
        for index, picture in enumerate(clip.footage.pictures()):
            if part is not None and index == part.frames.start:
                (folder / part.name).mkdir()
                height, width = (side // 2 * 2 for side in picture.shape[:2])
                movie = writers.enter_context(
                    MovieWriter(folder / part.name / f"{FRONT}.mp4", width, height, rate, crf=_CRF,
                                is_gray=picture.ndim == 2)
                )  # fmt: skip
                points = writers.enter_context(
                    PointCacheWriter(folder / part.name / _POINTS, rig.topology.num_vertices)
                )
            if part is not None and index in part.frames:
                movie.write(picture[:height, :width])
                points.write(rig.pose(clip.fit.weights[index], float(clip.fit.seals[index])))
                if index == part.frames.stop - 1:
                    writers.pop_all().close()
                    Shot.write_facts(folder / part.name, _facts(part, clip, rig, rate))
                    part = next(waiting, None)
            advance(1)


def _facts(part: Part, clip: FittedClip, rig: Rig, rate: Fraction) -> ShotFacts:
    return ShotFacts(
        name=part.name, role=part.role, num_frames=len(part.frames), num_vertices=rig.topology.num_vertices,
        rate=(rate.numerator, rate.denominator), timecode="", movies={FRONT: f"{FRONT}.mp4"}, points=_POINTS,
        notes=f"{clip.name}, frames {part.frames.start + 1} to {part.frames.stop}", is_gray=clip.footage.facts.is_gray,
    )  # fmt: skip


def frames_of(clip: FittedClip, wanted: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    """These pictures of a clip with their indices, in order."""
    chosen = set(wanted)
    last = max(chosen, default=-1)
    for index, picture in enumerate(clip.footage.pictures()):
        if index in chosen:
            yield index, picture
        if index >= last:
            return

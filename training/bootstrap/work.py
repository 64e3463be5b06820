"""The working folder of a person: what was tracked, fitted and written, step by step, so that each can be resumed.

Rule: a step whose result lies here is done; a folder belongs to the clips it was begun with.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.bundle import sha256_of
from engine.claim import claimed
from engine.disk import not_written, write_whole
from engine.errors import ShotError
from engine.shots import DataSet
from training.actor.rig import Rig, build_rig
from training.bootstrap.arrays import load_arrays, save_arrays
from training.bootstrap.clip_fit import ClipFit, fit_clip, sightings
from training.bootstrap.clip_set import FittedClip, frames_of, write_clip_set
from training.bootstrap.cover import covered, sample_skin, unlike
from training.bootstrap.doubts import Doubt, Doubts, doubt, in_words
from training.bootstrap.face_space import NUM_DIRECTIONS, face_space
from training.bootstrap.head_fit import NUM_ROUNDS, HeadFit, fit_head
from training.bootstrap.landmark_places import landmark_places
from training.bootstrap.live_link import LiveLinkHost
from training.bootstrap.moments import score_delay, telling_moments
from training.bootstrap.pinhole import Pinhole
from training.bootstrap.rig_points import RigPoints
from training.bootstrap.skin import SkinView, gather_skin, skin_moments
from training.bootstrap.track import Track
from training.frame_words import frame_words
from training.ingest.footage import MovieFootage

CLIPS_FILE, HEAD_FILE = "clips.json", "head.npz"
DATA_FOLDER, RUN_FOLDER = "data", "run"
_NUM_MOMENTS = 32  # by which a head is known
_NUM_SKIN_VIEWS = 24
_LEAST_USED_S = 5.0
_MOST_ROLL_DEG = 60.0  # of a head that somebody tilts
ENOUGH_S = 240.0  # four minutes

Start = Callable[[str, int], Callable[[int], None]]  # takes what is being done and how many steps; gives the advance


@dataclass(frozen=True, slots=True)
class Work:
    """A working folder.

    Args:
        folder: Where it lies.
        clips: The movies, in order.
    """

    folder: Path
    clips: tuple[Path, ...]

    @classmethod
    def begin(cls, folder: Path, clips: Sequence[Path]) -> "Work":
        """Make the folder, or see that it belongs to these clips.

        Raises:
            ShotError: It belongs to others, or two clips are one.
            CameraError: A clip is not a movie.
            StorageError: The folder cannot be made, read or written.
        """
        known = [_facts_of(clip) for clip in clips]
        if not (folder / CLIPS_FILE).is_file():
            for clip in clips:
                MovieFootage(clip, may_vary=True)  # nothing is begun with what cannot be read
        if len({clip.resolve() for clip in clips}) < len(clips):
            raise ShotError("A clip is given twice.", "Name each clip once.")
        try:
            cls._take(folder, known)
        except OSError as error:
            raise not_written(folder, error) from error
        return cls(folder, tuple(clip.resolve() for clip in clips))

    @staticmethod
    def _take(folder: Path, known: list[dict[str, str]]) -> None:
        path = folder / CLIPS_FILE
        if path.is_file():
            if [_identity(one) for one in _read(path)] != [_identity(one) for one in known]:
                raise ShotError(
                    f"{folder} was begun with other clips, or they have changed since.",
                    "Give the same clips, remove it if it is of no use, or give another folder with --work.",
                )
        elif folder.is_dir() and any(folder.iterdir()):
            raise ShotError(f"{folder} holds something else.", "Give a new folder with --work.")
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(known, indent=2) + "\n")  # anew where clips have moved

    @classmethod
    def open(cls, folder: Path) -> "Work":
        """Open what `begin` made.

        Raises:
            ShotError: It is no such folder, or a clip is gone or changed.
        """
        path = folder / CLIPS_FILE
        if not path.is_file():
            raise ShotError(f"{folder} is not a working folder of a real face.", "Begin with: livedouble track CLIP.")
        clips = [Path(one["path"]) for one in _read(path)]
        return cls.begin(folder, clips)

    def claimed(self) -> AbstractContextManager[None]:
        """While it lasts, no other process works here.

        Raises:
            StorageError: One does already.
        """
        return claimed(self.folder)

    def name_of(self, clip: Path) -> str:
        """Short, and different for each clip."""
        names = [one.stem for one in self.clips]
        name = clip.stem
        return name if names.count(name) == 1 else f"{name}-{self.clips.index(clip) + 1}"

    def footage(self, clip: Path) -> MovieFootage:
        """The pictures of a clip, upright, at whatever rate they come."""
        return MovieFootage(clip, may_vary=True)

    def track_path(self, clip: Path) -> Path:
        """Where a clip's track lies, or will."""
        return self.folder / f"{self.name_of(clip)}-track.npz"

    def fit_path(self, clip: Path) -> Path:
        """Where a clip's fit lies, or will."""
        return self.folder / f"{self.name_of(clip)}-fit.npz"

    @property
    def data_folder(self) -> Path:
        """Of the data set."""
        return self.folder / DATA_FOLDER

    @property
    def run_folder(self) -> Path:
        """Of the training."""
        return self.folder / RUN_FOLDER

    def tracked(self) -> tuple[Path, ...]:
        """The clips whose tracks lie here already."""
        return tuple(clip for clip in self.clips if self.track_path(clip).is_file())

    def tracks(self) -> dict[Path, Track]:
        """Of all clips, finished.

        Raises:
            ShotError: One is not there, or pictures have several sizes.
        """
        tracks = {clip: Track.load(self.track_path(clip)) for clip in self.clips}
        sizes = {tuple(int(side) for side in track.picture_px) for track in tracks.values()}
        if len(sizes) > 1:
            raise ShotError(
                f"The clips' pictures have several sizes: {', '.join(f'{w}x{h}' for w, h in sorted(sizes))}.",
                "Give clips of one camera at one setting.",
            )
        return tracks


def check_clip(name: str, track: Track, doubts: Doubts) -> tuple[str, ...]:
    """What to tell of a tracked clip, one sentence each.

    Raises:
        ShotError: There is nothing to learn from.
    """
    rate_hz = float(track.rate[0] / track.rate[1])
    used_s = float(doubts.is_used.sum()) / rate_hz
    counts = in_words(doubts.counts())
    if used_s < _LEAST_USED_S:
        height = f", the face {np.nanmedian(track.height_px):.0f} pixels high" if track.is_seen.any() else ""
        raise ShotError(
            f"{name} shows a face that can be learned from for {used_s:.1f} s alone"
            f" ({counts or 'it is short'}{height}).",
            "Film one person from the front for four minutes, the face a third of the picture's height or more.",
        )
    rolls_deg = track.roll_deg[doubts.is_used]
    if float(np.median(np.abs(rolls_deg))) > _MOST_ROLL_DEG:
        middle = np.exp(1j * np.deg2rad(rolls_deg)).mean()  # -180 and 180 are one
        raise lying(name, round(float(np.rad2deg(np.angle(middle))) / 90) * 90 % 360)
    delay = score_delay(track, doubts) if track.host.startswith(LiveLinkHost.name) else 0
    if delay != 0:
        told = (
            "are not those in its pictures: mouth and blinks go their own ways"
            if delay is None
            else f"come {abs(delay)} frames too {'late' if delay > 0 else 'early'}"
        )
        raise ShotError(
            f"The expressions told of {name} {told}.",
            f"Remove {name}-track.npz from the working folder, and give the table that was recorded with this clip.",
        )
    lines = [f"{name}: {100 * doubts.share_used:.1f} % of {track.num_frames} frames are used."]
    if counts:
        lines.append(f"Left out: {counts}.")
    if len(doubts.cuts):
        lines.append(f"It is cut or stutters at {frame_words(doubts.cuts)}; nothing is smoothed across.")
    return tuple(lines)


def lying(name: str, turn_deg: int) -> ShotError:
    """Of a clip whose face is not upright.

    Args:
        name: Of the clip.
        turn_deg: That puts it right, against the clock: 90, 180 or 270.
    """
    return ShotError(
        f"In {name} the face {'stands on its head' if turn_deg == 180 else 'lies on its side'}.",
        f"Turn the movie by {turn_deg} degrees{'' if turn_deg == 180 else ' against the clock'} and give it again: a"
        " phone's movie says by itself how it was held, unless that was lost.",
    )


def fit_work(work: Work, actor: str, start: Start) -> tuple[HeadFit, dict[Path, ClipFit]]:
    """Whose head it is, and every frame of every clip on it; what is done already is read.

    Args:
        work: Tracked.
        actor: Name of the person's double.
        start: Begins progress.

    Raises:
        ShotError: There is nothing to learn from.
    """
    tracks = work.tracks()
    doubts = {clip: doubt(track) for clip, track in tracks.items()}
    for clip in work.clips:
        check_clip(work.name_of(clip), tracks[clip], doubts[clip])
    space, places = face_space(), landmark_places()
    path = work.folder / HEAD_FILE
    width, height = (int(side) for side in tracks[work.clips[0]].picture_px)
    if path.is_file():
        saved = load_arrays(path, ("place", "focal_px"), "head", "Remove it, and fit again.")
        place, focal_px = saved["place"], float(saved["focal_px"])
        rig = build_rig(space.identity(actor, place))
        head = HeadFit(place, Pinhole(width, height, focal_px), RigPoints.of(rig, places), ())
    else:
        units = build_rig(space.identity(actor, np.zeros(NUM_DIRECTIONS))).units
        per_clip = max(1, _NUM_MOMENTS // len(tracks))
        seen = [
            one
            for clip, track in tracks.items()
            for one in sightings(track, places, units, telling_moments(track, doubts[clip], per_clip).tolist())
        ]
        head = fit_head(space, places, seen, (width, height), actor, start("fitting the head", NUM_ROUNDS))
        save_arrays(path, {"place": head.place, "focal_px": np.array(head.camera.focal_px)})
    fits = {}
    for clip, track in tracks.items():
        path = work.fit_path(clip)
        if not path.is_file():
            advance = start(f"fitting {work.name_of(clip)}", track.num_frames)
            fit = fit_clip(track, doubts[clip], head.points, head.camera, advance)
            _without_cover(work, clip, head, fit, start).save(path)
        fits[clip] = ClipFit.load(path)
    return head, fits


def _without_cover(work: Work, clip: Path, head: HeadFit, fit: ClipFit, start: Start) -> ClipFit:
    """The fit, with frames doubted in which something is before the face."""
    advance = start(f"looking for hands in {work.name_of(clip)}", fit.num_frames)
    footage = work.footage(clip)
    samples = sample_skin(head.points.rig, head.camera, fit, footage.pictures(), advance)
    hidden = covered(unlike(samples, fit), float(footage.facts.rate or 30))
    return replace(fit, doubts=fit.doubted.also(Doubt.COVERED, hidden).of)


def fitted_clips(work: Work, fits: dict[Path, ClipFit]) -> list[FittedClip]:
    """Clips with all that is known of them."""
    tracks = work.tracks()
    return [FittedClip(work.name_of(clip), work.footage(clip), tracks[clip], fits[clip]) for clip in work.clips]


def write_data(work: Work, head: HeadFit, fits: dict[Path, ClipFit], start: Start) -> DataSet:
    """Gather the skin and write the data set.

    Raises:
        LiveDoubleError: See `write_clip_set`.
    """
    clips = fitted_clips(work, fits)
    wanted = {
        clip.name: skin_moments(clip.fit, clip.track.sharpness, max(1, _NUM_SKIN_VIEWS // len(clips))) for clip in clips
    }
    advance = start("gathering the skin", sum(len(frames) for frames in wanted.values()))
    views = (
        SkinView(_in_colour(picture), _mesh(head.points.rig, clip.fit, index), clip.fit.pose(index))
        for clip in clips
        for index, picture in frames_of(clip, wanted[clip.name])
    )
    skin = gather_skin(head.points.rig, head.camera, views, advance)
    advance = start("writing the data set", sum(clip.track.num_frames for clip in clips))
    return write_clip_set(work.data_folder, head.points.rig, clips, skin, advance)


def _mesh(rig: Rig, fit: ClipFit, frame: int) -> np.ndarray:
    return rig.pose(fit.weights[frame], float(fit.seals[frame]))


def _in_colour(picture: np.ndarray) -> np.ndarray:
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture


def _facts_of(clip: Path) -> dict[str, str]:
    if clip.is_dir():
        raise ShotError(f"{clip} is a folder, a movie was expected.", "Name the movies in it.")
    if not clip.is_file():
        raise ShotError(f"There is no clip {clip}.", "Check the path.")
    return {"path": str(clip.resolve()), "sha256": sha256_of(clip)}


def _identity(facts: dict[str, str]) -> tuple[str, str]:
    return Path(facts["path"]).name, facts["sha256"]  # copied elsewhere, it is the same clip


def _read(path: Path) -> list[dict[str, str]]:
    try:
        known = json.loads(path.read_text("utf-8"))
        return [{"path": str(one["path"]), "sha256": str(one["sha256"])} for one in known]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ShotError(f"{path} is damaged: {error}.", "Begin anew in another folder.") from error

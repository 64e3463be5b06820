"""What looks wrong in a data set, in words: the list that is read before a night of training.

Rule: a finding names the shot, the figure and the frame, so that it can be looked at; every limit stands here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.mesh import MM_PER_CM
from engine.shots import Role
from training.frame_words import frame_words
from training.mesh_steps import head_jumps
from training.sheet.survey import ShotSurvey, Survey

_STILL_LEVELS = 0.02  # a picture that differs by less from the one before is the same picture
_MOVING_MM = 0.05  # a mesh that moves by less stands still
_MOVING_SHARE = 0.5  # of its usual speed; a picture may well stay the same while the face turns round
_HELD_MM = 0.001  # a mesh that moves by less is the one before, written twice
_CHANGING_SHARE = 0.5  # of the picture's usual change
_LEAP_MM = 50.0  # from one frame to the next; the jaw's tip moves a third of it
_BLACK_LEVEL = 12  # 95 % of the pixels below
_WHITE_LEVEL, _DARK_LEVEL = 253, 110  # 95 % of the pixels below
_FLASH_LEVELS = 12.0  # from one frame to the next
_FLICKER_LEVELS = 2.5  # standard deviation around the light's slow course
_SLOW_FRAMES = 9
_LIGHT_JUMP = 12.0  # levels, between shots of one session
_SESSION_LIGHT = 12.0  # levels, validation against training
_SOFT = 0.6  # of the usual sharpness
_LIP_MOTION_MM = 3.0  # between most and least open
_LEAST_SPEECH_S, _LEAST_BLINK_S = 3.0, 12.0
_REGION_LEAST_MM = {"lips": 4.0, "jaw": 4.0, "lids": 2.0, "brows": 1.5, "cheeks": 1.5}
_LEAST_VALIDATION, _SHORT_FRAMES, _LONG_FRAMES = 0.03, 100, 2000
_LEAST_MINUTES = 3.0
_SPOKEN = (Role.PANGRAMS, Role.IN_CHARACTER)


class Weight(StrEnum):
    """How much a finding matters."""

    WRONG = "wrong"  # training on it would learn something false
    LOOK = "look"  # worth a look


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks wrong.

    Args:
        weight: How much it matters.
        shot: Its name; empty for the data set as a whole.
        words: One sentence.
    """

    weight: Weight
    shot: str
    words: str


def findings_of(survey: Survey) -> tuple[Finding, ...]:
    """Everything that looks wrong, what matters most first."""
    found = [finding for shot in survey.shots for finding in _of_shot(shot)]
    found += [*_of_light(survey), *_of_sharpness(survey), *_of_whole(survey)]
    return tuple(sorted(found, key=lambda finding: finding.weight is not Weight.WRONG))


def _of_shot(one: ShotSurvey) -> Iterator[Finding]:
    yield from _of_counts(one)
    yield from _of_frames(one)
    yield from _of_alignment(one)
    yield from _of_performance(one)


def _of_counts(one: ShotSurvey) -> Iterator[Finding]:
    claimed, held = one.shot.facts.num_frames, len(one.pictures)
    if held != claimed:
        yield Finding(Weight.WRONG, one.name, f"the movie holds {held} frames, the shot claims {claimed}")
    if one.motion.num_broken:
        yield Finding(Weight.WRONG, one.name, f"{one.motion.num_broken} meshes have coordinates that are no numbers")
    if not _SHORT_FRAMES <= claimed <= _LONG_FRAMES:
        yield Finding(
            Weight.LOOK, one.name, f"{claimed} frames; shots of {_SHORT_FRAMES} to {_LONG_FRAMES} are easier to judge"
        )


@dataclass(frozen=True, slots=True, eq=False)
class BadFrames:
    """Frames of a shot that no network should learn from; each [n] indices.

    Args:
        frozen: The picture stands still while the mesh moves.
        held: The mesh is the one before while the picture moves.
        jumps: The whole head jumps from the frame before.
        leaps: A vertex does, far more than a face can.
        black: Nothing is seen.
        flashes: The light jumps from the frame before.
    """

    frozen: np.ndarray
    held: np.ndarray
    jumps: np.ndarray
    leaps: np.ndarray
    black: np.ndarray
    flashes: np.ndarray

    @classmethod
    def of(cls, one: ShotSurvey) -> "BadFrames":
        """Look for them."""
        seen = one.pictures
        length = min(len(seen), len(one.motion.speed))
        speed = one.motion.speed[:length]
        least_mm = max(_MOVING_MM, _MOVING_SHARE * float(np.median(speed))) if length else _MOVING_MM
        is_same = (seen.change[:length] < _STILL_LEVELS) & (speed > least_mm)
        is_black = seen.high < _BLACK_LEVEL
        is_same &= ~is_black[:length]
        is_same[:1] = False
        is_flash = np.abs(np.diff(seen.mean, prepend=seen.mean[:1])) > _FLASH_LEVELS
        is_flash &= ~is_black & ~np.roll(is_black, 1)  # a black frame is told once
        is_moving_shot = float(one.motion.speed.max(initial=0)) >= _MOVING_MM
        held = _held(speed, np.where(is_black[:length], 0, seen.change[:length])) if is_moving_shot else speed[:0]
        jumps = head_jumps(one.motion.head_step / MM_PER_CM)
        leaps = np.setdiff1d(np.flatnonzero(one.motion.largest_step > _LEAP_MM), jumps)
        return cls(
            np.flatnonzero(is_same), np.asarray(held, int), jumps, leaps, np.flatnonzero(is_black),
            np.flatnonzero(is_flash),
        )  # fmt: skip

    @property
    def all(self) -> np.ndarray:
        """[n] every frame that is bad for any reason."""
        return np.unique(
            np.concatenate([self.frozen, self.held, self.jumps, self.leaps, self.black, self.flashes])
        ).astype(int)


def _held(speed: np.ndarray, change: np.ndarray) -> np.ndarray:
    """[n] frames of every run of repeated meshes over which the picture mostly moves."""
    least = max(_STILL_LEVELS, _CHANGING_SHARE * float(np.median(change)) if len(change) else 0.0)
    still = np.flatnonzero(speed < _HELD_MM)
    still = still[still > 0]  # the first frame has none before it
    runs = np.split(still, np.flatnonzero(np.diff(still) > 1) + 1)
    return np.concatenate([run if run.size and np.median(change[run]) > least else still[:0] for run in runs])


def _of_frames(one: ShotSurvey) -> Iterator[Finding]:
    seen, bad = one.pictures, BadFrames.of(one)
    if not len(seen):
        return
    for frames, words in (
        # A cache at another time moves while its picture does not: that is told already.
        (bad.frozen[: 0 if _is_off(one) else None], "the picture stands still while the mesh moves"),
        (bad.held, "the mesh stands still while the picture moves"),
        (bad.jumps, "the whole head jumps from the frame before"),
        (bad.leaps, f"a vertex jumps more than {_LEAP_MM / MM_PER_CM:g} cm from the frame before"),
        (bad.black, "black"),
        (bad.flashes, "the light jumps"),
    ):
        if frames.size:
            yield Finding(Weight.WRONG, one.name, f"{words}: {frame_words(frames)}")
    flicker = flicker_levels(seen.mean)
    if flicker > _FLICKER_LEVELS and not bad.flashes.size and not bad.black.size:
        yield Finding(Weight.LOOK, one.name, f"the light flickers by {flicker:.1f} levels")
    if np.median(seen.high) >= _WHITE_LEVEL:
        yield Finding(Weight.LOOK, one.name, "overexposed: one pixel in twenty is white")
    if np.median(seen.high) < _DARK_LEVEL and not bad.black.size:
        words = f"underexposed: 95 % of the crop lies below level {np.median(seen.high):.0f} of 255"
        yield Finding(Weight.LOOK, one.name, words)


def _of_alignment(one: ShotSurvey) -> Iterator[Finding]:
    offset = one.offset
    if offset is None:
        return
    figures = f"agreement {offset.agreement:.2f}, as it is {offset.agreement_as_is:.2f}"
    if offset.is_foreign:
        yield Finding(
            Weight.LOOK, one.name, f"mesh and picture hardly move together; another take's cache? ({figures})"
        )
    elif offset.is_off:
        late = "late" if offset.num_frames > 0 else "early"
        frames = "1 frame" if abs(offset.num_frames) == 1 else f"{abs(offset.num_frames)} frames"
        yield Finding(Weight.WRONG, one.name, f"the cache is {frames} {late} ({figures})")


def _is_off(one: ShotSurvey) -> bool:
    return one.offset is not None and (one.offset.is_off or one.offset.is_foreign)


def _of_performance(one: ShotSurvey) -> Iterator[Finding]:
    role, motion = one.shot.facts.role, one.motion
    if role in _SPOKEN and motion.lip_gap is not None and one.seconds > _LEAST_SPEECH_S:
        opening = float(np.ptp(np.percentile(motion.lip_gap, [1, 99])))
        if opening < _LIP_MOTION_MM:
            yield Finding(Weight.LOOK, one.name, f"the mouth never opens (lips part by {opening:.1f} mm)")
    if motion.num_blinks == 0 and one.seconds > _LEAST_BLINK_S:
        yield Finding(Weight.LOOK, one.name, f"no blink in {one.seconds:.0f} s")
    if float(motion.speed.max(initial=0)) < _MOVING_MM:
        yield Finding(Weight.WRONG, one.name, "the mesh never moves")


def _of_light(survey: Survey) -> Iterator[Finding]:
    levels = {one.name: float(np.median(one.pictures.mean)) for one in survey.shots if len(one.pictures)}
    sessions = {
        is_later: [one.name for one in survey.shots if one.name in levels and _is_later(one) == is_later]
        for is_later in (False, True)
    }
    usual = {key: float(np.median([levels[name] for name in names])) for key, names in sessions.items() if names}
    for key, names in sessions.items():
        for name in names:
            apart = levels[name] - usual[key]
            if abs(apart) > _LIGHT_JUMP:
                word = "brighter" if apart > 0 else "darker"
                yield Finding(Weight.LOOK, name, f"{abs(apart):.0f} levels {word} than the other shots of its session")
    if len(usual) == 2 and abs(apart := usual[True] - usual[False]) > _SESSION_LIGHT:
        word = "brighter" if apart > 0 else "darker"
        yield Finding(Weight.LOOK, "", f"validation is {abs(apart):.0f} levels {word} than training")


def _of_sharpness(survey: Survey) -> Iterator[Finding]:
    values = {one.name: float(np.median(one.pictures.sharpness)) for one in survey.shots if len(one.pictures)}
    usual = float(np.median(list(values.values()))) if values else 0.0
    for name, value in values.items():
        if value < _SOFT * usual:
            yield Finding(Weight.LOOK, name, f"soft: {100 * value / usual:.0f} % of the usual sharpness")


def _of_whole(survey: Survey) -> Iterator[Finding]:
    minutes = survey.seconds / 60
    shares = {part.role: part.share for part in survey.parts}
    if minutes < _LEAST_MINUTES:
        yield Finding(Weight.LOOK, "", f"{minutes:.1f} minutes in all; the paper's actors needed 5 to 10")
    if Role.VALIDATION not in shares:
        yield Finding(Weight.WRONG, "", "there is no validation shot: nothing will tell when to stop")
    elif shares[Role.VALIDATION] < _LEAST_VALIDATION:
        yield Finding(Weight.LOOK, "", f"validation is only {100 * shares[Role.VALIDATION]:.1f} % of the set")
    missing = [role.value for role in Role if role not in shares and role is not Role.VALIDATION]
    if missing:
        yield Finding(Weight.LOOK, "", f"no shots of {', '.join(missing)}")
    for region, least_mm in _REGION_LEAST_MM.items():
        reach_mm = survey.reach_mm(region)
        if reach_mm is not None and reach_mm < least_mm:
            yield Finding(Weight.LOOK, "", f"the {region} hardly move: {reach_mm:.1f} mm from neutral at most")


def flicker_levels(mean: np.ndarray) -> float:
    """How much the light trembles around its slow course: standard deviation, gray levels.

    Args:
        mean: [N] mean level of each frame.
    """
    if len(mean) < 2 * _SLOW_FRAMES:
        return 0.0
    padded = np.pad(mean.astype(np.float64), _SLOW_FRAMES // 2, mode="edge")
    slow = np.convolve(padded, np.full(_SLOW_FRAMES, 1 / _SLOW_FRAMES), mode="valid")
    return float((mean - slow).std())


def _is_later(one: ShotSurvey) -> bool:
    return one.shot.facts.role is Role.VALIDATION

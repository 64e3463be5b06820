"""What a shoot will film: roles, lengths, slates and timecode of every shot, from the minutes and a seed.

Rule: the same minutes and seed plan the same shots.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from engine.shots import Role
from engine.timecode import Timecode
from training.actor.performance import RATE_HZ
from training.actor.stage import StageSetup

RATE = Fraction(int(RATE_HZ))
SHORTEST, LONGEST = 100, 2000  # frames of a shot, as the paper's; tiny shoots have shorter ones
_FEWEST = 30  # frames of a role, however short the shoot
_VALIDATION_SHARE = 0.1
_GAP_S = 25.0, 140.0  # from one shot's end to the next one's start
_LONG_TAKES_FROM = 4 * LONGEST  # a role of so many frames has one take nearly as long as may be
_LONG_TAKE = 0.86, 0.98  # of the longest
_JAW_SHOTS = (Role.RANGE_OF_MOTION, 900, False), (Role.VALIDATION, 450, True)  # and whether of the later session
_PLAN_SEED = 41


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the shoot's parts.

    Args:
        role: What for.
        share: Of the minutes (Laine et al. 2017, section 4.1); validation comes on top.
        scene: The slate's letter.
        usual_frames: A typical take.
    """

    role: Role
    share: float
    scene: str
    usual_frames: int


_PARTS = (
    _Part(Role.RANGE_OF_MOTION, 0.05, "A", 290),
    _Part(Role.EXPRESSIONS, 0.05, "B", 350),
    _Part(Role.PANGRAMS, 0.30, "C", 480),
    _Part(Role.IN_CHARACTER, 0.60, "D", 760),
    _Part(Role.VALIDATION, _VALIDATION_SHARE, "V", 430),
)


@dataclass(frozen=True, slots=True)
class ShotPlan:
    """A shot to be made.

    Args:
        name: Its folder.
        role: What for.
        num_frames: At 30 frames/s.
        seed: Of its performance, lamps and noise.
        timecode: Of its first frame.
        slate: Scene and take, unique in the shoot.
        is_jaw_alone: Nothing but the jaw going forward and back.
    """

    name: str
    role: Role
    num_frames: int
    seed: tuple[int, ...]
    timecode: str
    slate: str = ""
    is_jaw_alone: bool = False


def plan_shoot(minutes: float, seed: int, *, has_jaw_shots: bool = False) -> tuple[ShotPlan, ...]:
    """The shots of a shoot, of varied lengths from 100 to 2,000 frames.

    A part that has fewer than 100 frames in all is one shorter shot, of 30 at least.

    Args:
        minutes: Of training footage; validation shots of a later session come on top (10 %).
        seed: Of every performance.
        has_jaw_shots: Also one shot of each session of the jaw going forward and back; the others stay as they are.
    """
    total = round(minutes * 60 * RATE_HZ)
    plans: list[ShotPlan] = []
    clock = Timecode.parse("10:00:00:00", RATE)
    for part in _PARTS:
        rng = np.random.default_rng((_PLAN_SEED, seed, ord(part.scene)))
        if part.role is Role.VALIDATION:  # shot on another day: its clock starts at another hour
            clock = Timecode.parse("14:00:00:00", RATE)
        slates = _slates(part.scene, rng)
        frames = max(_FEWEST, round(total * part.share))
        for num_frames in _lengths(frames, part.usual_frames, {plan.num_frames for plan in plans}, rng):
            clock = clock.plus(round(rng.uniform(*_GAP_S) * RATE_HZ))
            index = len(plans)
            name = f"{index + 1:03}_{part.role.value}"
            plans.append(ShotPlan(name, part.role, num_frames, (seed, index), str(clock), next(slates)))
            clock = clock.plus(num_frames)
    return (*plans, *_jaw_shots(plans, seed)) if has_jaw_shots else tuple(plans)


def _jaw_shots(plans: list[ShotPlan], seed: int) -> Iterator[ShotPlan]:
    """To learn from, at the end of the first session, and to be measured, at the end of the later one."""
    for number, (role, num_frames, is_later) in enumerate(_JAW_SHOTS):
        index = len(plans) + number
        before = [plan for plan in plans if (plan.role is Role.VALIDATION) is is_later][-1]
        clock = Timecode.parse(before.timecode, RATE).plus(before.num_frames + round(_GAP_S[0] * RATE_HZ))
        name = f"{index + 1:03}_{role.value}-jaw"
        yield ShotPlan(name, role, num_frames, (seed, index), str(clock), f"J{number + 1} take 1", is_jaw_alone=True)


def _lengths(total: int, usual: int, taken: set[int], rng: np.random.Generator) -> list[int]:
    """Frames of each shot, `total` together; all different, also from those `taken`; a few long among many shorter."""
    if total < 2 * SHORTEST + 1:
        return [total]
    count = max(1, round(total / usual))
    while True:
        shares = rng.lognormal(0.0, 0.55, count)
        if total >= _LONG_TAKES_FROM:
            long = rng.uniform(*_LONG_TAKE) * LONGEST
            shares[0] = long * shares[1:].sum() / (total - long)
        bounds = np.round(np.cumsum(rng.permutation(shares)) / shares.sum() * total).astype(int)
        lengths = [int(length) for length in np.diff(bounds, prepend=0)]
        is_varied = len({*lengths} - taken) == count or count == 1
        if min(lengths) >= SHORTEST and max(lengths) <= LONGEST and is_varied:
            return lengths


def _slates(scene: str, rng: np.random.Generator) -> Iterator[str]:
    """Scene and take: a scene is played one to three times before the next is set up."""
    number = 0
    while True:
        number += 1
        for take in range(1, int(rng.integers(1, 4)) + 1):
            yield f"{scene}{number} take {take}"


def later_session(setup: StageSetup) -> StageSetup:
    """The stage on another day: built anew, so light, framing, exposure and the actor's seat are a little off."""
    return replace(
        setup,
        view_height_cm=setup.view_height_cm * 1.013,
        reframing_cm=(0.25, 0.2),
        seat_cm=(0.3, -0.15, 0.6),
        key_gain=1.05,
        key_shift_cm=(9.0, -6.0),
        light_gain=0.97,
    )

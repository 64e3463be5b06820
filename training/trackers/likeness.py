"""The likeness of an actor: whether face trackers take it for a face and read what it does.

Rule: the bars are the product's own, stated here once; filmed people are only looked for, nobody can pose them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from engine.errors import ShotError
from engine.shots import FRONT, DataSet, Role
from training.actor.identity import Identity, identity_of
from training.trackers.judging import Found, Judgement, count_found, judge_expressions, num_portraits
from training.trackers.sitting import Sitting, spread_frames
from training.trackers.tracker import Tracker

LEAST_FOUND = 0.99  # of the frames, for each tracker
_SEED = 20170728  # of the frames acted for an actor without a data set

Start = Callable[[int], Callable[[int], None]]  # told the number of pictures, gives the function to advance by


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the trackers said.

    Args:
        found: By tracker and role.
        judgements: By tracker and expression; none of filmed people.
    """

    found: tuple[Found, ...]
    judgements: tuple[Judgement, ...]

    def share_found(self, tracker: str) -> float:
        """Of all frames, 0..1."""
        of = [one for one in self.found if one.tracker == tracker]
        return sum(one.num_found for one in of) / max(sum(one.num_frames for one in of), 1)

    @property
    def failures(self) -> tuple[str, ...]:
        """The bars that are not met, in words."""
        trackers = dict.fromkeys(one.tracker for one in self.found)
        lost = [
            f"{tracker} finds {100 * share:.1f} % of the frames"
            for tracker in trackers
            if (share := self.share_found(tracker)) < LEAST_FOUND
        ]
        wrong = [f"{one.tracker}: {one.expression} {one.verdict}" for one in self.judgements if not one.is_right]
        return (*lost, *wrong)


def likeness_of_data(
    data: DataSet, trackers: Sequence[Tracker], num_frames: int, camera: str, start: Start
) -> Likeness:
    """Look at a data set's frames, and at its actor where that is a virtual one.

    Args:
        data: Of one actor.
        trackers: Judges.
        num_frames: About how many frames to look at, spread evenly over all shots.
        camera: Whose movies.
        start: Begins the progress.

    Raises:
        ShotError: There is no such camera, or a movie is shorter than its shot.
    """
    if camera not in data.cameras:
        raise ShotError(f"{data.folder} has no camera '{camera}'.", f"Choose one of: {', '.join(data.cameras)}.")
    total = sum(shot.facts.num_frames for shot in data.shots)
    shares = {shot.facts.name: max(1, round(num_frames * shot.facts.num_frames / max(total, 1))) for shot in data.shots}
    # Only the virtual actor's shots have a seed; the side camera would see half of every expression.
    can_pose = camera == FRONT and all(shot.facts.seed is not None for shot in data.shots)
    advance = start(sum(shares.values()) + can_pose * num_portraits())
    found: list[Found] = []
    for role in Role:
        shots = [shot for shot in data.shots if shot.facts.role == role]
        pictures = chain.from_iterable(spread_frames(shot, shares[shot.facts.name], camera) for shot in shots)
        if shots:
            found += count_found(trackers, role.value, pictures, advance)
    if not can_pose:
        return Likeness(tuple(found), ())
    with Sitting(identity_of(data.actor), data) as sitting:
        return Likeness(tuple(found), tuple(judge_expressions(trackers, sitting.photograph, advance)))


def likeness_of_actor(identity: Identity, trackers: Sequence[Tracker], num_frames: int, start: Start) -> Likeness:
    """Let a virtual actor perform a little of every role, then make every expression.

    Args:
        identity: Who.
        trackers: Judges.
        num_frames: About how many frames of performance.
        start: Begins the progress.
    """
    share = max(1, round(num_frames / len(Role)))
    advance = start(share * len(Role) + num_portraits())
    found: list[Found] = []
    with Sitting(identity) as sitting:
        for role in Role:
            found += count_found(trackers, role.value, sitting.frames(role, share, _SEED), advance)
        return Likeness(tuple(found), tuple(judge_expressions(trackers, sitting.photograph, advance)))

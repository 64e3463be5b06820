"""How fast movies are solved, beside what the network alone and decoding alone make in the same run.

Rule: what is measured is work that has to be done anyway: now and then decoders and network take turns for a moment.
"""

from dataclasses import dataclass

from engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock

_EVERY_S = 30.0
_SOONEST_S = 10.0  # when other movies have come to work
_WARM_BATCHES = 2


@dataclass(frozen=True, slots=True)
class Alone:
    """Frames a second, over a whole run."""

    network_fps: float  # by itself
    decode_fps: float  # by itself, with the crop
    allowed_fps: float  # what both allow together
    together_fps: float  # what they made
    num_rounds: int  # of taking turns

    @property
    def share(self) -> float:
        """Of what is allowed, how much was made."""
        return self.together_fps / self.allowed_fps


@dataclass(slots=True)
class _Round:
    """What one taking of turns showed, and the frames made together until the next."""

    network_fps: float
    decode_fps: float
    num_frames: int


class Pace:
    """Tells when to take turns, and collects what that shows. One thread.

    Args:
        is_shared: Whether network and decoders share the processor's cores.
        clock: Time.
    """

    def __init__(self, is_shared: bool, clock: Clock = SYSTEM_CLOCK) -> None:
        self._is_shared, self._clock = is_shared, clock
        self._rounds: list[_Round] = []
        self._num_before = 0  # frames made together before the first round
        self._since_ns, self._together_ns = clock.now_ns(), 0

    def now_ns(self) -> int:
        """The clock's."""
        return self._clock.now_ns()

    def solved(self, num_frames: int) -> None:
        """Frames that decoders and network made together."""
        if self._rounds:
            self._rounds[-1].num_frames += num_frames
        else:
            self._num_before += num_frames

    def is_due(self, num_warm: int, is_new: bool) -> bool:
        """Whether to take turns now.

        Args:
            num_warm: Batches so far of the movie that has had the fewest.
            is_new: Whether other movies than last time are at work.
        """
        if num_warm < _WARM_BATCHES:
            return False
        wait_s = _SOONEST_S if is_new else _EVERY_S
        return not self._rounds or (self._clock.now_ns() - self._since_ns) / NS_PER_S > wait_s

    def begin_turns(self) -> None:
        """Decoders and network work together no more."""
        self._together_ns += self._clock.now_ns() - self._since_ns

    def end_turns(self, decoded: tuple[int, int], solved: tuple[int, int]) -> None:
        """They do again; frames and nanoseconds of each alone, no frames where a movie ended meanwhile."""
        self._since_ns = self._clock.now_ns()
        if decoded[0] and solved[0]:
            network_fps, decode_fps = (NS_PER_S * frames / max(1, took_ns) for frames, took_ns in (solved, decoded))
            self._rounds.append(_Round(network_fps, decode_fps, 0))

    def alone(self) -> Alone | None:
        """At the end; None where movies were too short to take turns."""
        seconds = (self._together_ns + self._clock.now_ns() - self._since_ns) / NS_PER_S
        frames = [one.num_frames for one in self._rounds]
        if not self._rounds or not sum(frames) + self._num_before:
            return None
        frames[0] += self._num_before

        def mean(rates: list[float]) -> float:
            """By the time that the frames take."""
            return sum(frames) / sum(count / rate for count, rate in zip(frames, rates, strict=True))

        decode = [one.decode_fps for one in self._rounds]
        network = [one.network_fps for one in self._rounds]
        allowed = [1 / (1 / d + 1 / n) if self._is_shared else min(d, n) for d, n in zip(decode, network, strict=True)]
        return Alone(
            network_fps=round(mean(network), 2),
            decode_fps=round(mean(decode), 2),
            allowed_fps=round(mean(allowed), 2),
            together_fps=round(sum(frames) / seconds, 2),
            num_rounds=len(self._rounds),
        )

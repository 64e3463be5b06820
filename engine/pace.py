"""How fast movies are solved, beside what the network alone and decoding alone make in the same run.

Rule: what is measured is work that has to be done anyway: now and then decoders and network take turns for a moment. A
stretch of work is compared with the turns before and after it, and what the stretches do not agree on is not told.
"""

from dataclasses import dataclass

import numpy as np

from engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock

_SOON_S = 4.0  # between the first rounds, so that a run of half a minute has enough
_EVERY_S = 30.0
_SOONEST_S = 10.0  # when other movies have come to work
_WARM_BATCHES = 2
_FEWEST_STRETCHES = 3
_WIDEST_SPREAD = 0.25  # of the stretches' quartiles, as a share of their median


@dataclass(frozen=True, slots=True)
class Alone:
    """Frames a second, medians over a whole run."""

    network_fps: float  # by itself
    decode_fps: float  # by itself, with the crop
    allowed_fps: float  # what both allow together
    num_rounds: int  # of taking turns
    # Of what is allowed, how much was made, lower quartile and upper; None where the stretches between are too few.
    quartiles: tuple[float, float] | None
    share: float | None  # their median; None also where the quartiles lie too far apart: the cores had other work


@dataclass(frozen=True, slots=True)
class _Round:
    """What one taking of turns showed, seconds a frame."""

    network_s: float
    decode_s: float


class Pace:
    """Tells when to take turns, and collects what that shows. One thread.

    Args:
        is_shared: Whether network and decoders share the processor's cores.
        clock: Time.
    """

    def __init__(self, is_shared: bool, clock: Clock = SYSTEM_CLOCK) -> None:
        self._is_shared, self._clock = is_shared, clock
        self._rounds: list[_Round] = []
        self._shares: list[float] = []  # of each stretch between two rounds
        self._num_solved = self._num_decoded = self._stretch_ns = 0  # since the last round
        self._since_ns = clock.now_ns()

    def now_ns(self) -> int:
        """The clock's."""
        return self._clock.now_ns()

    def solved(self, num_frames: int) -> None:
        """Frames that decoders and network made together."""
        self._num_solved += num_frames
        self._num_decoded += num_frames

    def is_due(self, num_warm: int, is_new: bool) -> bool:
        """Whether to take turns now.

        Args:
            num_warm: Batches so far of the movie that has had the fewest.
            is_new: Whether other movies than last time are at work.
        """
        if num_warm < _WARM_BATCHES:
            return False
        later_s = _SOONEST_S if is_new else _EVERY_S
        wait_s = _SOON_S if len(self._rounds) <= _FEWEST_STRETCHES else later_s
        return not self._rounds or (self._clock.now_ns() - self._since_ns) / NS_PER_S > wait_s

    def begin_turns(self, num_ahead: int) -> None:
        """Decoders and network work together no more; so many frames are decoded that are not solved yet."""
        self._stretch_ns += self._clock.now_ns() - self._since_ns
        self._num_decoded += num_ahead

    def end_turns(self, decoded: tuple[int, int], solved: tuple[int, int]) -> None:
        """They do again; frames and nanoseconds of each alone, no frames where a movie ended meanwhile."""
        self._since_ns = self._clock.now_ns()
        if not decoded[0] or not solved[0]:
            return
        network_s, decode_s = (max(1, took_ns) / NS_PER_S / frames for frames, took_ns in (solved, decoded))
        self._rounds.append(_Round(network_s, decode_s))
        # The first stretch has the start in it, and no round before.
        if len(self._rounds) > 1 and self._num_solved and self._stretch_ns:
            self._shares.append(self._share(*self._rounds[-2:]))
        self._num_solved = self._num_decoded = self._stretch_ns = 0

    def _share(self, before: _Round, after: _Round) -> float:
        network_s = self._num_solved * (before.network_s + after.network_s) / 2
        decode_s = self._num_decoded * (before.decode_s + after.decode_s) / 2
        return self._both(network_s, decode_s) * NS_PER_S / self._stretch_ns

    def _both(self, network_s: float, decode_s: float) -> float:
        """What both allow together, of what each takes alone."""
        return network_s + decode_s if self._is_shared else max(network_s, decode_s)

    def alone(self) -> Alone | None:
        """At the end; None where movies were too short to take turns."""
        if not self._rounds:
            return None
        network_s = [one.network_s for one in self._rounds]
        decode_s = [one.decode_s for one in self._rounds]
        both_s = [self._both(one.network_s, one.decode_s) for one in self._rounds]
        network_fps, decode_fps, allowed_fps = (float(1 / np.median(each)) for each in (network_s, decode_s, both_s))
        quartiles, share = None, None
        if len(self._shares) >= _FEWEST_STRETCHES:
            lower, middle, upper = (round(float(each), 4) for each in np.percentile(self._shares, (25, 50, 75)))
            quartiles = lower, upper
            share = middle if upper - lower <= _WIDEST_SPREAD * middle else None
        return Alone(
            network_fps=round(network_fps, 2),
            decode_fps=round(decode_fps, 2),
            allowed_fps=round(allowed_fps, 2),
            num_rounds=len(self._rounds),
            quartiles=quartiles,
            share=share,
        )

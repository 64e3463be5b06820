"""What arithmetic allows: the rate of plain matrix products and of copying, and from them the least time of a frame.

Rule: products are measured in the rounds of what they are compared with. A network can pass them, by products of better
shapes or fewer multiplications: it is a yardstick, not a law.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np

from engine.backends import ort_cuda, trt
from engine.backends.matrix import MULTIPLY_ADDS, MatrixProduct, open_products
from engine.backends.work import NetworkWork
from engine.bench.report import Floor, MatrixRate
from engine.bench.rounds import Timing, Work, in_turn
from engine.clock import Clock

_ON_GPU = (trt.NAME, ort_cuda.NAME)
_COPIED_BYTES = 64 << 20  # beyond the caches
_MOST_SECONDS = 0.5
_WEIGHT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}
_MS_PER_S = 1000.0


class Arithmetic:
    """Takes part in the rounds of others with matrix products and one copy.

    Args:
        products: Open.
        work: Of the network.
    """

    def __init__(self, products: Sequence[MatrixProduct], work: NetworkWork) -> None:
        self._products, self._work = products, work
        self._source = np.ones(_COPIED_BYTES, np.uint8)  # zeros would be one page of memory, over and over
        self._target = np.ones(_COPIED_BYTES, np.uint8)
        self._first: Sequence[Timing] = ()
        self.absent: list[str] = []  # what cannot be said, and why

    def works(self, seconds: float) -> list[Work]:
        """The products, then the copy."""
        short = min(seconds, _MOST_SECONDS)
        products = [_multiplying(one, short) for one in self._products]
        return [*products, Work(lambda _: np.copyto(self._target, self._source), _COPIED_BYTES, short)]

    def note(self, timings: Sequence[Timing]) -> None:
        """Keep what became of `works`; the first time counts, which is that of the online figures."""
        self._first = self._first or timings

    def complete(self, clock: Clock) -> None:
        """Measure by itself, where nothing was measured beside it."""
        self._first = self._first or in_turn(self.works(_MOST_SECONDS), clock)

    def share(self, solving: Timing, kind: tuple[str, str], timings: Sequence[Timing]) -> float | None:
        """The multiply-adds a second of a network as a share of the fastest product's; None where none was measured.

        Args:
            solving: Frames.
            kind: Backend that solves them, and precision of its inner layers.
            timings: Of `works`, in the same rounds.
        """
        backend, precision = kind
        if backend in _ON_GPU:
            told = f"what arithmetic allows {backend} {precision}: matrix products are measured on the processor alone"
            self.absent += [] if told in self.absent else [told]
            return None
        place = self._fastest(precision, timings)
        return None if place is None else solving.of(timings[place]) * self._work.multiply_adds

    def rates(self) -> list[MatrixRate]:
        """Of all products."""
        pairs = zip(self._products, self._first, strict=False)  # the copy comes last
        return [MatrixRate(one.by, one.precision, round(timing.rate)) for one, timing in pairs]

    @property
    def copy_bytes_per_s(self) -> float:
        """Each byte read once and written once."""
        return float(round(self._first[-1].rate))

    def floors(self) -> list[Floor]:
        """Of every precision that was measured."""
        floors = []
        for precision in dict.fromkeys(one.precision for one in self._products):
            place = self._fastest(precision, self._first)
            if place is not None:
                arithmetic_s = self._work.multiply_adds / self._first[place].rate
                # A copy moves each byte twice, weights come only one way.
                weights_s = self._work.num_weights * _WEIGHT_BYTES[precision] / (2 * self.copy_bytes_per_s)
                both_ms = round(_MS_PER_S * arithmetic_s, 4), round(_MS_PER_S * weights_s, 4)
                floors.append(Floor(precision, *both_ms))
        return floors

    def _fastest(self, precision: str, timings: Sequence[Timing]) -> int | None:
        places = [place for place, one in enumerate(self._products) if one.precision == precision]
        return max(places, key=lambda place: timings[place].rate, default=None)


@contextmanager
def open_arithmetic(work: NetworkWork, num_threads: int) -> Iterator[Arithmetic]:
    """Get ready to multiply; `num_threads` of each runtime."""
    with ExitStack() as held:
        products = open_products(num_threads)
        for product in products:
            held.callback(product.close)
        yield Arithmetic(products, work)


def _multiplying(product: MatrixProduct, seconds: float) -> Work:
    return Work(lambda _: product.run(), MULTIPLY_ADDS, seconds)

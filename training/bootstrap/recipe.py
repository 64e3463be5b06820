"""How a double is trained: on a head held still, beginning with an actor that has seen faces, brows counting more.

Rule: a webcam's clip is short. What it cannot teach, such as how large a raised brow is, comes with the weights.
"""

from dataclasses import replace
from pathlib import Path

from training.config import TrainConfig, shrunk
from training.variation import FIXED

# What moves by a tenth of a jaw is otherwise learned last, and a clip's time is over by then.
_REGIONS = (("brows", 20.0), ("lids", 4.0))
_RATE = 1e-4  # of a training that goes on from another face; more forgets what was learned there


def recipe(minutes: float, batch_size: int, begin_with: Path, *, is_small: bool) -> TrainConfig:
    """The settings of a double's training.

    Args:
        minutes: Of training.
        batch_size: Frames a step.
        begin_with: An actor of the same mesh, by the whole network.
        is_small: A network that trains in minutes, from random weights.
    """
    config = TrainConfig(minutes=minutes, batch_size=batch_size, region_weights=_REGIONS, is_self_stabilised=True)
    if is_small:
        return shrunk(config)
    known = replace(config, start_from=str(begin_with.resolve()), is_new_face=True, learning_rate=_RATE)
    return FIXED.filled_in(known)

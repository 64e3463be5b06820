"""How fast a training would run here, against the loop one would write first, in the same minutes of the same machine.

Rule: both take turns, a round each, and medians are compared: what else the machine does slows both.
"""

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from engine.shots import DataSet
from training.batches import make_batch
from training.config import TrainConfig
from training.device import Compute
from training.feed import Source, feed
from training.gradients import Gradients
from training.mishaps import told_of_memory
from training.preparation import load_frames, prepare
from training.team import ALONE
from training.watch import Watch

_NUM_ROUNDS = 5
_ROUND_S = 2.0  # at least; a round has so many steps that it takes this long


@dataclass(frozen=True, slots=True)
class Pace:
    """What was measured.

    Args:
        machine: Processor or accelerator, threads, precision.
        batch_size: Pictures a step.
        num_rounds: Of each.
        samples_per_s: As we train, the median round.
        plain_samples_per_s: float32, a batch made when it is needed, torch's default memory layout and Adam.
        ratio: Of the two.
    """

    machine: str
    batch_size: int
    num_rounds: int
    samples_per_s: float
    plain_samples_per_s: float
    ratio: float


def measure_pace(data: DataSet, config: TrainConfig, compute: Compute, cache: Path, watch: Watch) -> Pace:
    """Train a few steps both ways; nothing is kept.

    Raises:
        LiveDoubleError: As a training would.
    """
    with told_of_memory(cache):
        frames = load_frames(data, config, cache, watch, ALONE)
        ready = prepare(data, "", config, frames, None, compute, watch, ALONE)
        steps_per_epoch = ready.plan.steps_per_epoch
        source = Source(frames.training, ready.config, frames.gray_mean, ALONE.share, steps_per_epoch, lambda _: 1.0)

        # The plain loop: the same network and the same pictures, nothing else of ours.
        network = copy.deepcopy(ready.network).to(memory_format=torch.contiguous_format).train()
        plain = replace(compute, is_bfloat16=False, is_captured=False, holds_data=False)
        learn = Gradients(network, ready.objective, plain, lambda *inputs: inputs)
        plain_optimizer = torch.optim.Adam(network.parameters())

        def step_plainly(step: int) -> torch.Tensor:
            batch = make_batch(frames.training, ready.config, step, steps_per_epoch, 1.0, frames.gray_mean)
            value = learn((torch.from_numpy(batch.crops), torch.from_numpy(batch.vertices)))
            plain_optimizer.step()
            return value

        with feed(source, compute, 0, watch.say) as batches:
            ready.network.train()
            gradients = Gradients(ready.network, ready.objective, compute, batches.unpack)

            def step_as_we_do(_: int) -> torch.Tensor:
                value = gradients(batches.take())
                ready.optimizer.step()
                return value

            ours_s, plain_s = _in_turn(step_as_we_do, step_plainly)
    rates = source.num_samples / ours_s, source.num_samples / plain_s
    return Pace(compute.words, source.num_samples, _NUM_ROUNDS, *rates, rates[0] / rates[1])


def _in_turn(*ways: Callable[[int], torch.Tensor]) -> tuple[float, ...]:
    """Median seconds a step of each way."""
    steps = [0] * len(ways)

    def round_of(way: int, num_steps: int) -> float:
        started_s = time.perf_counter()
        for _ in range(num_steps):
            value = ways[way](steps[way])
            steps[way] += 1
        value.item()  # waits for a GPU
        return (time.perf_counter() - started_s) / num_steps

    for way in range(len(ways)):
        round_of(way, 1)  # compiles, captures, chooses kernels
    num_steps = [max(1, round(_ROUND_S / round_of(way, 2))) for way in range(len(ways))]
    rounds_s = [[round_of(way, num_steps[way]) for way in range(len(ways))] for _ in range(_NUM_ROUNDS)]
    return tuple(statistics.median(of_way) for of_way in zip(*rounds_s, strict=True))

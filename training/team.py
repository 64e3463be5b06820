"""Several processes that train one network, on one machine or many, started by `torchrun`.

Rule: the first process decides, speaks and writes; the others follow. Whatever depends on a clock, a disk or a signal
passes through `by_first`, so that all take the same steps.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from training.batches import Share

T = TypeVar("T")
_PATIENCE = timedelta(hours=6)  # others wait while the first decodes movies or validates; torchrun ends the bereaved


@dataclass(frozen=True, slots=True)
class Team:
    """The processes, seen from one of them.

    Args:
        rank: Of this process, from 0.
        size: How many there are.
        rank_here: Of this process among those of its machine.
        size_here: How many there are on its machine.
    """

    rank: int = 0
    size: int = 1
    rank_here: int = 0
    size_here: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process decides, speaks and writes."""
        return self.rank == 0

    @property
    def share(self) -> Share:
        """The part of every batch that this process learns from."""
        return Share(self.rank, self.size)

    def by_first(self, make: Callable[[], T]) -> T:
        """What `make` returns in the first process, in all of them."""
        if self.size == 1:
            return make()
        values = [make() if self.is_first else None]
        dist.broadcast_object_list(values)
        return cast(T, values[0])

    def machine_by_machine(self, make: Callable[[], T]) -> T:
        """What `make` returns, called by one process of each machine before the others: what it writes, they find."""
        if self.size == 1:
            return make()
        if self.rank_here == 0:
            made = make()
            dist.barrier()
            return made
        dist.barrier()
        return make()

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes of each value."""
        if self.size > 1:
            dist.all_reduce(values)
            values /= self.size
        return values

    def join(self, network: nn.Module, device: torch.device) -> nn.Module:
        """The network whose backward pass leaves every process with the mean of all gradients."""
        if self.size == 1:
            return network
        return nn.parallel.DistributedDataParallel(network, [device] if device.type == "cuda" else None)


ALONE = Team()


@contextmanager
def assembled(device_name: str) -> Iterator[Team]:
    """The team that `torchrun` started this process in; alone where it did not.

    Args:
        device_name: `cuda` (NCCL) or `cpu` (Gloo).
    """
    if not (dist.is_available() and dist.is_torchelastic_launched()):
        yield ALONE
        return
    rank_here = dist.get_node_local_rank()
    if device_name == "cuda":
        torch.cuda.set_device(rank_here % max(1, torch.cuda.device_count()))
    dist.init_process_group("nccl" if device_name == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        # torch has no function for the last one; torchrun tells it this way.
        yield Team(dist.get_rank(), dist.get_world_size(), rank_here, int(os.environ["LOCAL_WORLD_SIZE"]))
    finally:
        # A wrapped network is part of reference cycles: kept until Python ends, its threads would end the process.
        gc.collect()
        dist.destroy_process_group()

"""One step's forward and backward pass; on a GPU captured once as a CUDA graph and replayed.

Rule: Adam is not part of the graph. Its beta1 moves during the ramp-down, and a graph keeps numbers as they were.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from engine.errors import LiveDoubleError
from training.device import Compute
from training.losses import Objective
from training.mishaps import is_out_of_gpu_memory
from training.uncertainty import foretelling_loss

_WARM_UPS = 3  # before a capture, so that libraries have chosen their kernels and taken their memory


class Gradients:
    """Leaves a batch's gradients in the network's weights.

    Args:
        network: The face network, or the same joined with other processes.
        objective: What is minimised.
        compute: Where it runs, in which precision, captured or not.
        unpack: The feed's.
    """

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        compute: Compute,
        unpack: Callable[..., tuple[Tensor, Tensor]],
    ) -> None:
        self._network, self._objective, self._compute, self._unpack = network, objective, compute, unpack
        self._graph: _Captured | None = None

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """The objective's value, a scalar on the device, cm2.

        Args:
            inputs: The feed's, in the processor's memory.
        """
        device = self._compute.device
        if not self._compute.is_captured:
            return self._step(*(tensor.to(device, non_blocking=True) for tensor in inputs))
        if self._graph is None:
            self._graph = _Captured(self._step, inputs, device)
        return self._graph(inputs)

    def _step(self, *inputs: Tensor) -> Tensor:
        crops, truth = self._unpack(*inputs)
        with self._compute.autocast():
            solved = self._network(crops)
        value = self._objective(solved.vertices, truth)
        loss = value
        if solved.errors_mm is not None:  # its weights are its own: the two losses do not meet
            loss = value + foretelling_loss(solved.errors_mm, solved.vertices, truth)
        self._network.zero_grad(set_to_none=True)
        loss.backward()
        return value.detach()


class _Captured:
    """A function of tensors as a CUDA graph.

    Args:
        function: Of tensors on the device; weights it only reads, gradients it sets anew.
        inputs: Of the shapes and types it will always be called with.
        device: Of the graph.

    Raises:
        LiveDoubleError: It does what a graph cannot hold.
    """

    def __init__(self, function: Callable[..., Tensor], inputs: tuple[Tensor, ...], device: torch.device) -> None:
        self._inputs = [tensor.to(device) for tensor in inputs]
        seed = torch.cuda.initial_seed()
        beside = torch.cuda.Stream(device)
        beside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UPS):
                function(*self._inputs)
        torch.cuda.current_stream(device).wait_stream(beside)
        self._graph = torch.cuda.CUDAGraph()
        try:
            # Other threads go on pinning memory meanwhile: only this one's calls are part of it.
            with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
                self._output = function(*self._inputs)
        except RuntimeError as error:
            if is_out_of_gpu_memory(error):
                raise
            raise LiveDoubleError(
                f"The training step cannot be captured as a CUDA graph ({str(error).splitlines()[0]}).",
                "Train with --no-graph.",
            ) from error
        torch.cuda.manual_seed(seed)  # the warm-ups drew from it; the first step draws as if there had been none

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Its value for these inputs; a tensor of its own."""
        for kept, given in zip(self._inputs, inputs, strict=True):
            kept.copy_(given, non_blocking=True)
        self._graph.replay()
        return self._output.clone()

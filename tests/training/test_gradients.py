"""One step's forward and backward pass, and what a GPU does with it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from engine.machine import probe_gpu
from tests.training.tiny_data import NUM_VERTICES, TINY, tiny_topology
from training.batches import WHOLE
from training.checkpoint import LAST_FILE, Checkpoint
from training.crops import CachedShot, choose_frames
from training.device import Compute, choose_compute
from training.device_batches import DeviceFrames
from training.gradients import Gradients
from training.loop import train
from training.losses import Objective
from training.networks import FaceNetwork, NetworkShape
from training.watch import Watch

_GPU = probe_gpu()
_REASON = _GPU.reason or ("" if torch.cuda.is_available() else f"torch {torch.__version__} has no CUDA")
CPU = torch.device("cpu")
needs_gpu = pytest.mark.skipif(bool(_REASON), reason=_REASON)
EVERYTHING = replace(TINY, velocity_weight=0.5, normal_weight=0.2, region_weights=(("lips", 3.0),), batch_size=6)


def frames_in_memory(device, config):
    """Twelve frames of random pictures and meshes."""
    random = np.random.default_rng(0)
    grown = random.integers(0, 256, (12, 40, 30), dtype=np.uint8)
    vertices = random.normal(0, 1, (12, NUM_VERTICES, 3)).astype(np.float32)
    choice = choose_frames((CachedShot(None, (grown,), vertices),), None)
    return DeviceFrames(choice, config, np.array([128.0]), device)


def lesson(device, config):
    """A network, the function that leaves gradients in it, and what that takes."""
    torch.manual_seed(0)
    network = FaceNetwork(NetworkShape.of(config, config.num_latents, NUM_VERTICES)).to(device).train()
    objective = Objective.of(config, tiny_topology()).to(device)
    frames = frames_in_memory(device, config)
    learn = Gradients(network, objective, Compute(device, False, 1, ""), frames.unpack)
    return network, learn, frames.numbers_of(0, 2, 1.0, WHOLE)


class Calls(TorchDispatchMode):
    """Hears every operation, backward pass included."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.add(function.overloadpacket.__name__)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("config", [TINY, EVERYTHING], ids=["paper's loss", "every term"])
def test_a_step_asks_the_device_for_no_value(config):
    """Each of these would make the processor wait for a GPU, and break the capture of a CUDA graph."""
    _, learn, numbers = lesson(CPU, config)
    with Calls() as calls:
        learn(numbers)
    assert {"convolution", "convolution_backward", "grid_sampler_2d"} <= calls.names
    assert calls.names.isdisjoint({"_local_scalar_dense", "item", "nonzero", "equal", "is_nonzero", "masked_select"})


def test_a_step_leaves_the_gradients_of_this_batch_alone():
    network, learn, numbers = lesson(CPU, replace(TINY, dropout=0.0))
    learn(numbers)
    first = [weight.grad.clone() for weight in network.parameters()]
    learn(numbers)
    for before, weight in zip(first, network.parameters(), strict=True):
        assert torch.allclose(before, weight.grad, rtol=1e-4, atol=1e-7)


def train_on_gpu(place, run, config, *, has_graph=True, stop_after=None):
    compute, told = choose_compute("cuda", 1, has_graph=has_graph), []
    assert compute.is_captured is has_graph
    watch = Watch(lambda _: None, lambda *_: None, told.append, lambda: len(told) + 1 == stop_after)
    train(place.data, config, place.folder / run, compute, place.data.folder / ".crops", watch)
    return Checkpoint.load(place.folder / run / LAST_FILE).network


@needs_gpu
@pytest.mark.parametrize("config", [TINY, EVERYTHING], ids=["paper's loss", "every term"])
def test_captured_steps_train_the_network_that_launched_ones_do(place, config):
    captured, launched = (train_on_gpu(place, str(graph), config, has_graph=graph) for graph in (True, False))
    for name, values in captured.items():
        assert torch.allclose(values, launched[name], rtol=2e-2, atol=2e-3), name


@needs_gpu
def test_captured_steps_go_on_as_if_never_stopped(place):
    whole = train_on_gpu(place, "whole", TINY)
    train_on_gpu(place, "parts", TINY, stop_after=2)
    parts = train_on_gpu(place, "parts", TINY)
    for name, values in whole.items():
        assert torch.allclose(values, parts[name], rtol=2e-2, atol=2e-3), name

"""The data set in a device's memory: the same pictures as the processor makes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from engine.machine import probe_gpu
from engine.shots import FRONT
from tests.training.tiny_data import CROP, INPUT, TINY, write_tiny_data
from training.augment import augment, changes, draws
from training.batches import WHOLE, Share, make_batch
from training.config import TrainConfig
from training.crops import cache_shot, centre, choose_frames
from training.device_batches import DeviceFrames, Grain, Warp
from training.variation import FIXED, Amounts

CPU = torch.device("cpu")
GRAY = np.array([65.0])
STEPS_PER_EPOCH = 4
_GPU = probe_gpu()
needs_gpu = pytest.mark.skipif(
    bool(_GPU.reason) or not torch.cuda.is_available(), reason=_GPU.reason or "torch has no CUDA"
)


def portrait() -> np.ndarray:
    """[400, 300] uint8 with edges and soft shades."""
    picture = np.full((400, 300), 60, np.uint8)
    cv2.ellipse(picture, (150, 200), (110, 150), 0, 0, 360, 180, -1)
    cv2.circle(picture, (105, 170), 18, 20, -1)
    cv2.line(picture, (100, 280), (200, 275), 230, 5)
    noise = np.random.default_rng(3).normal(0, 3, picture.shape)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.2) + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def choice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("device")
    data = write_tiny_data(folder / "tiny", 12)
    return choose_frames(tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, folder) for shot in data.training), 20)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_torch_changes_a_picture_as_opencv_does_to_a_gray_level(device):
    config = Amounts(0.1, 12.0, 0.15, 15.0, 0.4).filled_in(TrainConfig())
    picture, drawn = portrait(), draws(5, 2, 0, 12)
    change = changes(drawn, config, 0.9, 110.0)
    warp = Warp((300, 400), (240, 320), torch.device(device))
    grown = torch.from_numpy(picture).to(device).expand(len(drawn), -1, -1)
    matrices = torch.from_numpy(change.matrices.astype(np.float32)).to(device)
    made = warp(grown, matrices, torch.from_numpy(change.tables).to(device)).cpu().numpy()
    for row, one in zip(made, drawn, strict=True):
        difference = np.abs(row.astype(int) - augment(picture, config, 0.9, one, 110.0))
        assert difference.max() <= 2  # a rounding the other way, widened by contrast
        assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_torch_adds_noise_gamma_and_perspective_as_opencv_does_to_a_gray_level(device):
    config = replace(FIXED.filled_in(TrainConfig()), max_noise=5.0, max_gamma=0.3, max_perspective=0.08)
    picture, drawn = portrait(), draws(7, 1, 0, 12)
    change = changes(drawn, config, 1.0, 110.0)
    grown = torch.from_numpy(picture).to(device).expand(len(drawn), -1, -1)
    matrices, tables, noise = (
        torch.from_numpy(numbers).to(device)
        for numbers in (change.matrices.astype(np.float32), change.tables, change.noise)
    )
    bare = Warp((300, 400), (240, 320), torch.device(device))(grown, matrices, tables)
    made = Grain(240, 320, torch.device(device))(bare, noise).cpu().numpy()
    for row, one in zip(made, drawn, strict=True):
        difference = np.abs(row.astype(int) - augment(picture, config, 1.0, one, 110.0))
        # OpenCV rounds where a pixel lies to a 32nd: on an edge that is some gray levels.
        assert np.percentile(difference, 99) <= 3
        assert difference.mean() < 0.5


def test_without_strength_torch_cuts_out_the_crop_itself():
    drawn = draws(1, 0, 0, 3)
    change = changes(drawn, FIXED.filled_in(TrainConfig()), 0.0, 110.0)
    picture = np.random.default_rng(1).integers(0, 256, (400, 300), dtype=np.uint8)
    grown = torch.from_numpy(picture).expand(3, -1, -1)
    matrices = torch.from_numpy(change.matrices.astype(np.float32))
    made = Warp((300, 400), (240, 320), CPU)(grown, matrices, torch.from_numpy(change.tables))
    assert all(np.array_equal(crop, centre(picture)) for crop in made.numpy())


@pytest.mark.parametrize("pairs", [{}, {"velocity_weight": 1.0}, {"steadiness_weight": 1.0}])
@pytest.mark.parametrize("share", [WHOLE, Share(1, 2)])
@pytest.mark.parametrize("max_noise", [0.0, 4.0])
def test_a_step_sees_the_same_whoever_makes_its_batch(choice, pairs, share, max_noise):
    config = replace(TINY, **pairs, batch_size=8, max_noise=max_noise)
    frames = DeviceFrames(choice, config, GRAY, CPU)
    for step in (0, 5):
        crops, vertices = frames.unpack(*frames.numbers_of(step, STEPS_PER_EPOCH, 1.0, share))
        batch = make_batch(choice, config, step, STEPS_PER_EPOCH, 1.0, GRAY, share)
        assert np.array_equal(vertices.numpy(), batch.vertices)
        assert crops.shape == batch.crops.shape
        assert np.abs(crops.numpy().astype(int) - batch.crops).max() <= 1


def test_memory_is_counted_before_it_is_taken(choice):
    of_frame = 40 * 30 + 4 * 3 * 40
    assert DeviceFrames.num_bytes(choice, TINY) == len(choice) * of_frame
    # Pairs: the frames that follow are held too, each once.
    assert len(choice) * of_frame < DeviceFrames.num_bytes(choice, replace(TINY, velocity_weight=1.0)) <= 24 * of_frame
    assert DeviceFrames.num_bytes(choice, replace(TINY, steadiness_weight=1.0)) == len(choice) * of_frame


def test_what_a_step_does_on_the_device_can_be_traced(choice):
    frames = DeviceFrames(choice, TINY, GRAY, CPU)

    class Unpacked(torch.nn.Module):
        def forward(self, rows, matrices, tables):
            return frames.unpack(rows, matrices, tables)

    numbers = frames.numbers_of(0, STEPS_PER_EPOCH, 1.0, WHOLE)
    exported = torch.export.export(Unpacked(), numbers, strict=False)
    # Nothing in it asks the device for a value, so a CUDA graph can hold it.
    names = {str(node.target) for node in exported.graph.nodes}
    assert not any("item" in name or "_local_scalar" in name or "nonzero" in name for name in names), names
    crops, vertices = exported.module()(*numbers)
    expected = frames.unpack(*numbers)
    assert torch.equal(crops, expected[0])
    assert torch.equal(vertices, expected[1])

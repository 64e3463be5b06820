"""How a head finder learns: from pictures moved, turned and lit at random.

Rule: stopped and taken up again, it becomes the same network.
"""

import hashlib
import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from engine.disk import not_written
from engine.head_finder import SEEN_PX
from training.crops import MARGIN_PART
from training.head_network import MIDDLE_GRAY, FinderNetwork

NUM_STEPS = 4000
_BATCH, _RATE = 48, 2e-3
_SAVE_EVERY = 200  # steps; what a kill costs
_LEVER_PX = 60.0  # a roll counts by what it moves at this distance: half of what the finder sees
# Changed pictures, each way: more than heads and lamps do, so that what is found holds on another day.
_SHIFT, _TURN_DEG, _ZOOM, _BRIGHTNESS, _CONTRAST, _NOISE = 0.1, 12.0, 0.1, 25.0, 0.25, 4.0


@dataclass(frozen=True, slots=True, eq=False)
class HeadSamples:
    """What is learned from.

    Args:
        grown: [N, 200, 150] uint8, what the finder sees with an eighth around it.
        heads: [N, 3] where the head is, as `engine.head_finder.pose_of` takes it.
    """

    grown: np.ndarray
    heads: np.ndarray

    @classmethod
    def of(cls, grown: Sequence[np.ndarray], heads: Sequence[np.ndarray]) -> "HeadSamples":
        """From pictures and heads one by one; there may be none."""
        (width, height), part = SEEN_PX, MARGIN_PART
        size = height + 2 * (height // part), width + 2 * (width // part)
        return cls(np.array(grown, np.uint8).reshape(-1, *size), np.array(heads).reshape(-1, 3))


def learn(
    samples: HeadSamples, seed: int, device: torch.device, unfinished: Path, advance: Callable[[int], None]
) -> FinderNetwork:
    """Train it from random weights, or go on where it was stopped: the network is the same.

    A `KeyboardInterrupt` out of `advance` keeps what is done.

    Args:
        samples: To learn from.
        seed: Of everything random.
        device: Where.
        unfinished: File that keeps what there is of it meanwhile.
        advance: Told how many steps are done.

    Raises:
        StorageError: The file cannot be written.
    """
    torch.manual_seed(seed)
    network = FinderNetwork().to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    mark = _mark(samples, seed)
    begun = _take_up(unfinished, mark, network, optimizer)
    num_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # pictures are small: on busy cores its threads would wait for each other, and for torch's
    step = begun
    try:
        if begun:
            advance(begun)
        while step < NUM_STEPS:
            _learn_a_step(network, optimizer, samples, seed, step)
            step += 1
            try:
                advance(step)
            except KeyboardInterrupt:
                _keep(unfinished, mark, step, network, optimizer)
                raise
            if step % _SAVE_EVERY == 0:
                _keep(unfinished, mark, step, network, optimizer)
    finally:
        cv2.setNumThreads(num_threads)
    unfinished.unlink(missing_ok=True)
    return network.cpu().eval()


def _learn_a_step(
    network: FinderNetwork, optimizer: torch.optim.Optimizer, samples: HeadSamples, seed: int, step: int
) -> None:
    device = network.output.bias.device
    for group in optimizer.param_groups:
        group["lr"] = _RATE * (0.5 + 0.5 * math.cos(math.pi * step / NUM_STEPS))
    random = np.random.default_rng([seed, step])  # of each step, so that nothing needs to be kept of it
    chosen = random.integers(0, len(samples.heads), _BATCH)
    changed = [_changed(samples.grown[index], samples.heads[index], random) for index in chosen]
    seen = torch.from_numpy(np.stack([picture for picture, _ in changed]))[:, None].to(device)
    heads = torch.from_numpy(np.stack([head for _, head in changed])).float().to(device)
    # Where dlib erred by far, it is not to be believed the more for it.
    scale = torch.tensor([*SEEN_PX, _LEVER_PX], device=device)
    loss = nn.functional.smooth_l1_loss(network(seen) * scale, heads * scale)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _mark(samples: HeadSamples, seed: int) -> str:
    """What a stopped learning belongs to."""
    digest = hashlib.sha256(samples.grown.tobytes())
    digest.update(samples.heads.tobytes())
    digest.update(f"{seed} {NUM_STEPS} {_BATCH}".encode())
    return digest.hexdigest()


def _keep(path: Path, mark: str, step: int, network: FinderNetwork, optimizer: torch.optim.Optimizer) -> None:
    partial = path.with_suffix(".partial")
    content = {"mark": mark, "step": step, "network": network.state_dict(), "optimizer": optimizer.state_dict()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        partial.unlink(missing_ok=True)
        raise not_written(path, error if isinstance(error, OSError) else OSError(str(error))) from error


def _take_up(path: Path, mark: str, network: FinderNetwork, optimizer: torch.optim.Optimizer) -> int:
    """Steps done before; 0 where there is nothing, or what is there is of other pictures or damaged."""
    try:
        content = torch.load(path, weights_only=True)
        if content["mark"] != mark:
            return 0
        network.load_state_dict(content["network"])
        optimizer.load_state_dict(content["optimizer"])
        return int(content["step"])
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError):
        return 0


def _changed(grown: np.ndarray, head: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A picture [160, 120] float32 and its head, moved, turned, zoomed and lit at random."""
    (width, height), drawn = SEEN_PX, random.uniform(-1, 1, 7)
    angle, zoom = math.radians(drawn[0] * _TURN_DEG), 1 + drawn[1] * _ZOOM
    turn = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle, margin = np.array([width - 1, height - 1]) / 2, np.array([width, height]) // MARGIN_PART
    offset = middle + drawn[2:4] * _SHIFT * width - turn @ middle  # pixels of the new picture to those of the old crop
    matrix = np.column_stack([turn, offset + margin])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    picture = cv2.warpAffine(grown, matrix, SEEN_PX, flags=how, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    noise = random.standard_normal((height, width), np.float32) * np.float32(abs(drawn[4]) * _NOISE)
    picture = (picture - MIDDLE_GRAY) * (1 + drawn[5] * _CONTRAST) + MIDDLE_GRAY + drawn[6] * _BRIGHTNESS + noise
    place = head[:2] * SEEN_PX - 0.5
    moved = np.linalg.solve(turn, place - offset)
    return np.clip(picture, 0, 255).astype(np.float32), np.array([*((moved + 0.5) / SEEN_PX), head[2] - angle])

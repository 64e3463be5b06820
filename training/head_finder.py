"""The actor's own head finder (`engine/head_finder.py`): a small network that learns where others find the head.

Rule: it learns from training shots alone; how well it agrees with its teacher is told on validation shots.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from engine.bundle import ONNX_IR_VERSION, ONNX_OPSET, STABILISER_FILE
from engine.crop import to_gray
from engine.disk import not_written, write_whole
from engine.errors import ShotError
from engine.frames import CropRect
from engine.head_finder import INPUT_NAME, OUTPUT_NAME, SEEN_PX, HeadFinder, head_of
from engine.shots import DataSet, Shot
from engine.stabilise import PointFinder
from training.config import TrainConfig
from training.crops import MARGIN_PART, centre, crops_of, grown_crop
from training.device import Compute
from training.watch import Watch

MOST_FRAMES = 3000  # to learn from, spread evenly over the training shots
MEASURED_FRAMES = 200
_LEAST_FOUND = 0.5  # of the frames looked at
_CHANNELS = (16, 24, 32, 48, 64)  # each halves the picture
_HIDDEN = 96
NUM_STEPS, _BATCH, _RATE = 4000, 48, 2e-3
_LEVER_PX = 60.0  # a roll counts by what it moves at this distance: half of what the finder sees
_MIDDLE_GRAY, _GRAY_SPREAD = 128.0, 64.0
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


def own_stabiliser(data: DataSet, config: TrainConfig, run: Path, compute: Compute, watch: Watch) -> bytes:
    """The ONNX file of an actor's head finder: found in the run's folder, or learned from dlib's 68 points.

    Args:
        data: Of the actor.
        config: One view, and a seed.
        run: Folder of the training.
        compute: Where it learns.
        watch: Told what happens.

    Raises:
        ShotError: Hardly a training frame shows a face that dlib finds.
        TrackerError: dlib is not installed.
        StorageError: The run's folder cannot be written.
    """
    path = run / STABILISER_FILE
    if path.is_file():
        return path.read_bytes()
    (crop,) = crops_of(data, config.views).values()
    samples = _look("finding heads", data.training, crop, config.views[0], MOST_FRAMES, watch)
    if len(samples.heads) < _LEAST_FOUND * min(MOST_FRAMES, sum(shot.facts.num_frames for shot in data.training)):
        raise ShotError(
            f"dlib finds a face in {len(samples.heads)} of the frames looked at, so nothing can learn from it.",
            "Check the crop, or train without stabilising.",
        )
    measured = _look("checking heads", data.validation, crop, config.views[0], MEASURED_FRAMES, watch)
    network = learn(
        samples, config.seed, compute.device, lambda step: watch.decoding("learning heads", step, NUM_STEPS)
    )
    return keep(network, measured, "dlib", run, watch.say)


def keep(network: "FinderNetwork", measured: HeadSamples, teacher: str, run: Path, say: Callable[[str], None]) -> bytes:
    """Put a head finder into a training's folder, where the training takes it from; returns its ONNX file.

    Args:
        network: That has learned.
        measured: Of validation shots.
        teacher: What it learned from, for people.
        run: Folder of the training; made if need be.
        say: Takes a line for people.

    Raises:
        StorageError: The folder cannot be written.
    """
    file = as_onnx(network)
    say(_agreement(HeadFinder(file), measured, teacher))
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(run, error) from error
    write_whole(run / STABILISER_FILE, file)
    return file


class FinderNetwork(nn.Module):
    """Convolutions that halve the picture five times, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, *_CHANNELS)
        sizes = (5, *[3] * (len(_CHANNELS) - 1))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, size, stride=2, padding=size // 2)
            for before, after, size in zip(widths, widths[1:], sizes, strict=False)
        )
        cells = (SEEN_PX[0] // 32 + 1) * (SEEN_PX[1] // 32)  # 120 halves to 60, 30, 15, 8, 4
        self.hidden = nn.Linear(_CHANNELS[-1] * cells, _HIDDEN)
        self.output = nn.Linear(_HIDDEN, 3)
        nn.init.zeros_(self.output.weight)
        with torch.no_grad():
            self.output.bias.copy_(torch.tensor([0.5, 0.5, 0.0]))

    def forward(self, seen: Tensor) -> Tensor:
        """[n, 1, 160, 120] gray levels to [n, 3]."""
        features = (seen - _MIDDLE_GRAY) / _GRAY_SPREAD
        for convolution in self.convolutions:
            features = torch.relu(convolution(features))
        result: Tensor = self.output(torch.relu(self.hidden(features.flatten(1))))
        return result


def learn(samples: HeadSamples, seed: int, device: torch.device, advance: Callable[[int], None]) -> FinderNetwork:
    """Train it from random weights.

    Args:
        samples: To learn from.
        seed: Of everything random.
        device: Where.
        advance: Told how many steps are done.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = FinderNetwork().to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    scale = torch.tensor([*SEEN_PX, _LEVER_PX], device=device)
    for step in range(NUM_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (0.5 + 0.5 * math.cos(math.pi * step / NUM_STEPS))
        chosen = random.integers(0, len(samples.heads), _BATCH)
        changed = [_changed(samples.grown[index], samples.heads[index], random) for index in chosen]
        seen = torch.from_numpy(np.stack([picture for picture, _ in changed]))[:, None].to(device)
        heads = torch.from_numpy(np.stack([head for _, head in changed])).float().to(device)
        # Where dlib erred by far, it is not to be believed the more for it.
        loss = nn.functional.smooth_l1_loss(network(seen) * scale, heads * scale)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        advance(step + 1)
    return network.cpu().eval()


def as_onnx(network: FinderNetwork) -> bytes:
    """An ONNX file that `HeadFinder` opens."""
    nodes, constants = [], []

    def constant(name: str, values: Tensor | np.ndarray) -> str:
        array = values.detach().numpy() if isinstance(values, Tensor) else values
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name

    def add(kind: str, inputs: list[str], output: str, attributes: Mapping[str, object] = MappingProxyType({})) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    last = add("Sub", [INPUT_NAME, constant("middle", np.array(_MIDDLE_GRAY))], "centred")
    last = add("Div", [last, constant("spread", np.array(_GRAY_SPREAD))], "whitened")
    for index, convolution in enumerate(network.convolutions):
        name, size = f"convolution{index}", convolution.kernel_size[0]
        weights = [constant(f"{name}.weight", convolution.weight), constant(f"{name}.bias", convolution.bias)]
        last = add("Conv", [last, *weights], name, {"strides": [2, 2], "pads": [size // 2] * 4})
        last = add("Relu", [last], f"{name}.relu")
    last = add("Flatten", [last], "features", {"axis": 1})
    for name, layer in (("hidden", network.hidden), (OUTPUT_NAME, network.output)):
        weights = [constant(f"{name}.weight", layer.weight), constant(f"{name}.bias", layer.bias)]
        last = add("Gemm", [last, *weights], name, {"transB": 1})
        if layer is network.hidden:
            last = add("Relu", [last], f"{name}.relu")
    width, height = SEEN_PX
    seen = helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, [1, 1, height, width])
    head = helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, [1, 3])
    graph = helper.make_graph(nodes, "head finder", [seen], [head], constants)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", ONNX_OPSET)],
        ir_version=ONNX_IR_VERSION,
        producer_name="LiveDouble",
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _look(task: str, shots: Sequence[Shot], crop: CropRect, camera: str, most_frames: int, watch: Watch) -> HeadSamples:
    """Let dlib look at frames spread evenly; those without a face are left out."""
    finder, width, height = PointFinder(), *SEEN_PX
    num_frames = sum(shot.facts.num_frames for shot in shots)
    every = max(1.0, num_frames / most_frames)
    grown, heads, first = [], [], 0
    for shot in shots:
        with shot.pictures(camera) as movie:
            for frame, image in enumerate(movie, first):
                if math.floor(frame / every) == math.floor((frame - 1) / every):
                    continue
                gray = to_gray(image)
                pose = finder.find(gray, crop)
                if pose is not None:
                    grown.append(grown_crop(gray, crop, width, height))
                    heads.append(head_of(pose, crop))
                watch.decoding(task, frame + 1, num_frames)
        first += shot.facts.num_frames
    return HeadSamples.of(grown, heads)


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
    picture = (picture - _MIDDLE_GRAY) * (1 + drawn[5] * _CONTRAST) + _MIDDLE_GRAY + drawn[6] * _BRIGHTNESS + noise
    place = head[:2] * SEEN_PX - 0.5
    moved = np.linalg.solve(turn, place - offset)
    return np.clip(picture, 0, 255).astype(np.float32), np.array([*((moved + 0.5) / SEEN_PX), head[2] - angle])


def _agreement(finder: HeadFinder, samples: HeadSamples, teacher: str) -> str:
    if not len(samples.heads):
        return f"{teacher} finds no face in the validation shots, so how well the head is found cannot be told."
    crop = CropRect(0, 0, *SEEN_PX)
    found = np.stack([head_of(finder.find(np.ascontiguousarray(centre(one)), crop), crop) for one in samples.grown])
    off = found - samples.heads
    off[:, 1] *= SEEN_PX[1] / SEEN_PX[0]  # in widths, as the first
    off_percent = 100 * float(np.sqrt((off[:, :2] ** 2).sum(axis=1).mean()))
    off_deg = math.degrees(float(np.sqrt((off[:, 2] ** 2).mean())))
    return (
        f"The head is found {off_percent:.2f} % of the crop's width and {off_deg:.2f} degrees (rms) from where"
        f" {teacher} finds it, in {len(samples.heads)} frames of the validation shots."
    )

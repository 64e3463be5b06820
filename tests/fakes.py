"""Stand-ins that do exactly what they are told, shared by the tests of every room."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.backends import Solution
from engine.bundle import (
    BASIS_FILE,
    ERRORS_NAME,
    FACTS_FILE,
    INPUT_NAME,
    INT8_FILE,
    MEAN_FILE,
    NETWORK_FILE,
    OUTPUT_NAMES,
    TOPOLOGY_FILE,
    ActorBundle,
    BundleFacts,
    Int8Facts,
    NetworkFacts,
    sha256_of,
)
from engine.cameras import CameraFacts, CameraTimeout
from engine.crop import NETWORK_HEIGHT_PX, NETWORK_WIDTH_PX
from engine.errors import CameraError
from engine.frames import CropRect, Frame
from engine.mesh import Topology
from engine.views import FRONT, View

TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX = 300, 400
TINY_CROP = CropRect(30, 40, 240, 320)
HANG_S = 30.0  # far beyond any time limit of the line
_NUM_LATENTS = 160
_GRID_ROWS, _GRID_COLUMNS = 10, 5


def tiny_topology() -> Topology:
    """A bent sheet of 50 vertices, about as large as a face."""
    rows, columns = np.mgrid[0:_GRID_ROWS, 0:_GRID_COLUMNS]
    x = 3.0 * (columns - (_GRID_COLUMNS - 1) / 2)
    y = 2.0 * (rows - (_GRID_ROWS - 1) / 2)
    neutral = np.stack([x, y, 10.0 - 0.05 * (x**2 + y**2)], axis=-1).reshape(-1, 3).astype(np.float32)
    uv = np.stack([columns / (_GRID_COLUMNS - 1), rows / (_GRID_ROWS - 1)], axis=-1).reshape(-1, 2)
    corner = (rows * _GRID_COLUMNS + columns)[:-1, :-1].reshape(-1)
    right, above = corner + 1, corner + _GRID_COLUMNS
    faces = np.concatenate(
        [np.stack([corner, right, above + 1], axis=1), np.stack([corner, above + 1, above], axis=1)]
    ).astype(np.int32)
    sets = {
        "animated": np.arange(10, 50, dtype=np.int32),
        "lips": np.array([11, 12, 16, 17], np.int32),
        "lids": np.array([31, 33, 36, 38], np.int32),
        "contact_pairs": np.array([[11, 16], [12, 17], [31, 36], [33, 38]], np.int32),
    }
    return Topology(faces, uv.astype(np.float32), faces, neutral, sets)


def tiny_bundle(
    folder: Path, weights: str = "float16", cameras: tuple[str, ...] = (FRONT,), *, has_errors: bool = False
) -> ActorBundle:
    """Write a small honest actor into `folder` (made where missing) and open it.

    Three convolutions with random weights, 160 latents and 50 vertices: the interface, the storage and the last
    linear layer of a real actor. Of several cameras a black one changes nothing. Needs the `onnx` package.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    topology = tiny_topology()
    num_coordinates = 3 * topology.num_vertices
    stored = np.float16 if weights == "float16" else np.float32
    basis = (0.1 * random.standard_normal((_NUM_LATENTS, num_coordinates))).astype(stored)
    mean = topology.neutral.reshape(-1).astype(np.float32)
    (folder / BASIS_FILE).write_bytes(basis.tobytes())
    (folder / MEAN_FILE).write_bytes(mean.tobytes())
    topology.save(folder / TOPOLOGY_FILE)
    num_parameters = _write_tiny_network(folder, random, stored, num_coordinates, len(cameras), has_errors=has_errors)
    facts = BundleFacts(
        name="tiny",
        created="2026-11-22",
        views=tuple(View(camera, TINY_CROP, (TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX)) for camera in cameras),
        network=NetworkFacts(
            num_latents=_NUM_LATENTS,
            num_vertices=topology.num_vertices,
            input_size=(NETWORK_WIDTH_PX, NETWORK_HEIGHT_PX),
            num_parameters=num_parameters + basis.size + mean.size,
            weights=weights,
            has_skin=False,
            has_errors=has_errors,
        ),
        training={"frames": 0},
        metrics={"rmse_mm": 1.5, "mean_face_rmse_mm": 5.0},
        files={name: sha256_of(folder / name) for name in (NETWORK_FILE, BASIS_FILE, MEAN_FILE, TOPOLOGY_FILE)},
    )
    (folder / FACTS_FILE).write_text(facts.to_json(), "utf-8")
    return ActorBundle.open(folder)


def with_int8(bundle: ActorBundle, worst_mm: float = 0.25) -> ActorBundle:
    """Add a network in 8 bits, calibrated on noise, to a small actor's folder; its cost is the one that is told."""
    from export.network.int8 import write_int8

    crops = np.random.default_rng(8).integers(0, 256, (16, *bundle.input_shape), np.uint8)
    write_int8(bundle, crops, bundle.folder / INT8_FILE)
    files = dict(bundle.facts.files) | {INT8_FILE: sha256_of(bundle.folder / INT8_FILE)}
    facts = replace(bundle.facts, files=files, int8=Int8Facts(0.02, worst_mm, 0.001, 16))
    (bundle.folder / FACTS_FILE).write_text(facts.to_json(), "utf-8")
    return ActorBundle.open(bundle.folder)


def change_facts(folder: Path, **changes: object) -> None:
    """Overwrite top-level entries of a bundle's `bundle.json`."""
    path = folder / FACTS_FILE
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def _write_tiny_network(
    folder: Path, random: np.random.Generator, stored: type, num_coordinates: int, num_views: int, *, has_errors: bool
) -> int:
    from onnx import TensorProto, checker, helper, save

    stored_type = TensorProto.FLOAT16 if stored is np.float16 else TensorProto.FLOAT
    nodes, initializers = [], []

    def constant(name: str, values: np.ndarray) -> str:
        initializers.append(helper.make_tensor(f"{name}_stored", stored_type, values.shape, values.astype(stored)))
        nodes.append(helper.make_node("Cast", [f"{name}_stored"], [name], to=TensorProto.FLOAT))
        return name

    def external(name: str, file: str, data_type: int, shape: Sequence[int]) -> str:
        tensor = helper.make_tensor(name, data_type, [0], [])
        tensor.dims[:] = shape
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", file), ("offset", "0"), ("length", str((folder / file).stat().st_size))):
            tensor.external_data.add(key=key, value=value)
        initializers.append(tensor)
        return name

    def scalar(name: str, value: float) -> str:
        initializers.append(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        return name

    # Whitening, then each convolution a quarter of the size of the one before, then two linear layers.
    nodes.append(helper.make_node("Cast", [INPUT_NAME], ["gray"], to=TensorProto.FLOAT))
    if num_views > 1:  # each view weighs more than the one before, so that they are told apart
        weights = np.array([[[[(1 + 2 * view) / num_views**2]] for view in range(num_views)]])
        nodes[-1].output[0] = "grays"
        nodes.append(helper.make_node("Conv", ["grays", constant("view_weights", weights)], ["gray"]))
    nodes.append(helper.make_node("Sub", ["gray", scalar("pixel_mean", 120.0)], ["centred"]))
    nodes.append(helper.make_node("Div", ["centred", scalar("pixel_deviation", 60.0)], ["image"]))
    layer, channels, num_parameters = "image", (1, 8, 12, 16), 0
    for index, (num_in, num_out) in enumerate(pairwise(channels)):
        kernel = random.standard_normal((num_out, num_in, 3, 3)) * np.sqrt(2.0 / (9 * num_in))
        inputs = [layer, constant(f"kernel{index}", kernel), constant(f"bias{index}", np.zeros(num_out))]
        nodes.append(helper.make_node("Conv", inputs, [f"conv{index}"], strides=[4, 4], pads=[1, 1, 1, 1]))
        layer = f"relu{index}"
        nodes.append(helper.make_node("Relu", [f"conv{index}"], [layer]))
        num_parameters += kernel.size + num_out
    features = channels[-1] * (NETWORK_HEIGHT_PX // 64) * ((NETWORK_WIDTH_PX + 63) // 64)
    to_latents = random.standard_normal((features, _NUM_LATENTS)) / np.sqrt(features)
    nodes.append(helper.make_node("Flatten", [layer], ["features"]))
    nodes.append(helper.make_node("MatMul", ["features", constant("to_latents", to_latents)], ["latents"]))
    basis = external("basis", BASIS_FILE, stored_type, (_NUM_LATENTS, num_coordinates))
    nodes.append(helper.make_node("Cast", [basis], ["basis_float"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("MatMul", ["latents", "basis_float"], ["offsets"]))
    mean = external("mean", MEAN_FILE, TensorProto.FLOAT, (num_coordinates,))
    nodes.append(helper.make_node("Add", ["offsets", mean], ["coordinates"]))
    initializers.append(helper.make_tensor("vertex_shape", TensorProto.INT64, [3], [-1, num_coordinates // 3, 3]))
    nodes.append(helper.make_node("Reshape", ["coordinates", "vertex_shape"], ["vertices"]))

    outputs = []
    if has_errors:
        nodes.append(helper.make_node("MatMul", ["features", constant("to_errors", np.abs(to_latents[:, :50]))], ["e"]))
        nodes.append(helper.make_node("Softplus", ["e"], [ERRORS_NAME]))
        outputs.append(helper.make_tensor_value_info(ERRORS_NAME, TensorProto.FLOAT, ["batch", num_coordinates // 3]))
    batch = "batch"
    crops_shape = [batch, num_views, NETWORK_HEIGHT_PX, NETWORK_WIDTH_PX]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, crops_shape)],
        [
            helper.make_tensor_value_info(OUTPUT_NAMES[0], TensorProto.FLOAT, [batch, _NUM_LATENTS]),
            helper.make_tensor_value_info(OUTPUT_NAMES[1], TensorProto.FLOAT, [batch, num_coordinates // 3, 3]),
            *outputs,
        ],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, str(folder / NETWORK_FILE))
    checker.check_model(str(folder / NETWORK_FILE))
    return num_parameters + to_latents.size


class FakeClock:
    """Time that passes only while somebody waits for it, or when a test says so."""

    def __init__(self) -> None:
        self.time_ns = 1_000_000_000

    def now_ns(self) -> int:
        return self.time_ns

    def wait(self, until: threading.Event, timeout_s: float) -> bool:
        self.advance(timeout_s)
        return until.is_set()

    def advance(self, seconds: float) -> None:
        self.time_ns += round(seconds * 1_000_000_000)


def picture(level: int = 100, width_px: int = TINY_FRAME_WIDTH_PX, height_px: int = TINY_FRAME_HEIGHT_PX) -> np.ndarray:
    """An even gray picture, [H, W] uint8."""
    return np.full((height_px, width_px), level, np.uint8)


def frame(index: int, captured_ns: int = 0, truth: np.ndarray | None = None) -> Frame:
    """A gray frame of the size the tiny actor was trained for."""
    return Frame(picture(50 + index % 150), index, captured_ns, truth=truth)


class FakeCamera:
    """Delivers what it was given, then the end: a frame, or an error to raise. It can be made to hang there.

    Args:
        items: In order.
        hangs: At the end, wait for every read's whole time limit instead of ending.
        ignores_limits: While hanging, come back only when `release` is set, as a broken driver does.
        failure: Raised by `open`.
    """

    def __init__(
        self,
        items: Sequence[Frame | CameraError],
        *,
        hangs: bool = False,
        ignores_limits: bool = False,
        failure: CameraError | None = None,
    ) -> None:
        self._items = list(items)
        self._hangs, self._ignores_limits, self._failure = hangs, ignores_limits, failure
        self.release = threading.Event()
        self.is_open = False
        self.facts = CameraFacts("fake", TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX, Fraction(30), True, None)

    def open(self) -> None:
        if self._failure is not None:
            raise self._failure
        self.is_open = True

    def read(self, timeout_s: float) -> Frame | None:
        if self._items:
            item = self._items.pop(0)
            if isinstance(item, CameraError):
                raise item
            return item
        if not self._hangs:
            return None
        if not self.release.wait(HANG_S if self._ignores_limits else timeout_s):
            raise CameraTimeout("fake gave no picture.", "Wait.")
        return None

    def close(self) -> None:
        self.is_open = False


class FakeBackend:
    """Answers with the mean gray of each crop in the first latent; vertices are the actor's own for it.

    Args:
        bundle: The actor.
        error: Raised by the `run` after `num_good` good ones.
    """

    name, precision, provider = "fake", "float32", "test"

    def __init__(self, bundle: ActorBundle, error: Exception | None = None, num_good: int = 0) -> None:
        self._bundle, self._error, self._num_good = bundle, error, num_good
        self.num_runs = 0
        self.is_closed = False

    def run(self, crops: np.ndarray) -> Solution:
        if self._error is not None and self.num_runs >= self._num_good:
            raise self._error
        self.num_runs += 1
        latents = np.zeros((len(crops), self._bundle.num_latents), np.float32)
        latents[:, 0] = crops.reshape(len(crops), -1).mean(axis=1)
        num_vertices = self._bundle.topology.num_vertices
        errors_mm = np.tile(np.linspace(0, 2, num_vertices, dtype=np.float32), (len(crops), 1))
        return Solution(latents, self._bundle.vertices(latents), errors_mm if self._bundle.has_errors else None)

    def close(self) -> None:
        self.is_closed = True

"""The trained network as an ONNX graph of plain operators that every runtime knows.

Rule: it computes in float32 whatever its weights are stored in; runtimes fold the casts while they load.
The output layer lies beside it in `basis.bin` and `mean.bin`, so that vertices can be rebuilt without the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import nn

from engine.bundle import (
    BASIS_FILE,
    ERRORS_NAME,
    INPUT_NAME,
    MEAN_FILE,
    NETWORK_FILE,
    ONNX_IR_VERSION,
    ONNX_OPSET,
    OUTPUT_NAMES,
    PICTURES_FILE,
)
from training.networks import FaceNetwork
from training.networks.face import LEAST_ERROR_MM, ExpectedErrors
from training.networks.fully_connected import FullyConnectedEncoder


@dataclass(frozen=True, slots=True, eq=False)
class OutputLayer:
    """The last layer: vertices = (latents @ basis + mean).reshape(V, 3).

    Args:
        basis: [num_latents, 3V] float32, cm.
        mean: [3V] float32, cm.
    """

    basis: np.ndarray
    mean: np.ndarray

    @classmethod
    def of(cls, network: FaceNetwork) -> "OutputLayer":
        """The last layer of a trained network."""
        layer = network.to_vertices
        return cls(np.ascontiguousarray(layer.weight.detach().numpy().T), layer.bias.detach().numpy())


class _Graph:
    """Nodes and constants while a graph grows; each node's output feeds the next."""

    def __init__(self, is_float16: bool) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._is_float16 = is_float16

    def constant(self, name: str, values: np.ndarray) -> str:
        """A small constant, kept as it is."""
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def weight(self, name: str, values: np.ndarray) -> str:
        """A large constant in the stored precision, cast to float32 where it is used."""
        if not self._is_float16:
            return self.constant(name, values)
        self.constants.append(numpy_helper.from_array(to_float16(values), f"{name}.half"))
        return self.add("Cast", [f"{name}.half"], name, {"to": TensorProto.FLOAT})

    def beside(self, name: str, file: str, shape: tuple[int, ...], stored: np.dtype) -> str:
        """A constant that lies in a file of its own."""
        tensor = TensorProto(name=name if stored == np.float32 else f"{name}.half", dims=shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(stored)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", file), ("offset", 0), ("length", int(np.prod(shape)) * stored.itemsize)):
            tensor.external_data.add(key=key, value=str(value))
        self.constants.append(tensor)
        return name if stored == np.float32 else self.add("Cast", [tensor.name], name, {"to": TensorProto.FLOAT})

    def add_split(self, values: str, outputs: list[str], sizes: str, axis: int) -> list[str]:
        """Parts of `values` along an axis."""
        self.nodes.append(helper.make_node("Split", [values, sizes], outputs, name=f"split_{values}", axis=axis))
        return outputs

    def add(self, operator: str, inputs: list[str], output: str, attributes: Mapping[str, object] | None = None) -> str:
        """One node."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=f"make_{output}", **(attributes or {})))
        return output


def to_float16(values: np.ndarray) -> np.ndarray:
    """Rounded to float16.

    Raises:
        ValueError: A value is too large for it.
    """
    if np.abs(values).max(initial=0.0) > np.finfo(np.float16).max:
        raise ValueError("a weight is too large for float16")
    return values.astype("<f2")


def write_graph(network: FaceNetwork, folder: Path, *, is_float16: bool, facts: Mapping[str, str]) -> None:
    """Write `network.onnx`, `basis.bin` and `mean.bin`; of a fully connected network also `pictures.bin`.

    Args:
        network: On the CPU, float32.
        folder: Exists.
        is_float16: Store weights as float16; biases, whitening and the mean mesh stay float32.
        facts: Goes into the file's metadata.
    """
    shape = network.shape
    layer = OutputLayer.of(network)
    stored = np.dtype("<f2" if is_float16 else "<f4")
    (folder / BASIS_FILE).write_bytes((to_float16(layer.basis) if is_float16 else layer.basis).astype(stored).tobytes())
    (folder / MEAN_FILE).write_bytes(layer.mean.astype("<f4").tobytes())

    graph = _Graph(is_float16)
    features = _add_encoder(graph, network, folder)
    latents_name, vertices_name = OUTPUT_NAMES
    latents = _add_linear(graph, "to_latents", network.to_latents, features, latents_name)
    basis = graph.beside("basis", BASIS_FILE, layer.basis.shape, stored)
    mean = graph.beside("mean", MEAN_FILE, layer.mean.shape, np.dtype("<f4"))
    coordinates = graph.add("Add", [graph.add("MatMul", [latents, basis], "offsets"), mean], "coordinates")
    rows = graph.constant("mesh_shape", np.array([-1, shape.num_vertices, 3], np.int64))
    graph.add("Reshape", [coordinates, rows], vertices_name)
    outputs = [
        helper.make_tensor_value_info(latents_name, TensorProto.FLOAT, ["batch", shape.num_latents]),
        helper.make_tensor_value_info(vertices_name, TensorProto.FLOAT, ["batch", shape.num_vertices, 3]),
    ]
    if network.to_errors is not None:
        _add_errors(graph, network.to_errors, features)
        outputs.append(helper.make_tensor_value_info(ERRORS_NAME, TensorProto.FLOAT, ["batch", shape.num_vertices]))

    crops_shape = ["batch", shape.num_views, shape.input_height_px, shape.input_width_px]
    inputs = [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, crops_shape)]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "face", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", ONNX_OPSET)],
        ir_version=ONNX_IR_VERSION,
        producer_name="livedouble",
    )
    helper.set_model_props(model, dict(facts))
    (folder / NETWORK_FILE).write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(folder / NETWORK_FILE), full_check=True)


def _add_encoder(graph: _Graph, network: FaceNetwork, folder: Path) -> str:
    """Whitening and what makes features of whitened pictures; returns the features' name."""
    pixels = graph.add("Cast", [INPUT_NAME], "pixels", {"to": TensorProto.FLOAT})
    centred = graph.add("Sub", [pixels, graph.constant("pixel_mean", network.pixel_mean.numpy())], "centred")
    deviation = graph.constant("pixel_deviation", network.pixel_deviation.numpy())
    whitened = graph.add("Div", [centred, deviation], "whitened")
    if isinstance(network.encoder, FullyConnectedEncoder):
        return _add_fully_connected(graph, network.encoder, whitened, folder)
    towers = list(network.encoder.towers)
    if len(towers) == 1:
        return _add_tower(graph, towers[0], whitened, "")
    # A view is there unless it is all black; the features of an absent one are zero, the others make up for it.
    is_there = graph.add("ReduceMax", [pixels], "brightest", {"axes": [2, 3], "keepdims": 0})
    is_there = graph.add("Clip", [is_there, *_bounds(graph, 0.0, 1.0)], "is_there")  # [B, num_views], levels are whole
    num_there = graph.add("ReduceSum", [is_there, graph.constant("of_views", np.array([1], np.int64))], "num_there")
    at_least_one = graph.add("Max", [num_there, graph.constant("one_view", np.array(1, np.float32))], "at_least_one")
    num_views = graph.constant("num_views", np.array(len(towers), np.float32))
    weights = graph.add("Mul", [is_there, graph.add("Div", [num_views, at_least_one], "raised")], "weights")
    views = graph.constant("views", np.ones(len(towers), np.int64))
    seen = graph.add_split(whitened, [f"view{index}" for index in range(len(towers))], views, axis=1)
    weighed = graph.add_split(weights, [f"weight{index}" for index in range(len(towers))], views, axis=1)
    features = [
        graph.add("Mul", [_add_tower(graph, tower, seen[index], f"view{index}."), weighed[index]], f"seen{index}")
        for index, tower in enumerate(towers)
    ]
    return graph.add("Concat", [*features, is_there], "features", {"axis": 1})


def _add_fully_connected(graph: _Graph, encoder: FullyConnectedEncoder, whitened: str, folder: Path) -> str:
    # The picture's components are larger than all the rest: float16 always, which their values are, in their own file.
    stored = encoder.picture_basis.detach().numpy().T.astype("<f2")  # [H W, image_components]
    (folder / PICTURES_FILE).write_bytes(stored.tobytes())
    flat = graph.add("Flatten", [whitened], "pixels_in_a_row", {"axis": 1})
    offsets = graph.add("Sub", [flat, graph.constant("picture_mean", encoder.picture_mean.numpy())], "picture_offsets")
    basis = graph.beside("picture_basis", PICTURES_FILE, stored.shape, stored.dtype)
    projected = graph.add("MatMul", [offsets, basis], "projected")
    scale = graph.constant("coefficient_scale", encoder.coefficient_scale.numpy())
    features = graph.add("Mul", [projected, scale], "coefficients")
    *rectified, last = encoder.layers
    for index, layer in enumerate(rectified):
        features = graph.add(
            "Relu", [_add_linear(graph, f"hidden{index}", layer, features, f"summed{index}")], f"rectified{index}"
        )
    return graph.add("Tanh", [_add_linear(graph, "hidden_last", last, features, "summed_last")], "features")


def _bounds(graph: _Graph, low: float, high: float) -> list[str]:
    return [graph.constant(f"bound{value:g}", np.array(value, np.float32)) for value in (low, high)]


def _add_tower(graph: _Graph, tower: nn.Sequential, picture: str, prefix: str) -> str:
    convolutions = [module for module in tower if isinstance(module, nn.Conv2d)]
    for index, convolution in enumerate(convolutions):
        weight = graph.weight(f"{prefix}convolution{index}.weight", convolution.weight.detach().contiguous().numpy())
        bias = graph.constant(f"{prefix}convolution{index}.bias", convolution.bias.detach().numpy())
        picture = graph.add(
            "Conv",
            [picture, weight, bias],
            f"{prefix}convolved{index}",
            {"kernel_shape": [3, 3], "strides": list(convolution.stride), "pads": [1, 1, 1, 1]},
        )
        picture = graph.add("Relu", [picture], f"{prefix}rectified{index}")
    return graph.add("Flatten", [picture], f"{prefix}features", {"axis": 1})


def _add_linear(graph: _Graph, name: str, layer: nn.Linear, features: str, output: str) -> str:
    weight = graph.weight(f"{name}.weight", layer.weight.detach().numpy())
    bias = graph.constant(f"{name}.bias", layer.bias.detach().numpy())
    return graph.add("Gemm", [features, weight, bias], output, {"transB": 1})


def _add_errors(graph: _Graph, errors: ExpectedErrors, features: str) -> None:
    summed = _add_linear(graph, "errors.hidden", errors.hidden, features, "errors.summed")
    hidden = graph.add("Relu", [summed], "errors.rectified")
    logits = _add_linear(graph, "errors.output", errors.output, hidden, "errors.logits")
    softened = graph.add("Softplus", [logits], "errors.softened")
    least = graph.constant("errors.least", np.array(LEAST_ERROR_MM, np.float32))
    raised = graph.add("Add", [softened, least], "errors.raised")
    graph.add("Mul", [raised, graph.constant("errors.scale", errors.scale.numpy())], ERRORS_NAME)

"""The trained network as an ONNX graph of plain operators: Cast, Sub, Div, Conv, Relu, Gemm, MatMul, Add, Reshape.

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

from engine.bundle import BASIS_FILE, INPUT_NAME, MEAN_FILE, NETWORK_FILE, OUTPUT_NAMES
from training.network import FaceNetwork

OPSET = 17  # ONNX Runtime, OpenVINO and TensorRT all read it
IR_VERSION = 8


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
    """Write `network.onnx`, `basis.bin` and `mean.bin`.

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
    features = _add_convolutions(graph, network, _add_whitening(graph, network))
    latents_name, vertices_name = OUTPUT_NAMES
    weight = graph.weight("to_latents.weight", network.to_latents.weight.detach().numpy())
    bias = graph.constant("to_latents.bias", network.to_latents.bias.detach().numpy())
    latents = graph.add("Gemm", [features, weight, bias], latents_name, {"transB": 1})
    basis = graph.beside("basis", BASIS_FILE, layer.basis.shape, stored)
    mean = graph.beside("mean", MEAN_FILE, layer.mean.shape, np.dtype("<f4"))
    coordinates = graph.add("Add", [graph.add("MatMul", [latents, basis], "offsets"), mean], "coordinates")
    rows = graph.constant("mesh_shape", np.array([-1, shape.num_vertices, 3], np.int64))
    graph.add("Reshape", [coordinates, rows], vertices_name)

    crops_shape = ["batch", 1, shape.input_height_px, shape.input_width_px]
    outputs = [
        helper.make_tensor_value_info(latents_name, TensorProto.FLOAT, ["batch", shape.num_latents]),
        helper.make_tensor_value_info(vertices_name, TensorProto.FLOAT, ["batch", shape.num_vertices, 3]),
    ]
    inputs = [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, crops_shape)]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "face", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="livedouble",
    )
    helper.set_model_props(model, dict(facts))
    (folder / NETWORK_FILE).write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(folder / NETWORK_FILE), full_check=True)


def _add_whitening(graph: _Graph, network: FaceNetwork) -> str:
    pixels = graph.add("Cast", [INPUT_NAME], "pixels", {"to": TensorProto.FLOAT})
    centred = graph.add("Sub", [pixels, graph.constant("pixel_mean", network.pixel_mean.numpy())], "centred")
    deviation = graph.constant("pixel_deviation", network.pixel_deviation.numpy())
    return graph.add("Div", [centred, deviation], "whitened")


def _add_convolutions(graph: _Graph, network: FaceNetwork, picture: str) -> str:
    convolutions = [module for module in network.convolutions if isinstance(module, nn.Conv2d)]
    for index, convolution in enumerate(convolutions):
        weight = graph.weight(f"convolution{index}.weight", convolution.weight.detach().contiguous().numpy())
        bias = graph.constant(f"convolution{index}.bias", convolution.bias.detach().numpy())
        picture = graph.add(
            "Conv",
            [picture, weight, bias],
            f"convolved{index}",
            {"kernel_shape": [3, 3], "strides": list(convolution.stride), "pads": [1, 1, 1, 1]},
        )
        picture = graph.add("Relu", [picture], f"rectified{index}")
    return graph.add("Flatten", [picture], "features", {"axis": 1})

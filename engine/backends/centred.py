"""An actor's network in 8 bits for GPUs, made of its `network.int8.onnx` whenever an engine is built.

Rule: TensorRT's 8 bits count from -128 to 127 around 0, the file's from 0 to 255; so each value is moved by half of its
range before it is rounded, and what comes of it is moved back: no step is lost and none is wider.
"""

from types import ModuleType
from typing import Any

import numpy as np

from engine.backends.half import halve, read_network
from engine.bundle import ActorBundle

_MIDDLE = 128  # of the unsigned steps


def int8_network(bundle: ActorBundle, batch_size: int) -> bytes:
    """The network as one strongly typed ONNX file of fixed shape, which needs no file beside it.

    It takes the uint8 crops and gives float32, under the names of the bundle's own network, and rounds as its network
    in 8 bits does. Layers in 8 bits stand between float32; the others compute in what they do in `float16_network`.

    Args:
        bundle: The actor, who has a network in 8 bits.
        batch_size: Frames solved together.

    Raises:
        ActorError: The actor has none.
        BackendError: The network is damaged, or not an actor's.
    """
    onnx, model = read_network(bundle, bundle.network_in("int8"), batch_size)
    _Centring(onnx, model).rewrite()
    halve(onnx, model.graph)
    data: bytes = model.SerializeToString()
    return data


class _Centring:
    """Rewrites a graph in place: what counted from 0 to 255 counts from -128 to 127, with no zero point.

    A convolution of moved values is wrong by what the same one makes of the move: at the rim, where it sees the zeros
    around the picture, by less than within. So a map takes the place of its bias.
    """

    def __init__(self, onnx: ModuleType, model: Any) -> None:
        self._onnx, self._graph = onnx, model.graph
        values = onnx.shape_inference.infer_shapes(model).graph.value_info
        self._shapes = {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim] for value in values}
        self._constants = {tensor.name: tensor for tensor in self._graph.initializer}
        self._makers = {output: node for node in self._graph.node for output in node.output}
        self._steps: dict[str, float] = {}  # how far zero lies from the middle, by the name of its constant
        self._moved: dict[str, float] = {}  # values that are too small by so much
        self._nodes: list[Any] = []

    def rewrite(self) -> None:
        """Do it."""
        for node in list(self._graph.node):
            if node.op_type == "Conv" and node.input[0] in self._moved:
                self._convolve(node)
                continue
            node.input[:] = [self._moved_back(name) for name in node.input]
            if node.op_type == "QuantizeLinear":
                zero = node.input[2]
                middle = self._middle(zero) * float(self._array(node.input[1]))
                node.input[0] = self._add(node.input[0], f"{node.input[0]}.centred", np.float32(-middle))
            elif node.op_type == "DequantizeLinear" and node.input[2] in self._steps:
                self._moved[node.output[0]] = self._steps[node.input[2]] * float(self._array(node.input[1]))
            self._nodes.append(node)
        self._graph.ClearField("node")
        self._graph.node.extend(self._nodes)

    def _middle(self, zero: str) -> float:
        """Steps from zero to the middle; the constant becomes the zero of signed steps."""
        if zero not in self._steps:
            self._steps[zero] = _MIDDLE - float(self._array(zero))
            signed = self._onnx.numpy_helper.from_array(np.zeros((), np.int8), zero)
            self._constants[zero].CopyFrom(signed)
        return self._steps[zero]

    def _convolve(self, node: Any) -> None:
        """Let it have a map in the place of its bias."""
        given = {one.name: self._onnx.helper.get_attribute_value(one) for one in node.attribute}
        (stride_y, stride_x), (top, left, *_) = given.get("strides", (1, 1)), given.get("pads", (0, 0, 0, 0))
        weights = self._constant(node.input[1]).sum(axis=1)  # [out, ky, kx], for all channels are moved alike
        height, width = self._shapes[node.input[0]][2:]
        num_rows, num_columns = self._shapes[node.output[0]][2:]
        rows = _sees(weights.shape[1], top, stride_y, height, num_rows)
        columns = _sees(weights.shape[2], left, stride_x, width, num_columns)
        field = self._moved[node.input[0]] * np.einsum("oyx,yr,xc->orc", weights, rows, columns)
        if len(node.input) > 2:
            field += self._constant(node.input[2])[:, None, None]
        result = node.output[0]
        node.input[:] = node.input[:2]
        node.output[0] = f"{result}.moved"
        self._nodes.append(node)
        self._add(node.output[0], result, field[None].astype(np.float32))

    def _moved_back(self, name: str) -> str:
        """The name of that value as it was meant."""
        if name not in self._moved:
            return name
        made = f"{name}.whole"
        if all(made not in node.output for node in self._nodes):
            self._add(name, made, np.float32(self._moved[name]))
        return made

    def _add(self, name: str, made: str, values: np.ndarray | np.float32) -> str:
        constant = self._onnx.numpy_helper.from_array(np.asarray(values), f"{made}.by")
        self._graph.initializer.append(constant)
        self._nodes.append(self._onnx.helper.make_node("Add", [name, constant.name], [made], name=f"make_{made}"))
        return made

    def _array(self, name: str) -> np.ndarray:
        values: np.ndarray = self._onnx.numpy_helper.to_array(self._constants[name])
        return values

    def _constant(self, name: str) -> np.ndarray:
        """A constant in float64, be it stored as such or in steps of each channel, whose zero is 0."""
        if name in self._constants:
            return self._array(name).astype(np.float64)
        steps, scale = (self._array(one).astype(np.float64) for one in self._makers[name].input[:2])
        return steps * scale.reshape(-1, *[1] * (steps.ndim - 1))


def _sees(num_taps: int, before: int, stride: int, num_in: int, num_out: int) -> np.ndarray:
    """[num_taps, num_out]: 1 where a tap of a convolution sees the picture, 0 where it sees what is around it."""
    places = np.arange(num_taps)[:, None] + np.arange(num_out) * stride - before
    return ((places >= 0) & (places < num_in)).astype(np.float64)

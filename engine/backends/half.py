"""An actor's network for GPUs, made of its ONNX file whenever an engine is built: inner layers in float16.

Rule: what decides millimetres stays in float32: whitening, the layer that makes the latents, vertices, expected errors.
The `onnx` package is needed, which comes with the extras of GPUs.
"""

import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from engine.bundle import ERRORS_NAME, INPUT_NAME, OUTPUT_NAMES, ActorBundle
from engine.errors import BackendError

_LAYERS = frozenset({"Conv", "Gemm", "MatMul"})
_CARRIERS = frozenset({"Relu", "Flatten"})  # they give the type they are given


def float16_network(bundle: ActorBundle, batch_size: int) -> bytes:
    """The network as one strongly typed ONNX file of fixed shape, which needs no file beside it.

    It takes the uint8 crops and gives float32, under the names of the bundle's own network. Convolutions, and linear
    layers before the one that makes the latents, take and give float16.

    Args:
        bundle: The actor.
        batch_size: Frames solved together.

    Raises:
        BackendError: The network is damaged, or not an actor's.
    """
    onnx, model = read_network(bundle, bundle.network_path, batch_size)
    halve(onnx, model.graph)
    data: bytes = model.SerializeToString()
    return data


def read_network(bundle: ActorBundle, path: Path, batch_size: int) -> tuple[ModuleType, Any]:
    """The `onnx` package, and an actor's network as it lies on the disk, but of fixed shape and with no more outputs.

    Args:
        bundle: The actor.
        path: Of the network.
        batch_size: Frames solved together.

    Raises:
        BackendError: The network is damaged, or not an actor's.
    """
    onnx = importlib.import_module("onnx")
    decode_error = importlib.import_module("google.protobuf.message").DecodeError
    damaged = (decode_error, onnx.checker.ValidationError, OSError, ValueError)
    try:
        model = onnx.load(str(path))
    except damaged as error:
        first_line = str(error).strip().partition("\n")[0].rstrip(".")
        raise BackendError(f"{path} is not a whole ONNX file ({first_line}).", "Export the actor again.") from error
    inputs, outputs = ([port.name for port in ports] for ports in (model.graph.input, model.graph.output))
    expected = [*OUTPUT_NAMES, *([ERRORS_NAME] if bundle.has_errors else [])]
    if inputs != [INPUT_NAME] or outputs[: len(expected)] != expected:
        raise BackendError(
            f"{path} is not an actor's network: it maps {inputs} to {outputs}.",
            "Export the actor again.",
        )
    del model.graph.output[len(expected) :]
    for port in (*model.graph.input, *model.graph.output):
        port.type.tensor_type.shape.dim[0].dim_value = batch_size  # which unsets its name
    return onnx, model


def halve(onnx: ModuleType, graph: Any) -> None:
    """Let the inner layers of a network in float32 compute in float16, but for those that compute in 8 bits."""
    _Halving(onnx, graph).rewrite()


class _Halving:
    """Rewrites a graph in place, node by node, with a cast wherever the type changes."""

    def __init__(self, onnx: Any, graph: Any) -> None:
        self._onnx, self._graph = onnx, graph
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        # A weight is stored in float16 and cast to float32 before its layer: its name after the cast, and as stored.
        self._stored = {
            node.output[0]: node.input[0]
            for node in graph.node
            if node.op_type == "Cast" and node.input[0] in self._constants
        }
        self._inner = _inner_layers(graph.node, OUTPUT_NAMES[0])
        self._halves: set[str] = set()  # values that are float16
        self._nodes: dict[str, Any] = {}  # what is written, by its first output

    def rewrite(self) -> None:
        """Do it."""
        for node in list(self._graph.node):
            is_half = node.output[0] in self._inner
            if node.op_type in _CARRIERS:
                is_half = node.input[0] in self._halves
            # A shape or the like is no number to compute with, and stays as it is.
            inputs = [self._half(name) if is_half else self._float(name) for name in node.input]
            node.input[:] = inputs
            self._nodes[node.output[0]] = node
            if is_half:
                self._halves.update(node.output)
        nodes, used = [], {port.name for port in self._graph.output}
        for node in reversed(self._nodes.values()):
            if not used.isdisjoint(node.output):
                nodes.append(node)
                used.update(node.input)
        constants = [tensor for name, tensor in self._constants.items() if name in used]
        self._graph.ClearField("node")
        self._graph.ClearField("initializer")
        self._graph.ClearField("value_info")
        self._graph.node.extend(reversed(nodes))
        self._graph.initializer.extend(constants)

    def _half(self, name: str) -> str:
        """The name of that value in float16."""
        stored = self._stored.get(name, name)
        if stored in self._constants:
            return self._half_constant(stored)
        return name if name in self._halves else self._cast(name, "half", self._onnx.TensorProto.FLOAT16)

    def _float(self, name: str) -> str:
        """The name of that value as a layer in float32 takes it."""
        return self._cast(name, "float", self._onnx.TensorProto.FLOAT) if name in self._halves else name

    def _cast(self, name: str, kind: str, to: int) -> str:
        output = f"{name}.as_{kind}"
        if output not in self._nodes:
            self._nodes[output] = self._onnx.helper.make_node("Cast", [name], [output], name=f"make_{output}", to=to)
        return output

    def _half_constant(self, name: str) -> str:
        tensor = self._constants[name]
        if tensor.data_type == self._onnx.TensorProto.FLOAT16:
            return name
        made = f"{name}.in_half"
        if made not in self._constants:
            values = self._onnx.numpy_helper.to_array(tensor)
            if np.abs(values).max(initial=0.0) > np.finfo(np.float16).max:
                raise BackendError(
                    f"The network's {name} is too large for float16, which GPUs compute in.",
                    "Choose another --backend for this actor.",
                )
            self._constants[made] = self._onnx.numpy_helper.from_array(values.astype(np.float16), made)
        return made


def _inner_layers(nodes: Iterable[Any], latents: str) -> frozenset[str]:
    """The first outputs of the layers whose results lead to the layer that makes `latents`."""
    makers = {output: node for node in nodes for output in node.output}
    reached, to_do = set(), list(makers[latents].input)
    while to_do:
        node = makers.get(to_do.pop())
        if node is not None and node.output[0] not in reached:
            reached.add(node.output[0])
            to_do.extend(node.input)
    in_8_bits = {output for output, node in makers.items() if node.op_type == "DequantizeLinear"}
    return frozenset(
        name for name in reached if makers[name].op_type in _LAYERS and in_8_bits.isdisjoint(makers[name].input)
    )

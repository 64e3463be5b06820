"""The network that finds the head (`engine/head_finder.py`), while it learns and as the file that is kept."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from engine.bundle import ONNX_IR_VERSION, ONNX_OPSET
from engine.head_finder import INPUT_NAME, OUTPUT_NAME, SEEN_PX

_CHANNELS = (16, 24, 32, 48, 64)  # each halves the picture
_HIDDEN = 96
MIDDLE_GRAY, _GRAY_SPREAD = 128.0, 64.0


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
        features = (seen - MIDDLE_GRAY) / _GRAY_SPREAD
        for convolution in self.convolutions:
            features = torch.relu(convolution(features))
        result: Tensor = self.output(torch.relu(self.hidden(features.flatten(1))))
        return result


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

    last = add("Sub", [INPUT_NAME, constant("middle", np.array(MIDDLE_GRAY))], "centred")
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

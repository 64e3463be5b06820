"""What a network costs by its shapes: the multiply-adds and numbers of one frame.

Rule: nothing is fused away; ONNX Runtime runs the exported graph as it stands and tells every node's shapes.
"""

import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from engine.bundle import INPUT_NAME, ActorBundle
from engine.onnx_runtime import open_session, session_options

_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class NetworkWork:
    """Of one frame."""

    multiply_adds: int  # of convolutions and matrix products; everything else is a thousandth of them
    num_weights: int  # numbers that those multiply with
    largest_step_bytes: int  # what goes into and comes out of the largest of them, in float32, without weights


def network_work(bundle: ActorBundle) -> NetworkWork:
    """Count, by solving one black frame in float32; well under a second."""
    counted = [_counted(*node) for node in _nodes(bundle)]
    return NetworkWork(
        multiply_adds=sum(one.multiply_adds for one in counted),
        num_weights=sum(one.num_weights for one in counted),
        largest_step_bytes=max((one.largest_step_bytes for one in counted), default=0),
    )


def _counted(kind: str, inputs: list[list[int]], output: list[int]) -> NetworkWork:
    data, weights = inputs[0], inputs[1]
    # A convolution's weights are [out, in, height, width], so each output takes in * height * width of them;
    # a product sums over the data's last axis.
    terms = math.prod(weights[1:]) if kind == "Conv" else data[-1]
    step = math.prod(data) + math.prod(output)
    return NetworkWork(math.prod(output) * terms, math.prod(weights), _FLOAT_BYTES * step)


def _nodes(bundle: ActorBundle) -> Iterator[tuple[str, list[list[int]], list[int]]]:
    """Kind, shapes of the inputs, and shape of the output of all that multiplies matrices."""
    with tempfile.TemporaryDirectory(prefix="livedouble-") as folder:
        options = session_options(num_threads=1)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "nodes")
        session = open_session(str(bundle.network_path), options)
        session.run(None, {INPUT_NAME: np.zeros((1, *bundle.input_shape), np.uint8)})
        told: list[dict[str, Any]] = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    for event in told:
        facts = event.get("args", {})
        if event["name"].endswith("_kernel_time") and facts.get("op_name") in ("Conv", "Gemm", "MatMul"):
            inputs = [shape for one in facts["input_type_shape"] for shape in one.values()]
            (output,) = (shape for one in facts["output_type_shape"] for shape in one.values())
            yield facts["op_name"], inputs, output

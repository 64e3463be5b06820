"""Products of matrices as each runtime computes them: how much arithmetic this machine does in a second.

Rule: four products in a row, each of 512 x 512 numbers, so that turning float32 into another precision is paid once.
"""

import importlib
import struct
from typing import Any, Protocol

import numpy as np

from engine.backends import ort, ov
from engine.onnx_runtime import open_session, session_options

_SIDE = 512
_NUM_PRODUCTS = 4
MULTIPLY_ADDS = _NUM_PRODUCTS * _SIDE**3  # of one `run`

_RANGE = 0.25  # of the numbers that int8 stands for: five standard deviations and more


class MatrixProduct(Protocol):
    """Computes `MULTIPLY_ADDS` at each `run`. One thread at a time."""

    @property
    def by(self) -> str:
        """The runtime."""

    @property
    def precision(self) -> str:
        """What it multiplies in."""

    def run(self) -> np.ndarray:
        """Compute once: [512, 512] float32."""

    def close(self) -> None:
        """Release memory and threads."""


def open_products(num_threads: int) -> list[MatrixProduct]:
    """Every runtime and precision of the processor's that can be measured here."""
    products: list[MatrixProduct] = [_OrtProduct(num_threads)]
    openvino = ov.status()
    if openvino.is_usable:
        products += [_OvProduct(precision, num_threads) for precision in ("float32", "bfloat16", "int8")
                     if precision == "int8" or precision in openvino.precisions]  # fmt: skip
    return products


def _matrix(number: int) -> np.ndarray:
    """[512, 512] float32, scaled so that a product of two has the deviation of each."""
    numbers = np.random.default_rng(number).standard_normal((_SIDE, _SIDE)) / np.sqrt(_SIDE)
    return np.asarray(numbers, np.float32)


class _OrtProduct:
    by, precision = ort.NAME, "float32"

    def __init__(self, num_threads: int) -> None:
        self._session = open_session(_products_file(), session_options(num_threads))
        self._data = {"m0": _matrix(0)}

    def run(self) -> np.ndarray:
        """See `MatrixProduct.run`."""
        return np.asarray(self._session.run(None, self._data)[0])

    def close(self) -> None:
        """See `MatrixProduct.close`."""
        del self._session


class _OvProduct:
    by = ov.NAME

    def __init__(self, precision: str, num_threads: int) -> None:
        self.precision = precision
        openvino = ov.import_openvino()
        operators = importlib.import_module("openvino.opset13")
        data = operators.parameter([_SIDE, _SIDE], np.float32)
        value = data
        for number in range(1, _NUM_PRODUCTS + 1):
            factor: Any = operators.constant(_matrix(number))
            if precision == "int8":
                value, factor = self._rounded(operators, value), self._rounded(operators, factor)
            value = operators.matmul(value, factor, False, False)
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "INFERENCE_NUM_THREADS": num_threads,
            "ENABLE_CPU_PINNING": False,
        }
        model = openvino.Model([value], [data], "products")
        self._request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
        self._data = {0: _matrix(0)}

    @staticmethod
    def _rounded(operators: Any, value: Any) -> Any:
        # OpenVINO multiplies in int8 what is rounded to 256 levels on both sides.
        low, high = np.float32(-_RANGE), np.float32(_RANGE * 127 / 128)
        return operators.fake_quantize(value, low, high, low, high, 256)

    def run(self) -> np.ndarray:
        """See `MatrixProduct.run`."""
        return np.asarray(self._request.infer(self._data, share_inputs=True)[0])

    def close(self) -> None:
        """See `MatrixProduct.close`."""
        del self._request


def _products_file() -> bytes:
    """An ONNX file of the products, written field by field: the package that writes them is not installed to film."""
    nodes, constants = b"", b""
    for number in range(1, _NUM_PRODUCTS + 1):
        names = (1, f"p{number - 1}" if number > 1 else "m0"), (1, f"m{number}"), (2, f"p{number}"), (4, "MatMul")
        nodes += _field(1, b"".join(_field(place, text.encode()) for place, text in names))
        shape = _number(1, _SIDE) + _number(1, _SIDE) + _number(2, 1)  # of float32
        name = _field(8, f"m{number}".encode())
        constants += _field(5, shape + name + _field(9, _matrix(number).astype("<f4").tobytes()))
    ends = _field(11, _port("m0")) + _field(12, _port(f"p{_NUM_PRODUCTS}"))
    graph = nodes + _field(2, b"products") + constants + ends
    return _number(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _number(2, 17))  # IR version, graph, opset


def _port(name: str) -> bytes:
    side = _field(1, _number(1, _SIDE))
    tensor = _number(1, 1) + _field(2, side + side)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(place: int, content: bytes) -> bytes:
    return _varint(place << 3 | 2) + _varint(len(content)) + content


def _number(place: int, value: int) -> bytes:
    return _varint(place << 3) + _varint(value)


def _varint(value: int) -> bytes:
    low = value & 0x7F
    return struct.pack("B", low) if value == low else struct.pack("B", low | 0x80) + _varint(value >> 7)

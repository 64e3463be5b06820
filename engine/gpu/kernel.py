"""`preprocess.cu`: its source, and its machine code for one GPU.

Rule: NVRTC compiles it where it runs; that takes no GPU, no driver, no CUDA installation and no header.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Any

from engine.errors import BackendError
from engine.gpu.driver import cuda_module

KERNEL_NAME = "prepare"
# A product and a sum stay two roundings, as in the build for the CPU.
_OPTIONS = ("--fmad=false", "--std=c++17")


def kernel_source() -> str:
    """The text of `preprocess.cu`."""
    return files("engine.gpu").joinpath("preprocess.cu").read_text("utf-8")


def supported_architectures() -> tuple[int, ...]:
    """What the installed NVRTC compiles for; 90 is sm_90.

    Raises:
        BackendError: NVRTC or its bindings are not installed.
    """
    code, architectures = _nvrtc_call("nvrtcGetSupportedArchs")
    _check(code, "")
    return tuple(int(architecture) for architecture in architectures)


@lru_cache(maxsize=4)
def compiled(architecture: int) -> bytes:
    """Machine code (cubin) of the kernel; some tenths of a second.

    Args:
        architecture: 90 is sm_90.

    Raises:
        BackendError: NVRTC or its bindings are not installed, or it is older than this GPU.
    """
    code, program = _nvrtc_call("nvrtcCreateProgram", kernel_source().encode(), b"preprocess.cu", 0, [], [])
    _check(code, "")
    try:
        options = [option.encode() for option in (f"--gpu-architecture=sm_{architecture}", *_OPTIONS)]
        (code,) = _nvrtc_call("nvrtcCompileProgram", program, len(options), options)
        _check(code, _log(program) if int(code) != 0 else "")
        code, size = _nvrtc_call("nvrtcGetCUBINSize", program)
        _check(code, "")
        cubin = bytearray(size)
        (code,) = _nvrtc_call("nvrtcGetCUBIN", program, cubin)
        _check(code, "")
        return bytes(cubin)
    finally:
        _nvrtc_call("nvrtcDestroyProgram", program)


def _log(program: object) -> str:
    _, size = _nvrtc_call("nvrtcGetProgramLogSize", program)
    text = bytearray(size)
    _nvrtc_call("nvrtcGetProgramLog", program, text)
    return text.rstrip(b"\0").decode("utf-8", "replace").strip()


def _nvrtc_call(name: str, *arguments: object) -> tuple[Any, ...]:
    nvrtc = cuda_module("nvrtc")
    try:
        result: tuple[Any, ...] = getattr(nvrtc, name)(*arguments)
    except RuntimeError as error:  # so the bindings say that the library itself is missing
        raise BackendError(
            f"NVIDIA's run-time compiler is not installed ({str(error).strip()}).",
            "Run: pip install 'livedouble[cuda]'.",
        ) from error
    return result


def _check(code: Any, log: str) -> None:
    if int(code) != 0:
        raise BackendError(
            f"The preprocessing kernel does not compile ({code.name}). {log}".strip(),
            "Install a newer nvidia-cuda-nvrtc, or choose a backend that runs on the CPU.",
        )

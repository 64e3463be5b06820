"""TensorRT: why it cannot run here. A backend of its own needs a GPU to be proven on, and is not written yet.

Rule: creating a TensorRT runtime without a driver can end the process, so the driver is asked first.
"""

import importlib.util
from importlib.metadata import PackageNotFoundError, version

from engine.backends.backend import BackendStatus
from engine.machine import probe_gpu

NAME = "tensorrt"


def status() -> BackendStatus:
    """Never usable in this version; the reason names the first thing that is missing."""
    try:
        installed = version("tensorrt") if importlib.util.find_spec("tensorrt") else ""
    except PackageNotFoundError:
        installed = ""
    gpu = probe_gpu()
    if gpu.reason:
        reason = gpu.reason
    elif not installed:
        reason = "it is not installed (pip install 'livedouble[tensorrt]')"
    else:
        reason = "this version of LiveDouble does not use it yet"
    return BackendStatus(NAME, False, installed, (), reason)

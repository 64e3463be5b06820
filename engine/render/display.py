"""Finding something that draws without a screen: a GPU through EGL's devices first, Mesa's software otherwise.

Rule: EGL calls only, and no drawing. What a device refuses is not an error until nothing is left to ask.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

if sys.platform.startswith("linux"):
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
from OpenGL.error import Error as OpenGLError

from engine.errors import BackendError

MISSING_GL = "Install Mesa's libraries (Debian and Ubuntu: libegl1 libgl1 libgl1-mesa-dri)."
_CONTEXT_VERSION = (3, 3)
_SURFACELESS_MESA = 0x31DD  # EGL_MESA_platform_surfaceless
_DEVICE_PLATFORM = 0x313F  # EGL_EXT_platform_device
_SOFTWARE_DEVICE = "EGL_MESA_device_software"
_MOST_DEVICES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """An OpenGL 3.3 core context and the display it came from; bound to no thread yet.

    Args:
        egl: The `OpenGL.EGL` module.
        display: EGL's handle.
        handle: The context's.
    """

    egl: Any
    display: Any
    handle: Any

    def make_current(self) -> None:
        """Bind it to this thread, without a surface."""
        none = self.egl.EGL_NO_SURFACE
        self.egl.eglMakeCurrent(self.display, none, none, self.handle)

    def release(self) -> None:
        """Unbind and free it."""
        none = self.egl.EGL_NO_SURFACE
        self.egl.eglMakeCurrent(self.display, none, none, self.egl.EGL_NO_CONTEXT)
        self.egl.eglDestroyContext(self.display, self.handle)


def open_context(egl: Any, is_software: bool = False) -> Context:
    """The first context that something here gives: each GPU in turn, then Mesa.

    Args:
        egl: The `OpenGL.EGL` module.
        is_software: Ask no GPU.

    Raises:
        BackendError: There is no EGL, or nothing gives OpenGL 3.3.
    """
    gpus, software = _devices(egl)
    # Without a device, Mesa chooses; that is software unless a GPU has a Mesa driver.
    for device in [*(software if is_software else gpus), None]:
        with suppress(OpenGLError):  # a GPU without a driver, or that is not ours to use
            platform = _SURFACELESS_MESA if device is None else _DEVICE_PLATFORM
            display = egl.eglGetPlatformDisplay(platform, device, None)
            if display and egl.eglInitialize(display, egl.EGLint(), egl.EGLint()):
                return Context(egl, display, _context_of(egl, display))
    raise BackendError("Neither a GPU nor Mesa's software gives an OpenGL 3.3 core context through EGL.", MISSING_GL)


def _devices(egl: Any) -> tuple[list[Any], list[Any]]:
    """EGL's devices: GPUs, and software; both empty where EGL cannot list its devices."""
    from OpenGL.EGL.EXT.device_base import eglQueryDevicesEXT, eglQueryDeviceStringEXT

    names = (egl.eglQueryString(None, egl.EGL_EXTENSIONS) or b"").decode().split()
    if "EGL_EXT_platform_device" not in names or "EGL_EXT_device_base" not in names:
        return [], []
    found, count = (egl.EGLDeviceEXT * _MOST_DEVICES)(), egl.EGLint()
    with suppress(OpenGLError):
        eglQueryDevicesEXT(_MOST_DEVICES, found, count)
    gpus: list[Any] = []
    software: list[Any] = []
    for device in found[: count.value]:
        kinds = (eglQueryDeviceStringEXT(device, egl.EGL_EXTENSIONS) or b"").decode().split()
        (software if _SOFTWARE_DEVICE in kinds else gpus).append(device)
    return gpus, software


def _context_of(egl: Any, display: Any) -> Any:
    wanted = [egl.EGL_SURFACE_TYPE, egl.EGL_PBUFFER_BIT, egl.EGL_RENDERABLE_TYPE, egl.EGL_OPENGL_BIT, egl.EGL_NONE]
    configs, count = (egl.EGLConfig * 1)(), egl.EGLint()
    egl.eglChooseConfig(display, (egl.EGLint * len(wanted))(*wanted), configs, 1, count)
    egl.eglBindAPI(egl.EGL_OPENGL_API)
    asked = [
        egl.EGL_CONTEXT_MAJOR_VERSION, _CONTEXT_VERSION[0], egl.EGL_CONTEXT_MINOR_VERSION, _CONTEXT_VERSION[1],
        egl.EGL_CONTEXT_OPENGL_PROFILE_MASK, egl.EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, egl.EGL_NONE,
    ]  # fmt: skip
    config = configs[0] if count.value else None
    return egl.eglCreateContext(display, config, egl.EGL_NO_CONTEXT, (egl.EGLint * len(asked))(*asked))

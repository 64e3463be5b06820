"""An OpenGL context without a screen: EGL with a framebuffer of its own (on a GPU, else Mesa's software).

Rule: one context, one thread.
"""

import os
import sys
from types import TracebackType
from typing import Any

import numpy as np

from engine.errors import BackendError

if sys.platform.startswith("linux"):
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")

_CONTEXT_ATTRIBUTES_VERSION = (3, 3)
_SURFACELESS_MESA = 0x31DD  # EGL_MESA_platform_surfaceless
_MISSING_GL = "Install Mesa's libraries (Debian and Ubuntu: libegl1 libgl1 libgl1-mesa-dri)."


class Offscreen:
    """A context and a framebuffer (colour and depth) to draw into.

    Args:
        width_px: Of the picture.
        height_px: Of the picture.

    Raises:
        BackendError: There is no EGL, or it gives no OpenGL 3.3.
    """

    def __init__(self, width_px: int, height_px: int) -> None:
        try:
            from OpenGL import EGL, GL
        except (ImportError, AttributeError, OSError) as error:
            raise BackendError(f"OpenGL cannot be loaded ({error}).", _MISSING_GL) from error
        self._egl: Any = EGL
        self._gl: Any = GL
        self._display, self._context = self._open_context()
        self.make_current()
        self.gl_renderer: str = GL.glGetString(GL.GL_RENDERER).decode()
        self.gl_version: str = GL.glGetString(GL.GL_VERSION).decode()
        self._framebuffer = int(GL.glGenFramebuffers(1))
        self._colour, self._depth = (int(name) for name in GL.glGenRenderbuffers(2))
        self.width_px = self.height_px = 0
        self.resize(width_px, height_px)

    def _open_context(self) -> tuple[Any, Any]:
        egl = self._egl
        if not egl.eglQueryString(None, egl.EGL_EXTENSIONS):
            raise BackendError("EGL has no client extensions here.", _MISSING_GL)
        display = egl.eglGetPlatformDisplay(_SURFACELESS_MESA, None, None)
        major, minor = egl.EGLint(), egl.EGLint()
        if not display or not egl.eglInitialize(display, major, minor):
            raise BackendError("EGL finds no display, neither a GPU's nor Mesa's software one.", _MISSING_GL)
        wanted = [
            egl.EGL_SURFACE_TYPE, egl.EGL_PBUFFER_BIT, egl.EGL_RENDERABLE_TYPE, egl.EGL_OPENGL_BIT, egl.EGL_NONE,
        ]  # fmt: skip
        configs = (egl.EGLConfig * 1)()
        count = egl.EGLint()
        egl.eglChooseConfig(display, (egl.EGLint * len(wanted))(*wanted), configs, 1, count)
        egl.eglBindAPI(egl.EGL_OPENGL_API)
        major_version, minor_version = _CONTEXT_ATTRIBUTES_VERSION
        asked = [
            egl.EGL_CONTEXT_MAJOR_VERSION, major_version, egl.EGL_CONTEXT_MINOR_VERSION, minor_version,
            egl.EGL_CONTEXT_OPENGL_PROFILE_MASK, egl.EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, egl.EGL_NONE,
        ]  # fmt: skip
        config = configs[0] if count.value else None
        context = egl.eglCreateContext(display, config, egl.EGL_NO_CONTEXT, (egl.EGLint * len(asked))(*asked))
        if not context:
            raise BackendError("EGL gives no OpenGL 3.3 core context.", _MISSING_GL)
        return display, context

    def make_current(self) -> None:
        """Bind the context to this thread."""
        none = self._egl.EGL_NO_SURFACE
        self._egl.eglMakeCurrent(self._display, none, none, self._context)

    def resize(self, width_px: int, height_px: int) -> None:
        """Make the framebuffer this large and bind it."""
        gl = self._gl
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._framebuffer)
        if (width_px, height_px) == (self.width_px, self.height_px):
            return
        self.width_px, self.height_px = width_px, height_px
        for name, storage, attachment in (
            (self._colour, gl.GL_RGBA8, gl.GL_COLOR_ATTACHMENT0),
            (self._depth, gl.GL_DEPTH_COMPONENT24, gl.GL_DEPTH_ATTACHMENT),
        ):
            gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, name)
            gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, storage, width_px, height_px)
            gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, attachment, gl.GL_RENDERBUFFER, name)
        status = gl.glCheckFramebufferStatus(gl.GL_FRAMEBUFFER)
        if status != gl.GL_FRAMEBUFFER_COMPLETE:
            raise BackendError(
                f"OpenGL makes no {width_px}x{height_px} framebuffer (status {status:#x}).",
                "Ask for a smaller picture.",
            )

    def read_rgba(self) -> np.ndarray:
        """[H, W, 4] uint8 red-green-blue-alpha, top row first; a view of a new array."""
        gl = self._gl
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._framebuffer)
        pixels = np.empty((self.height_px, self.width_px, 4), np.uint8)
        gl.glReadPixels(0, 0, self.width_px, self.height_px, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels)
        return pixels[::-1]

    def read(self) -> np.ndarray:
        """[H, W, 3] uint8 red-green-blue, top row first, contiguous."""
        return np.ascontiguousarray(self.read_rgba()[..., :3])

    def read_depth(self) -> np.ndarray:
        """[H, W] float32 in 0 (near) to 1 (far), top row first."""
        gl = self._gl
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._framebuffer)
        depth = np.empty((self.height_px, self.width_px), np.float32)
        gl.glReadPixels(0, 0, self.width_px, self.height_px, gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT, depth)
        return depth[::-1]

    def release(self) -> None:
        """Free the framebuffer and the context."""
        gl, egl = self._gl, self._egl
        if self._context is None:
            return
        self.make_current()
        gl.glDeleteFramebuffers(1, [self._framebuffer])
        gl.glDeleteRenderbuffers(2, [self._colour, self._depth])
        egl.eglMakeCurrent(self._display, egl.EGL_NO_SURFACE, egl.EGL_NO_SURFACE, egl.EGL_NO_CONTEXT)
        egl.eglDestroyContext(self._display, self._context)
        self._context = None

    def __enter__(self) -> "Offscreen":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        self.release()

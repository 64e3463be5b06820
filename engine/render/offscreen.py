"""An OpenGL context without a screen: EGL with a framebuffer of its own (on a GPU, else Mesa's software).

Rule: one context, one thread.
"""

import os
import sys
from types import TracebackType
from typing import Any

import numpy as np

from engine.errors import BackendError
from engine.render.display import MISSING_GL, open_context

if sys.platform.startswith("linux"):
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")


class Offscreen:
    """A context and a framebuffer (colour and depth) to draw into.

    Args:
        width_px: Of the picture.
        height_px: Of the picture.
        num_samples: A pixel, for smooth edges: 1 or 4. Reading resolves them.
        is_gray: Keep one channel only, red: a quarter of the memory to clear, resolve and read.
        is_software: Use Mesa's software even where there is a GPU.

    Raises:
        BackendError: There is no EGL, or it gives no OpenGL 3.3.
    """

    def __init__(
        self, width_px: int, height_px: int, num_samples: int = 1, *, is_gray: bool = False, is_software: bool = False
    ) -> None:
        try:
            from OpenGL import EGL, GL
        except (ImportError, AttributeError, OSError) as error:
            raise BackendError(f"OpenGL cannot be loaded ({error}).", MISSING_GL) from error
        self._gl: Any = GL
        self._context = open_context(EGL, is_software)
        self._is_open = True
        self.make_current()
        self.gl_renderer: str = GL.glGetString(GL.GL_RENDERER).decode()
        self.gl_version: str = GL.glGetString(GL.GL_VERSION).decode()
        # Drawn into the first; where it has several samples a pixel, read from the second.
        self._framebuffers = [_Framebuffer(GL, num_samples, is_gray)]
        if num_samples > 1:
            self._framebuffers.append(_Framebuffer(GL, 1, is_gray))
        self.width_px = self.height_px = 0
        self.resize(width_px, height_px)

    def make_current(self) -> None:
        """Bind the context to this thread."""
        self._context.make_current()

    def resize(self, width_px: int, height_px: int) -> None:
        """Make the framebuffer this large and bind it."""
        if (width_px, height_px) != (self.width_px, self.height_px):
            self.width_px, self.height_px = width_px, height_px
            for framebuffer in self._framebuffers:
                framebuffer.resize(width_px, height_px)
        self._framebuffers[0].bind()

    def _bind_for_reading(self, bits: int) -> None:
        """Bind what holds one sample a pixel, resolving them first."""
        gl = self._gl
        drawn, *resolved = (framebuffer.name for framebuffer in self._framebuffers)
        if resolved:
            gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, drawn)
            gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, resolved[0])
            box = 0, 0, self.width_px, self.height_px
            gl.glBlitFramebuffer(*box, *box, bits, gl.GL_NEAREST)
            gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, drawn)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, resolved[0] if resolved else drawn)

    def read_rgba(self) -> np.ndarray:
        """[H, W, 4] uint8 red-green-blue-alpha, top row first; a view of a new array."""
        gl = self._gl
        self._bind_for_reading(gl.GL_COLOR_BUFFER_BIT)
        pixels = np.empty((self.height_px, self.width_px, 4), np.uint8)
        gl.glReadPixels(0, 0, self.width_px, self.height_px, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels)
        return pixels[::-1]

    def read_gray(self) -> np.ndarray:
        """[H, W] uint8, the red channel, top row first, contiguous."""
        gl = self._gl
        self._bind_for_reading(gl.GL_COLOR_BUFFER_BIT)
        pixels = np.empty((self.height_px, self.width_px), np.uint8)
        gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
        gl.glReadPixels(0, 0, self.width_px, self.height_px, gl.GL_RED, gl.GL_UNSIGNED_BYTE, pixels)
        return np.ascontiguousarray(pixels[::-1])

    def read(self) -> np.ndarray:
        """[H, W, 3] uint8 red-green-blue, top row first, contiguous."""
        return np.ascontiguousarray(self.read_rgba()[..., :3])

    def read_depth(self) -> np.ndarray:
        """[H, W] float32 in 0 (near) to 1 (far), top row first."""
        gl = self._gl
        self._bind_for_reading(gl.GL_DEPTH_BUFFER_BIT)
        depth = np.empty((self.height_px, self.width_px), np.float32)
        gl.glReadPixels(0, 0, self.width_px, self.height_px, gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT, depth)
        return depth[::-1]

    def release(self) -> None:
        """Free the framebuffer and the context."""
        if not self._is_open:
            return
        self._is_open = False
        self.make_current()
        for framebuffer in self._framebuffers:
            framebuffer.release()
        self._context.release()

    def __enter__(self) -> "Offscreen":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        self.release()


class _Framebuffer:
    """Colour and depth, with one or several samples a pixel."""

    def __init__(self, gl: Any, num_samples: int, is_gray: bool) -> None:
        self._gl, self._num_samples = gl, num_samples
        self._colour_storage = gl.GL_R8 if is_gray else gl.GL_RGBA8
        self.name = int(gl.glGenFramebuffers(1))
        self._colour, self._depth = (int(name) for name in gl.glGenRenderbuffers(2))

    def bind(self) -> None:
        self._gl.glBindFramebuffer(self._gl.GL_FRAMEBUFFER, self.name)

    def resize(self, width_px: int, height_px: int) -> None:
        gl = self._gl
        self.bind()
        samples = 0 if self._num_samples == 1 else self._num_samples
        for name, storage, attachment in (
            (self._colour, self._colour_storage, gl.GL_COLOR_ATTACHMENT0),
            (self._depth, gl.GL_DEPTH_COMPONENT24, gl.GL_DEPTH_ATTACHMENT),
        ):
            gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, name)
            gl.glRenderbufferStorageMultisample(gl.GL_RENDERBUFFER, samples, storage, width_px, height_px)
            gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, attachment, gl.GL_RENDERBUFFER, name)
        status = gl.glCheckFramebufferStatus(gl.GL_FRAMEBUFFER)
        if status != gl.GL_FRAMEBUFFER_COMPLETE:
            raise BackendError(
                f"OpenGL makes no {width_px}x{height_px} framebuffer of {self._num_samples} samples"
                f" (status {status:#x}).",
                "Ask for a smaller picture.",
            )

    def release(self) -> None:
        self._gl.glDeleteFramebuffers(1, [self.name])
        self._gl.glDeleteRenderbuffers(2, [self._colour, self._depth])

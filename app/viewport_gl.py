"""The viewport on a graphics card: the window system's own OpenGL.

Rule: Qt makes the context current before it calls in here; whatever lives in a context dies with that context.
"""

from PyQt6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat
from PyQt6.QtOpenGLWidgets import QOpenGLWidget
from PyQt6.QtWidgets import QApplication

from app import startup  # noqa: F401 - before OpenGL: both must go through EGL
from app.viewport import Pointing, Stage, Viewport
from app.viewport_offscreen import OffscreenViewport
from engine.frames import MeshFrame

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software", "microsoft basic render")


class GlViewport(Pointing, QOpenGLWidget):
    """Draws straight to the screen; a mesh counts as shown when its buffers have been swapped.

    Args:
        stage: What to draw.
        gl_renderer: What the driver calls itself.
    """

    def __init__(self, stage: Stage, gl_renderer: str) -> None:
        super().__init__()
        self.stage, self.gl_renderer = stage, gl_renderer
        stage.redraw = self.update
        self._unswapped: MeshFrame | None = None
        self.frameSwapped.connect(self._swapped)
        self.setMinimumSize(240, 160)

    def initializeGL(self) -> None:  # noqa: D102
        # Runs again whenever the window gets a new context, for example after full screen.
        context = self.context()
        if context is not None:
            context.aboutToBeDestroyed.connect(self._forget)

    def paintGL(self) -> None:  # noqa: D102
        from OpenGL import GL

        mesh = self.stage.newest()
        if self.stage.bundle is None:
            GL.glClearColor(0.04, 0.047, 0.055, 1.0)
            GL.glClear(GL.GL_COLOR_BUFFER_BIT)
            return
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.defaultFramebufferObject())
        self.stage.draw(width, height)
        self._unswapped = mesh or self._unswapped

    def _swapped(self) -> None:
        mesh, self._unswapped = self._unswapped, None
        self.stage.shown(mesh)

    def _forget(self) -> None:
        self.makeCurrent()
        self.stage.release()
        self.doneCurrent()

    def release(self) -> None:
        """Free what lives in the context, while there is one."""
        if self.context() is not None:
            self._forget()


def make_viewport(stage: Stage) -> Viewport:
    """The viewport that suits this machine's OpenGL.

    Raises:
        BackendError: There is no OpenGL at all.
    """
    name = _window_renderer()
    if name is None or any(word in name.lower() for word in _SOFTWARE):
        return OffscreenViewport(stage)
    return GlViewport(stage, name)


def _window_renderer() -> str | None:
    """What draws for windows here; None where the window system has no OpenGL."""
    if QApplication.platformName() in ("offscreen", "minimal", "vnc"):
        return None
    context = QOpenGLContext()
    context.setFormat(QSurfaceFormat.defaultFormat())
    surface = QOffscreenSurface()
    surface.setFormat(QSurfaceFormat.defaultFormat())
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return None
    from OpenGL import GL

    name = GL.glGetString(GL.GL_RENDERER)
    context.doneCurrent()
    return name.decode() if name else None

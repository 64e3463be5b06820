"""What both viewports share: the viewer's orbit under the mouse, the newest mesh, and when a drawing is out of date.

Rule: a mesh is taken from its slot while painting; OpenGL is spoken only while the viewport's context is current.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QMouseEvent, QWheelEvent

from engine.bundle import ActorBundle
from engine.frames import MeshFrame
from engine.mesh import distances_mm
from engine.render import Look, MeshRenderer, Orbit, Shading

DEGREES_PER_PX = 0.35
ZOOM_PER_NOTCH = 1.12
RANGES_MM = {Shading.ERROR: 5.0, Shading.EXPECTED: 2.0}  # shown in the last colour; means are smaller than errors


class Viewport(Protocol):
    """A widget that draws the newest mesh."""

    stage: "Stage"
    gl_renderer: str

    def update(self) -> None:
        """Ask for a repaint."""

    def release(self) -> None:
        """Free what it holds of OpenGL."""


class Stage:
    """The scene a viewport draws: which mesh, how, and from where.

    What it keeps in OpenGL belongs to its viewport's context and thread.

    Args:
        take: Gives the newest mesh once, None when there is no newer one; called while painting.
        drawn: Told of each mesh right after it has been drawn for the first time.
    """

    def __init__(self, take: Callable[[], MeshFrame | None], drawn: Callable[[MeshFrame], None]) -> None:
        self._take, self._drawn = take, drawn
        self.bundle: ActorBundle | None = None
        self.mesh: MeshFrame | None = None
        self.look = Look()
        self.orbit = Orbit(0.0, 0.0, 100.0, (0.0, 0.0, 0.0))
        self.is_stale = True  # something changed since the last drawing
        self.redraw: Callable[[], None] = lambda: None
        self._held_at: QPointF | None = None
        self._is_panning = False
        self._renderer: MeshRenderer | None = None
        self._drawn_for: ActorBundle | None = None

    def show_actor(self, bundle: ActorBundle) -> None:
        """Draw this actor from now on, at rest until its first mesh comes."""
        is_another = self.bundle is None or self.bundle.folder != bundle.folder
        self.bundle, self.mesh = bundle, None
        if is_another:
            self.frame_head()
        self._touch()

    def frame_head(self) -> None:
        """The whole head in view, from the front."""
        if self.bundle is not None:
            self._look_from(Orbit.framing(self.bundle.topology))

    def set_shading(self, shading: Shading) -> None:
        """Change what the surface shows."""
        self.look = replace(self.look, shading=shading, error_range_mm=RANGES_MM.get(shading, self.look.error_range_mm))
        self._touch()

    def set_wire(self, has_wire: bool) -> None:
        """Draw the mesh's edges or not."""
        self.look = replace(self.look, has_wire=has_wire)
        self._touch()

    def newest(self) -> MeshFrame | None:
        """The mesh that has come since the last painting, if one has."""
        mesh = self._take()
        if mesh is not None:
            self.mesh, self.is_stale = mesh, True
        return mesh

    def draw(self, width_px: int, height_px: int) -> None:
        """Draw the current mesh into the bound framebuffer; the viewport's context is current."""
        if self.bundle is None:
            return
        if self._renderer is None or self._drawn_for is not self.bundle:
            self.release()
            self._renderer, self._drawn_for = MeshRenderer(self.bundle.topology, _skin_of(self.bundle)), self.bundle
        if self.mesh is not None:
            self._renderer.set_vertices(self.mesh.vertices)
            self._renderer.set_errors(self._errors_mm(self.mesh))
        self._renderer.draw(self.orbit.view(width_px, height_px), self.look, width_px, height_px)

    def release(self) -> None:
        """Free what lives in the viewport's context, which is current."""
        if self._renderer is not None:
            self._renderer.release()
        self._renderer = self._drawn_for = None

    def shown(self, mesh: MeshFrame | None) -> None:
        """Report a mesh that has just been drawn."""
        self.is_stale = False
        if mesh is not None:
            self._drawn(mesh)

    def _errors_mm(self, mesh: MeshFrame) -> np.ndarray | None:
        if self.look.shading is Shading.EXPECTED:
            return mesh.errors_mm
        truth = mesh.frame.truth
        if truth is None or truth.shape != mesh.vertices.shape or self.look.shading is not Shading.ERROR:
            return None
        return distances_mm(mesh.vertices, truth).astype(np.float32)

    def press(self, event: QMouseEvent) -> None:
        """Begin to turn (left) or pan (middle, or left with Shift)."""
        has_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._is_panning = event.button() is Qt.MouseButton.MiddleButton or has_shift
        self._held_at = event.position()

    def drag(self, event: QMouseEvent, height_px: int) -> None:
        """Turn or pan with the pointer."""
        if self._held_at is None:
            return
        step = event.position() - self._held_at
        self._held_at = event.position()
        if self._is_panning:
            # At the target one pixel is this long, so the head stays under the pointer.
            half_height = np.tan(np.radians(self.orbit.field_of_view_deg) / 2) * self.orbit.distance_cm
            cm_per_px = 2 * half_height / max(1, height_px)
            self._look_from(self.orbit.panned(step.x() * cm_per_px, -step.y() * cm_per_px))
        else:
            self._look_from(self.orbit.turned(-step.x() * DEGREES_PER_PX, step.y() * DEGREES_PER_PX))

    def let_go(self) -> None:
        """End a drag."""
        self._held_at = None

    def wheel(self, event: QWheelEvent) -> None:
        """Go nearer or farther."""
        self._look_from(self.orbit.zoomed(ZOOM_PER_NOTCH ** (event.angleDelta().y() / 120)))

    def _look_from(self, orbit: Orbit) -> None:
        self.orbit = orbit
        self._touch()

    def _touch(self) -> None:
        self.is_stale = True
        self.redraw()


class Pointing:
    """Mixed into a viewport widget: hands the mouse to its stage."""

    stage: Stage

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        if event is not None:
            self.stage.press(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        if event is not None:
            self.stage.drag(event, self.height())  # type: ignore[attr-defined]

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        self.stage.let_go()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        self.stage.frame_head()

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: D102
        if event is not None:
            self.stage.wheel(event)


def _skin_of(bundle: ActorBundle) -> np.ndarray | None:
    """[H, W, 3] uint8 red-green-blue, or None for an actor without a skin."""
    if bundle.skin_path is None:
        return None
    return cv2.imread(str(bundle.skin_path), cv2.IMREAD_COLOR_RGB)

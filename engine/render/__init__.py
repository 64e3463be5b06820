"""Drawing the mesh with OpenGL 3.3, without a window system: live view, golden pictures, virtual actor.

Rule: a renderer is used on the thread that owns its OpenGL context, and only there.
"""

from engine.render.look import Lighting, Look, Shading
from engine.render.mesh_renderer import MeshRenderer
from engine.render.offscreen import Offscreen
from engine.render.studio import SoftBox, Studio
from engine.render.studio_renderer import StudioRenderer
from engine.render.surface import SmoothSurface
from engine.render.view import Orbit, View

__all__ = [
    "Lighting",
    "Look",
    "MeshRenderer",
    "Offscreen",
    "Orbit",
    "Shading",
    "SmoothSurface",
    "SoftBox",
    "Studio",
    "StudioRenderer",
    "View",
]

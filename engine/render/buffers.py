"""What a renderer keeps in OpenGL of a mesh: vertex buffers, index ranges, the skin's texture.

Rule: call everything here with the renderer's own context current.
"""

import ctypes
import os
import sys
from typing import Any

import numpy as np

if sys.platform.startswith("linux"):
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
from OpenGL import GL

from engine.mesh import Topology

gl: Any = GL
POSITION, NORMAL, UV, MATERIAL, OPACITY, ERROR = range(6)  # attribute places
_FADE_CM = 5.0  # the bust dissolves over this height above its cut


class MeshBuffers:
    """A mesh's vertices and triangles in one vertex array; a vertex is drawn once for each texture coordinate it has.

    Args:
        topology: What is drawn.
        normals: [V, 3] at rest.
    """

    def __init__(self, topology: Topology, normals: np.ndarray) -> None:
        corners = np.stack([topology.faces.ravel(), topology.uv_faces.ravel()], axis=1)
        drawn, corner_rows = np.unique(corners, axis=0, return_inverse=True)
        self.vertex_of = drawn[:, 0]
        self.triangles = corner_rows.reshape(-1, 3).astype(np.uint32)  # into the drawn vertices
        self._vao = int(gl.glGenVertexArrays(1))
        self._buffers = [int(name) for name in gl.glGenBuffers(8)]
        self._indices: list[int] = []
        self.bind()
        self.stream(POSITION, topology.neutral)
        self.stream(NORMAL, normals)
        self.keep(UV, topology.uv[drawn[:, 1]])

    def bind(self) -> None:
        """Draw from, and fill, this mesh from here on."""
        gl.glBindVertexArray(self._vao)

    def stream(self, attribute: int, values: np.ndarray) -> None:
        """Give an attribute that changes every frame: [V, n], mesh vertex by mesh vertex; bind first."""
        self._fill(attribute, values[self.vertex_of], gl.GL_STREAM_DRAW)

    def keep(self, attribute: int, values: np.ndarray) -> None:
        """Give an attribute that stays: [drawn vertices, n] or [drawn vertices]; bind first."""
        self._fill(attribute, values, gl.GL_STATIC_DRAW)

    def _fill(self, attribute: int, values: np.ndarray, usage: int) -> None:
        values = np.ascontiguousarray(values, np.float32)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self._buffers[attribute])
        gl.glBufferData(gl.GL_ARRAY_BUFFER, values.nbytes, values, usage)
        gl.glEnableVertexAttribArray(attribute)
        size = 1 if values.ndim == 1 else values.shape[1]
        gl.glVertexAttribPointer(attribute, size, gl.GL_FLOAT, False, 0, ctypes.c_void_p(0))

    def add_indices(self, indices: np.ndarray) -> "Indices":
        """Upload a list of drawn vertices: [n, 3] triangles or [n, 2] edges."""
        name = int(gl.glGenBuffers(1))
        self._indices.append(name)
        indices = np.ascontiguousarray(indices, np.uint32)
        gl.glBindVertexArray(0)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, name)
        gl.glBufferData(gl.GL_ELEMENT_ARRAY_BUFFER, indices.nbytes, indices, gl.GL_STATIC_DRAW)
        return Indices(name, indices.size, gl.GL_TRIANGLES if indices.shape[1] == 3 else gl.GL_LINES)

    def release(self) -> None:
        """Free them."""
        names = [*self._buffers, *self._indices]
        gl.glDeleteBuffers(len(names), names)
        gl.glDeleteVertexArrays(1, [self._vao])


class Indices:
    """Primitives of a mesh, uploaded.

    Args:
        name: OpenGL's.
        count: Of indices.
        kind: Triangles or lines.
    """

    def __init__(self, name: int, count: int, kind: int) -> None:
        self._name, self._count, self._kind = name, count, kind

    def draw(self) -> None:
        """Draw them from the bound mesh."""
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._name)
        gl.glDrawElements(self._kind, self._count, gl.GL_UNSIGNED_INT, None)


def base_opacity(topology: Topology) -> np.ndarray:
    """[V] float32: 0 at the bust's cut, 1 from a little above it."""
    height = np.clip((topology.neutral[:, 1] - topology.neutral[:, 1].min()) / _FADE_CM, 0, 1)
    return np.asarray(height * height * (3 - 2 * height), np.float32)


def bounding_sphere(topology: Topology) -> tuple[np.ndarray, float]:
    """Centre [3] float32 and radius, cm, with a little room for expressions."""
    centre = (topology.neutral.max(0) + topology.neutral.min(0)) / 2
    radius_cm = float(np.linalg.norm(topology.neutral - centre, axis=1).max()) * 1.05
    return np.asarray(centre, np.float32), radius_cm


def skin_texture(skin: np.ndarray) -> int:
    """Upload [H, W, 3 or 4] uint8 red-green-blue(-alpha), top row first, with its mipmaps."""
    name = int(gl.glGenTextures(1))
    gl.glBindTexture(gl.GL_TEXTURE_2D, name)
    gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
    pixels = np.ascontiguousarray(skin[::-1])
    height, width, channels = skin.shape
    stored, given = (gl.GL_RGB8, gl.GL_RGB) if channels == 3 else (gl.GL_RGBA8, gl.GL_RGBA)
    gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, stored, width, height, 0, given, gl.GL_UNSIGNED_BYTE, pixels)
    gl.glGenerateMipmap(gl.GL_TEXTURE_2D)
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR_MIPMAP_NEAREST)
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR)
    return name


def depth_texture(width_px: int, height_px: int) -> tuple[int, int]:
    """A depth texture that is compared when sampled, and the framebuffer that draws into it."""
    bound = gl.glGetIntegerv(gl.GL_DRAW_FRAMEBUFFER_BINDING)
    texture, framebuffer = int(gl.glGenTextures(1)), int(gl.glGenFramebuffers(1))
    gl.glBindTexture(gl.GL_TEXTURE_2D, texture)
    gl.glTexImage2D(
        gl.GL_TEXTURE_2D, 0, gl.GL_DEPTH_COMPONENT24, width_px, height_px, 0, gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT, None
    )
    for parameter, value in (
        (gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR),
        (gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR),
        (gl.GL_TEXTURE_WRAP_S, gl.GL_CLAMP_TO_EDGE),
        (gl.GL_TEXTURE_WRAP_T, gl.GL_CLAMP_TO_EDGE),
        (gl.GL_TEXTURE_COMPARE_MODE, gl.GL_COMPARE_REF_TO_TEXTURE),
        (gl.GL_TEXTURE_COMPARE_FUNC, gl.GL_LEQUAL),
    ):
        gl.glTexParameteri(gl.GL_TEXTURE_2D, parameter, value)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, framebuffer)
    gl.glFramebufferTexture2D(gl.GL_FRAMEBUFFER, gl.GL_DEPTH_ATTACHMENT, gl.GL_TEXTURE_2D, texture, 0)
    gl.glDrawBuffer(gl.GL_NONE)
    gl.glReadBuffer(gl.GL_NONE)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, bound)
    return texture, framebuffer

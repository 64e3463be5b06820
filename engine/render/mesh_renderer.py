"""Draws one actor's deforming mesh: the live view, the golden pictures and the virtual actor's frames.

Rule: construct, draw and release with the same current OpenGL 3.3 core context. Positions and normals are streamed
once a frame; everything else is uploaded once.
"""

import ctypes
import os
import sys
from typing import Any

import numpy as np

if sys.platform.startswith("linux"):
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
from OpenGL import GL

from engine.mesh import Topology, VertexNormals
from engine.render import shaders
from engine.render.look import Look, Shading
from engine.render.program import Program
from engine.render.view import View

gl: Any = GL
_SHADOW_SIZE_PX = 1024
_SHADINGS = tuple(Shading)
_WET_SETS = {"eyes": 1.0, "teeth": 0.75, "tongue": 0.6}  # gloss of what is moist
_FADE_CM = 5.0  # the bust dissolves over this height above its cut
_POSITION, _NORMAL, _UV, _MATERIAL, _OPACITY, _ERROR = range(6)


class MeshRenderer:
    """One actor's mesh in one OpenGL context.

    Args:
        topology: The actor's mesh.
        skin: [H, W, 3] uint8 red-green-blue, top row first; None draws `Shading.SKIN` as clay.
        occlusion: [V] float32 in 0..1, how open each vertex is to ambient light; None where it is in the texture.
    """

    def __init__(self, topology: Topology, skin: np.ndarray | None, occlusion: np.ndarray | None = None) -> None:
        self._normals_of = VertexNormals(topology.faces, topology.num_vertices)
        self._surfaces: dict[Shading, Program] = {}  # made when first drawn
        self._wire = Program(gl, shaders.WIRE_VERTEX, shaders.WIRE_FRAGMENT)
        self._depth = Program(gl, shaders.DEPTH_VERTEX, shaders.DEPTH_FRAGMENT)
        self._backdrop = Program(gl, shaders.BACKDROP_VERTEX, shaders.BACKDROP_FRAGMENT)
        self._has_skin = skin is not None
        self._has_errors = False

        # A vertex is drawn once for each texture coordinate it carries: seams get two.
        corners = np.stack([topology.faces.ravel(), topology.uv_faces.ravel()], axis=1)
        drawn, corner_rows = np.unique(corners, axis=0, return_inverse=True)
        self._vertex_of = drawn[:, 0]
        triangles = corner_rows.reshape(-1, 3).astype(np.uint32)
        edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
        edges = np.unique(edges, axis=0)
        self._num_indices, self._num_edge_indices = triangles.size, edges.size

        low = float(topology.neutral[:, 1].min())
        height = np.clip((topology.neutral[:, 1] - low) / _FADE_CM, 0, 1)
        self._opacity = (height * height * (3 - 2 * height)).astype(np.float32)
        material = np.zeros((topology.num_vertices, 2), np.float32)
        material[:, 1] = 1.0 if occlusion is None else occlusion
        for name, gloss in _WET_SETS.items():
            if name in topology.sets:
                material[topology.sets[name], 0] = gloss

        centre = (topology.neutral.max(0) + topology.neutral.min(0)) / 2
        self._centre = centre.astype(np.float32)
        self._radius_cm = float(np.linalg.norm(topology.neutral - centre, axis=1).max()) * 1.05

        self._vao = int(gl.glGenVertexArrays(1))
        self._empty_vao = int(gl.glGenVertexArrays(1))  # core profile draws nothing without one
        self._buffers = [int(name) for name in gl.glGenBuffers(8)]
        gl.glBindVertexArray(self._vao)
        self._fill(_POSITION, 3, topology.neutral[self._vertex_of], gl.GL_STREAM_DRAW)
        self._fill(_NORMAL, 3, self._normals_of(topology.neutral)[self._vertex_of], gl.GL_STREAM_DRAW)
        self._fill(_UV, 2, topology.uv[drawn[:, 1]])
        self._fill(_MATERIAL, 2, material[self._vertex_of])
        self._fill(_OPACITY, 1, self._opacity[self._vertex_of])
        self._fill(_ERROR, 1, np.zeros(len(drawn), np.float32), gl.GL_STREAM_DRAW)
        self._triangles, self._edges = self._buffers[6:]
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._edges)
        gl.glBufferData(gl.GL_ELEMENT_ARRAY_BUFFER, edges.nbytes, np.ascontiguousarray(edges), gl.GL_STATIC_DRAW)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._triangles)
        gl.glBufferData(gl.GL_ELEMENT_ARRAY_BUFFER, triangles.nbytes, triangles, gl.GL_STATIC_DRAW)
        gl.glBindVertexArray(0)
        self._skin = self._skin_texture(skin if skin is not None else np.full((1, 1, 3), 190, np.uint8))
        self._shadow_texture, self._shadow_framebuffer = self._shadow_map()

    def _fill(self, attribute: int, size: int, values: np.ndarray, usage: int | None = None) -> None:
        values = np.ascontiguousarray(values, np.float32)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self._buffers[attribute])
        gl.glBufferData(gl.GL_ARRAY_BUFFER, values.nbytes, values, usage or gl.GL_STATIC_DRAW)
        gl.glEnableVertexAttribArray(attribute)
        gl.glVertexAttribPointer(attribute, size, gl.GL_FLOAT, False, 0, ctypes.c_void_p(0))

    @staticmethod
    def _skin_texture(skin: np.ndarray) -> int:
        name = int(gl.glGenTextures(1))
        gl.glBindTexture(gl.GL_TEXTURE_2D, name)
        gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
        pixels = np.ascontiguousarray(skin[::-1])
        height, width = skin.shape[:2]
        gl.glTexImage2D(
            gl.GL_TEXTURE_2D, 0, gl.GL_RGB8, width, height, 0, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, pixels
        )  # fmt: skip
        gl.glGenerateMipmap(gl.GL_TEXTURE_2D)
        gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR_MIPMAP_NEAREST)
        gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR)
        return name

    @staticmethod
    def _shadow_map() -> tuple[int, int]:
        bound = gl.glGetIntegerv(gl.GL_DRAW_FRAMEBUFFER_BINDING)
        texture, framebuffer = int(gl.glGenTextures(1)), int(gl.glGenFramebuffers(1))
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture)
        gl.glTexImage2D(
            gl.GL_TEXTURE_2D, 0, gl.GL_DEPTH_COMPONENT24, _SHADOW_SIZE_PX, _SHADOW_SIZE_PX, 0,
            gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT, None,
        )  # fmt: skip
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

    def set_vertices(self, vertices: np.ndarray) -> None:
        """Pose the mesh: [V, 3] float32, cm."""
        gl.glBindVertexArray(self._vao)
        self._fill(_POSITION, 3, vertices[self._vertex_of], gl.GL_STREAM_DRAW)
        self._fill(_NORMAL, 3, self._normals_of(vertices)[self._vertex_of], gl.GL_STREAM_DRAW)
        gl.glBindVertexArray(0)

    def set_errors(self, errors_mm: np.ndarray | None) -> None:
        """Distances for `Shading.ERROR`: [V] float32, mm; None where the truth is not known (drawn as clay)."""
        self._has_errors = errors_mm is not None
        if errors_mm is not None:
            gl.glBindVertexArray(self._vao)
            self._fill(_ERROR, 1, errors_mm[self._vertex_of], gl.GL_STREAM_DRAW)
            gl.glBindVertexArray(0)

    def draw(self, view: View, look: Look, width_px: int, height_px: int) -> None:
        """Draw backdrop and mesh into the bound framebuffer."""
        lamps = (look.lighting.key, look.lighting.fill, look.lighting.rim)
        towards = np.array([lamp.towards for lamp in lamps], np.float32)
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        world_to_light = self._world_to_light(view.world_to_camera[:3, :3].T @ towards[0])
        has_shadow = look.lighting.has_shadow and look.shading is not Shading.NORMALS
        if has_shadow:
            self._draw_shadow(world_to_light)

        gl.glViewport(0, 0, width_px, height_px)
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glDepthFunc(gl.GL_LEQUAL)
        gl.glDisable(gl.GL_BLEND)
        if look.has_soft_base:  # what fades needs something to fade into; otherwise only bare pixels are painted
            self._draw_backdrop(look)
            gl.glEnable(gl.GL_BLEND)
            gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glEnable(gl.GL_CULL_FACE)
        for program in (self._wire, surface := self._surface_of(look.shading)):
            program.use()
            program.set("world_to_camera", view.world_to_camera)
            program.set("projection", view.projection)
        surface.set("error_range_mm", float(look.error_range_mm))
        surface.set("lamp_towards", towards)
        surface.set("lamp_colour", np.array([lamp.colour for lamp in lamps]))
        surface.set("sky", np.array(look.lighting.sky))
        surface.set("ground", np.array(look.lighting.ground))
        surface.set("has_shadow", int(has_shadow))
        surface.set("world_to_light", world_to_light)
        surface.set("skin", 0)
        surface.set("shadow", 1)
        gl.glActiveTexture(gl.GL_TEXTURE1)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self._shadow_texture)
        gl.glActiveTexture(gl.GL_TEXTURE0)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self._skin)
        gl.glBindVertexArray(self._vao)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._triangles)
        gl.glDrawElements(gl.GL_TRIANGLES, self._num_indices, gl.GL_UNSIGNED_INT, None)
        if look.has_wire:
            self._draw_wire()
        if not look.has_soft_base:
            self._draw_backdrop(look)
        gl.glBindVertexArray(0)
        gl.glDisable(gl.GL_CULL_FACE)
        gl.glDisable(gl.GL_BLEND)
        gl.glUseProgram(0)

    def _surface_of(self, shading: Shading) -> Program:
        is_without = (shading is Shading.SKIN and not self._has_skin) or (
            shading is Shading.ERROR and not self._has_errors
        )
        shown = Shading.CLAY if is_without else shading
        if shown not in self._surfaces:
            source = shaders.surface_fragment(_SHADINGS.index(shown))
            self._surfaces[shown] = Program(gl, shaders.SURFACE_VERTEX, source)
        return self._surfaces[shown]

    def _draw_backdrop(self, look: Look) -> None:
        self._backdrop.use()
        self._backdrop.set("centre_colour", np.array(look.backdrop[0]))
        self._backdrop.set("corner_colour", np.array(look.backdrop[1]))
        gl.glBindVertexArray(self._empty_vao)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)

    def _draw_wire(self) -> None:
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        self._wire.use()
        self._wire.set("colour", np.array([0.75, 0.90, 1.0, 0.28]))
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._edges)
        gl.glDrawElements(gl.GL_LINES, self._num_edge_indices, gl.GL_UNSIGNED_INT, None)

    def _draw_shadow(self, world_to_light: np.ndarray) -> None:
        bound = gl.glGetIntegerv(gl.GL_DRAW_FRAMEBUFFER_BINDING)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._shadow_framebuffer)
        gl.glViewport(0, 0, _SHADOW_SIZE_PX, _SHADOW_SIZE_PX)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
        self._depth.use()
        self._depth.set("world_to_light", world_to_light)
        gl.glBindVertexArray(self._vao)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._triangles)
        gl.glDrawElements(gl.GL_TRIANGLES, self._num_indices, gl.GL_UNSIGNED_INT, None)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, bound)

    def _world_to_light(self, towards: np.ndarray) -> np.ndarray:
        back = towards / np.linalg.norm(towards)
        right = np.cross([0.0, 1.0, 0.0], back)
        right /= max(float(np.linalg.norm(right)), 1e-6)
        basis = np.stack([right, np.cross(back, right), -back])
        matrix = np.eye(4, dtype=np.float32)
        matrix[:3, :3] = basis / self._radius_cm
        matrix[:3, 3] = -(basis @ self._centre) / self._radius_cm
        return matrix

    def release(self) -> None:
        """Free what lives on the GPU."""
        gl.glDeleteBuffers(len(self._buffers), self._buffers)
        gl.glDeleteVertexArrays(2, [self._vao, self._empty_vao])
        gl.glDeleteTextures([self._skin, self._shadow_texture])
        gl.glDeleteFramebuffers(1, [self._shadow_framebuffer])
        for program in (*self._surfaces.values(), self._wire, self._depth, self._backdrop):
            program.release()

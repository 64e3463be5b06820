"""Draws one actor's deforming mesh: the live view, the golden pictures and the virtual actor's frames.

Rule: construct, draw and release with the same current OpenGL 3.3 core context. Positions and normals are streamed
once a frame; everything else is uploaded once.
"""

import numpy as np

from engine.mesh import Topology, VertexNormals
from engine.render import shaders
from engine.render.buffers import (
    ERROR,
    MATERIAL,
    NORMAL,
    OPACITY,
    POSITION,
    MeshBuffers,
    base_opacity,
    bounding_sphere,
    depth_texture,
    gl,
    skin_texture,
)
from engine.render.look import Look, Shading
from engine.render.program import Program
from engine.render.view import View

_SHADOW_SIZE_PX = 1024
_SHADINGS = tuple(Shading)
_WET_SETS = {"eyes": 1.0, "teeth": 0.75, "tongue": 0.6}  # gloss of what is moist


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
        self._centre, self._radius_cm = bounding_sphere(topology)

        material = np.zeros((topology.num_vertices, 2), np.float32)
        material[:, 1] = 1.0 if occlusion is None else occlusion
        for name, gloss in _WET_SETS.items():
            if name in topology.sets:
                material[topology.sets[name], 0] = gloss
        self._empty_vao = int(gl.glGenVertexArrays(1))  # core profile draws nothing without one
        self._mesh = MeshBuffers(topology, self._normals_of(topology.neutral))
        self._mesh.keep(MATERIAL, material[self._mesh.vertex_of])
        self._mesh.keep(OPACITY, base_opacity(topology)[self._mesh.vertex_of])
        self._mesh.stream(ERROR, np.zeros(topology.num_vertices, np.float32))
        triangles = self._mesh.triangles
        edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
        self._triangles = self._mesh.add_indices(triangles)
        self._edges = self._mesh.add_indices(np.unique(edges, axis=0))
        self._skin = skin_texture(skin if skin is not None else np.full((1, 1, 3), 190, np.uint8))
        self._shadow_texture, self._shadow_framebuffer = depth_texture(_SHADOW_SIZE_PX, _SHADOW_SIZE_PX)

    def set_vertices(self, vertices: np.ndarray) -> None:
        """Pose the mesh: [V, 3] float32, cm."""
        self._mesh.bind()
        self._mesh.stream(POSITION, vertices)
        self._mesh.stream(NORMAL, self._normals_of(vertices))
        gl.glBindVertexArray(0)

    def set_errors(self, errors_mm: np.ndarray | None) -> None:
        """Distances for `Shading.ERROR` and `EXPECTED`: [V] float32, mm; None where nobody knows (drawn as clay)."""
        self._has_errors = errors_mm is not None
        if errors_mm is not None:
            self._mesh.bind()
            self._mesh.stream(ERROR, errors_mm)
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
        self._mesh.bind()
        self._triangles.draw()
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
            shading in (Shading.ERROR, Shading.EXPECTED) and not self._has_errors
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
        self._edges.draw()

    def _draw_shadow(self, world_to_light: np.ndarray) -> None:
        bound = gl.glGetIntegerv(gl.GL_DRAW_FRAMEBUFFER_BINDING)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._shadow_framebuffer)
        gl.glViewport(0, 0, _SHADOW_SIZE_PX, _SHADOW_SIZE_PX)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
        self._depth.use()
        self._depth.set("world_to_light", world_to_light)
        self._mesh.bind()
        self._triangles.draw()
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
        self._mesh.release()
        gl.glDeleteVertexArrays(1, [self._empty_vao])
        gl.glDeleteTextures([self._skin, self._shadow_texture])
        gl.glDeleteFramebuffers(1, [self._shadow_framebuffer])
        for program in (*self._surfaces.values(), self._wire, self._depth, self._backdrop):
            program.release()

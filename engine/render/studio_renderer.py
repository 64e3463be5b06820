"""Draws one actor as a studio camera sees it: soft shadows, wet eyes, round silhouettes.

Rule: construct, draw and release with the same current OpenGL 3.3 core context. `pose` once a frame, then `draw` once
for each camera.
"""

import math

import numpy as np

from engine.mesh import Topology
from engine.render import shaders, studio_shaders
from engine.render.buffers import (
    MATERIAL,
    NORMAL,
    POSITION,
    MeshBuffers,
    bounding_sphere,
    depth_texture,
    gl,
    skin_texture,
)
from engine.render.eyeballs import EYE_SETS
from engine.render.program import Program
from engine.render.sheen import with_sheen
from engine.render.studio import Studio
from engine.render.surface import SmoothSurface
from engine.render.view import View

_TILE_PX = 256
_NECK_ROOM = 1.2  # the shadows' reach beyond the head's own
_GLOSS = {"lips": 0.35, "teeth": 0.75, "tongue": 0.6}
_LUMINANCE = 0.2126, 0.7152, 0.0722
_DIFFUSE = 0.8  # what a white surface sends back of a lamp's light, as the shaders have it
_MATT_BELOW_CHIN_CM = 5.0  # further down is cloth
_HARD_SETS = ("teeth", *EYE_SETS)  # light does not wander under these


class StudioRenderer:
    """One actor in one studio, in one OpenGL context.

    Args:
        topology: The actor's mesh.
        skin: [H, W, 3] uint8 red-green-blue, top row first.
        studio: The light.
        is_gray: A monochrome camera: red, green and blue of the picture are all the luminance.
        px_per_cm: How large the head is drawn; what it is rounded for.
    """

    def __init__(
        self,
        topology: Topology,
        skin: np.ndarray,
        studio: Studio,
        is_gray: bool = False,
        px_per_cm: float = 50.0,
    ) -> None:
        self._studio, self._is_gray = studio, is_gray
        self._surface = SmoothSurface(topology, px_per_cm)
        smooth = self._surface.topology
        self._samples = samples = studio.samples()
        self._columns = math.ceil(math.sqrt(samples.count))
        self._rows = math.ceil(samples.count / self._columns)
        self._centre, self._radius_cm = _lit_sphere(topology)

        vertex = studio_shaders.vertex_source(samples.count, self._columns, self._rows)
        self._skin_program, self._eye_program = (
            Program(gl, vertex, studio_shaders.fragment_source(body, is_gray))
            for body in (studio_shaders.SURFACE_FRAGMENT, studio_shaders.EYE_FRAGMENT)
        )
        self._depth = Program(gl, studio_shaders.DEPTH_VERTEX, studio_shaders.DEPTH_FRAGMENT)
        self._backdrop = Program(gl, shaders.BACKDROP_VERTEX, studio_shaders.BACKDROP_FRAGMENT)
        self._empty_vao = int(gl.glGenVertexArrays(1))
        self._shadow_texture, self._shadow_framebuffer = depth_texture(self._columns * _TILE_PX, self._rows * _TILE_PX)

        self._mesh = MeshBuffers(smooth, self._surface(topology.neutral)[1])
        self._mesh.keep(MATERIAL, _material(smooth)[self._mesh.vertex_of])
        eye_of = np.zeros(smooth.num_vertices, int)
        for number, name in enumerate(EYE_SETS, 1):
            eye_of[smooth.sets.get(name, [])] = number
        part_of = eye_of[self._mesh.vertex_of][self._mesh.triangles[:, 0]]
        self._skin_triangles, *self._eye_triangles = (
            self._mesh.add_indices(self._mesh.triangles[part_of == part]) for part in range(len(EYE_SETS) + 1)
        )
        # Shadows need no rounding: the mesh itself casts them.
        self._caster = MeshBuffers(topology, np.zeros((topology.num_vertices, 3), np.float32))
        self._caster_triangles = self._caster.add_indices(self._caster.triangles)
        self._skin = skin_texture(with_sheen(topology, skin))

    def pose(self, vertices: np.ndarray, head_to_studio: np.ndarray) -> None:
        """Place the actor: what `draw` shows until the next call.

        Args:
            vertices: [V, 3] float32, cm, head-stabilised.
            head_to_studio: [4, 4], rigid.
        """
        positions, normals = self._surface(vertices)
        self._eyes = self._surface.eyeballs(vertices)
        self._mesh.bind()
        self._mesh.stream(POSITION, positions)
        self._mesh.stream(NORMAL, normals)
        self._caster.bind()
        self._caster.stream(POSITION, vertices)
        self._head_to_studio = head_to_studio
        to_head = head_to_studio[:3, :3].T
        self._towards = self._samples.towards @ to_head.T
        frames = np.stack([box.frame for box in self._studio.boxes]) @ to_head.T  # [3 boxes, 3 axes, 3]
        self._box_frames = frames
        self._axes = np.stack([_axes(towards) for towards in self._towards])
        self._draw_depths()

    def _draw_depths(self) -> None:
        bound = gl.glGetIntegerv(gl.GL_DRAW_FRAMEBUFFER_BINDING)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._shadow_framebuffer)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glDepthFunc(gl.GL_LEQUAL)
        gl.glEnable(gl.GL_CULL_FACE)
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
        self._caster.bind()
        self._depth.use()
        self._depth.set("centre", self._centre)
        for index, axes in enumerate(self._axes):
            row, column = divmod(index, self._columns)
            gl.glViewport(column * _TILE_PX, row * _TILE_PX, _TILE_PX, _TILE_PX)
            self._depth.set("axes", axes / self._radius_cm)
            self._caster_triangles.draw()
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, bound)

    def draw(self, view: View, width_px: int, height_px: int, exposure: float = 1.0) -> None:
        """Draw the posed actor and the backdrop into the bound framebuffer.

        Args:
            view: The camera in the studio.
            width_px: Of the picture.
            height_px: Of the picture.
            exposure: Factor on the studio's own, linear.
        """
        exposure *= self._studio.exposure
        head_to_camera = view.world_to_camera @ self._head_to_studio
        eye_point = -head_to_camera[:3, :3].T @ head_to_camera[:3, 3]
        gl.glViewport(0, 0, width_px, height_px)
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glDepthFunc(gl.GL_LEQUAL)
        gl.glEnable(gl.GL_CULL_FACE)
        for program in (self._skin_program, self._eye_program):
            program.use()
            program.set("head_to_camera", head_to_camera)
            program.set("projection", view.projection)
            program.set("eye_point", eye_point)
            program.set("exposure", float(exposure))
            self._set_light(program)
        # Nearest first, so that no pixel is shaded for nothing.
        gl.glActiveTexture(gl.GL_TEXTURE1)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self._shadow_texture)
        gl.glActiveTexture(gl.GL_TEXTURE0)
        gl.glBindTexture(gl.GL_TEXTURE_2D, self._skin)
        self._mesh.bind()
        self._skin_program.use()
        self._skin_triangles.draw()
        self._eye_program.use()
        self._set_boxes(self._eye_program)
        for eye, triangles in zip(self._eyes, self._eye_triangles, strict=False):
            self._eye_program.set("gaze", eye.gaze)
            triangles.draw()
        self._draw_backdrop(exposure)
        gl.glBindVertexArray(0)
        gl.glUseProgram(0)

    def _set_light(self, program: Program) -> None:
        shares = np.zeros((self._samples.count, 3), np.float32)
        for group, box in enumerate(self._studio.boxes):
            shares[self._samples.groups == group, group] = 1 / box.num_samples
        program.set("centre", self._centre)
        program.set("radius_cm", self._radius_cm)
        program.set("light_right", self._axes[:, 0] / self._radius_cm)
        program.set("light_up", self._axes[:, 1] / self._radius_cm)
        program.set("light_towards", self._towards)
        program.set("light_colour", self._samples.colours)
        program.set("light_group", shares)
        program.set("lamp_towards", self._box_frames[:, 2])
        program.set("lamp_colour", np.array([box.colour for box in self._studio.boxes]))
        program.set("skin", 0)
        program.set("shadows", 1)

    def _set_boxes(self, program: Program) -> None:
        halves = np.array([box.half_size for box in self._studio.boxes])
        program.set("box_right", self._box_frames[:, 0] / halves[:, :1])
        program.set("box_up", self._box_frames[:, 1] / halves[:, 1:])
        for index, (half_width, half_height) in enumerate(halves):
            program.set(f"box_glow[{index}]", float(_DIFFUSE * math.pi / (4 * half_width * half_height)))

    def _draw_backdrop(self, exposure: float) -> None:
        self._backdrop.use()
        for name, colour in zip(("centre_colour", "corner_colour"), self._studio.backdrop, strict=True):
            seen = np.full(3, np.dot(colour, _LUMINANCE)) if self._is_gray else np.asarray(colour)
            self._backdrop.set(name, seen * exposure ** (1 / 2.4))
        gl.glBindVertexArray(self._empty_vao)
        gl.glDisable(gl.GL_CULL_FACE)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)

    def release(self) -> None:
        """Free what lives on the GPU."""
        self._mesh.release()
        self._caster.release()
        gl.glDeleteVertexArrays(1, [self._empty_vao])
        gl.glDeleteTextures([self._skin, self._shadow_texture])
        gl.glDeleteFramebuffers(1, [self._shadow_framebuffer])
        for program in (self._skin_program, self._eye_program, self._depth, self._backdrop):
            program.release()


def _axes(towards: np.ndarray) -> np.ndarray:
    """[3, 3] rows: right, up and direction of a lamp."""
    right = np.cross([0.0, 1.0, 0.0], towards)
    right /= max(float(np.linalg.norm(right)), 1e-6)
    return np.stack([right, np.cross(towards, right), towards])


def _lit_sphere(topology: Topology) -> tuple[np.ndarray, float]:
    """Centre and radius of what casts shadows: the head and some of the neck; what lies outside is lit."""
    if "face" not in topology.sets:
        return bounding_sphere(topology)
    chin = topology.neutral[topology.sets["face"], 1].min()
    head = topology.neutral[topology.neutral[:, 1] >= chin]
    centre = (head.max(0) + head.min(0)) / 2
    return centre, float(np.linalg.norm(head - centre, axis=1).max()) * _NECK_ROOM


def _material(topology: Topology) -> np.ndarray:
    """[V, 3] gloss, how far light wanders under the surface, and how much of the sheen shows."""
    material = np.ones((topology.num_vertices, 3), np.float32)
    material[:, 0] = 0
    for name, gloss in _GLOSS.items():
        material[topology.sets.get(name, []), 0] = gloss
    for name in _HARD_SETS:
        material[topology.sets.get(name, []), 1] = 0
    if "face" in topology.sets:
        chin = topology.neutral[topology.sets["face"], 1].min()
        material[:, 2] = np.clip((topology.neutral[:, 1] - chin + _MATT_BELOW_CHIN_CM) / _MATT_BELOW_CHIN_CM, 0, 1)
    return material

"""A linked GLSL program and its uniforms."""

from typing import Any

import numpy as np

from engine.errors import BackendError


class Program:
    """Compiled for the current context.

    Args:
        gl: The `OpenGL.GL` module.
        vertex: GLSL source.
        fragment: GLSL source.

    Raises:
        BackendError: The driver refuses the source.
    """

    def __init__(self, gl: Any, vertex: str, fragment: str) -> None:
        self._gl = gl
        self._name = gl.glCreateProgram()
        shaders = []
        for kind, source in ((gl.GL_VERTEX_SHADER, vertex), (gl.GL_FRAGMENT_SHADER, fragment)):
            shader = gl.glCreateShader(kind)
            gl.glShaderSource(shader, source.strip())
            gl.glCompileShader(shader)
            if not gl.glGetShaderiv(shader, gl.GL_COMPILE_STATUS):
                self._refused(gl.glGetShaderInfoLog(shader))
            gl.glAttachShader(self._name, shader)
            shaders.append(shader)
        gl.glLinkProgram(self._name)
        if not gl.glGetProgramiv(self._name, gl.GL_LINK_STATUS):
            self._refused(gl.glGetProgramInfoLog(self._name))
        for shader in shaders:
            gl.glDeleteShader(shader)
        self._places: dict[str, int] = {}

    @staticmethod
    def _refused(log: bytes) -> None:
        raise BackendError(f"This OpenGL driver refuses a shader: {log.decode()[:200]}.", "Update the graphics driver.")

    def use(self) -> None:
        """Draw with this program from here on."""
        self._gl.glUseProgram(self._name)

    def set(self, name: str, value: int | float | np.ndarray) -> None:
        """Set one uniform: an int, a float, [3], [4], [n, 3] or [4, 4]."""
        gl = self._gl
        if name not in self._places:
            self._places[name] = gl.glGetUniformLocation(self._name, name)
        place = self._places[name]
        if isinstance(value, np.ndarray):
            value = np.ascontiguousarray(value, np.float32)
            if value.shape == (4, 4):
                gl.glUniformMatrix4fv(place, 1, gl.GL_TRUE, value)
            elif value.shape == (4,):
                gl.glUniform4fv(place, 1, value)
            else:
                gl.glUniform3fv(place, value.size // 3, value)
        elif isinstance(value, int):
            gl.glUniform1i(place, value)
        else:
            gl.glUniform1f(place, value)

    def release(self) -> None:
        """Free it."""
        self._gl.glDeleteProgram(self._name)

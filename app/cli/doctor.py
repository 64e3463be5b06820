"""`livedouble doctor`: what this machine has, what works and what to do about the rest.

Rule: it looks and tells; it opens cameras for a moment, and changes nothing.
"""

import ctypes
import os
import sys
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.console import DEMO_CLIP, JsonOption, actor_folder, check_can_write, out, write_json
from app.cli.doctor_extras import Extra, optional_extras, tell_extras
from engine.backends import BackendStatus, backend_report
from engine.bundle import ActorBundle
from engine.cameras import device_paths, open_camera
from engine.errors import LiveDoubleError
from engine.gpu.kernel import supported_architectures
from engine.machine import MachineFacts, machine_facts
from engine.render.offscreen import Offscreen
from engine.shots import Shot

_PACKAGES = (
    "livedouble", "numpy", "scipy", "opencv-python-headless", "av", "onnxruntime", "openvino", "PyQt6", "pyqtgraph",
    "PyOpenGL", "torch", "onnx", "anny", "tensorrt", "tensorrt_rtx", "cuda-bindings",
    "nvidia-cuda-nvrtc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: What it is.
        is_working: Whether it can be used.
        said: What it is, or why it cannot be used.
        advice: What to do; empty where nothing needs doing.
    """

    name: str
    is_working: bool
    said: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the JSON file says."""

    is_ready: bool  # the demo can run, with or without a window
    machine: MachineFacts
    backends: tuple[BackendStatus, ...]
    opengl: Finding
    display: Finding
    actor: Finding
    clip: Finding
    cameras: tuple[Finding, ...]
    gpu_pictures: Finding | None  # whether the GPU can prepare pictures itself; None where there is none
    extras: tuple[Extra, ...]
    versions: dict[str, str]
    advice: tuple[str, ...]


def doctor(json_file: JsonOption = None) -> None:
    """Say what this machine has, what works and what to do about the rest.

    Leaves with exit code 0 when the demo can run here, otherwise with 1.

    Example: livedouble doctor --json machine.json
    """
    if json_file is not None:
        check_can_write(json_file)
    diagnosis = diagnose()
    _tell(diagnosis)
    if json_file is not None:
        write_json(json_file, diagnosis)
    if not diagnosis.is_ready:
        raise typer.Exit(1)


def diagnose() -> Diagnosis:
    """Look at everything."""
    opengl, (actor, bundle), clip = _opengl(), _actor(), _clip()
    backends = tuple(backend_report(bundle))
    needed = [opengl, actor, clip]
    if not any(backend.is_usable for backend in backends):
        reasons = "; ".join(f"{backend.name}: {backend.reason}" for backend in backends)
        needed.append(Finding("backends", False, reasons, "Install LiveDouble again: make install."))
    return Diagnosis(
        is_ready=all(finding.is_working for finding in needed),
        machine=machine_facts(),
        backends=backends,
        opengl=opengl,
        display=_display(),
        actor=actor,
        clip=clip,
        cameras=tuple(_camera(path) for path in device_paths()),
        gpu_pictures=_gpu_pictures() if machine_facts().gpu.names else None,
        extras=optional_extras(),
        versions=_versions(),
        advice=tuple(finding.advice for finding in needed if not finding.is_working),
    )


def _opengl() -> Finding:
    try:
        with Offscreen(16, 16) as offscreen:
            return Finding("OpenGL", True, f"{offscreen.gl_renderer}, OpenGL {offscreen.gl_version}")
    except LiveDoubleError as error:
        return Finding("OpenGL", False, error.reason, error.recovery)


def _actor() -> tuple[Finding, ActorBundle | None]:
    try:
        bundle = ActorBundle.open(actor_folder("demo"))
    except LiveDoubleError as error:
        return Finding("demo actor", False, error.reason, error.recovery), None
    int8 = f", in int8 up to {bundle.int8.worst_mm:.2f} mm from float32" if bundle.int8 else ""
    said = f"whole, {bundle.topology.num_vertices:,} vertices, made {bundle.facts.created}{int8}"
    return Finding("demo actor", True, said), bundle


def _clip() -> Finding:
    try:
        facts = Shot.open(DEMO_CLIP).facts
    except LiveDoubleError as error:
        return Finding("demo clip", False, error.reason, "Install LiveDouble again from a whole copy.")
    return Finding("demo clip", True, f"whole, {facts.num_frames} frames")


def _gpu_pictures() -> Finding:
    name = "pictures on GPU"
    try:
        supported_architectures()
    except LiveDoubleError as error:
        return Finding(name, False, f"{error.reason} {error.recovery}", error.recovery)
    return Finding(name, True, "our kernel is compiled for the GPU when it is needed")


def _display() -> Finding:
    headless = "Nothing to do: without a display `livedouble demo` writes a movie."
    if not sys.platform.startswith("linux"):
        return Finding("display", True, "the desktop's")
    wayland, name = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if wayland and (Path(os.environ.get("XDG_RUNTIME_DIR", "")) / wayland).exists():
        return Finding("display", True, f"Wayland {wayland}")
    if not name:
        return Finding("display", False, "none (neither DISPLAY nor WAYLAND_DISPLAY is set)", headless)
    if not _is_x_answering(name):
        return Finding("display", False, f"DISPLAY is {name}, but nothing answers there", headless)
    return Finding("display", True, f"X11 {name}")


def _is_x_answering(name: str) -> bool:
    # Asked directly: Qt ends the whole process when a display does not answer.
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(name.encode())
    if display:
        x11.XCloseDisplay(ctypes.c_void_p(display))
    return bool(display)


def _camera(path: str) -> Finding:
    camera = open_camera(path)
    try:
        with closing(camera):
            camera.open()
            facts = camera.facts
    except LiveDoubleError as error:
        return Finding(path, False, error.reason, error.recovery)
    rate = f" at {float(facts.rate):g} frames/s" if facts.rate else ""
    return Finding(path, True, f"{facts.width_px}x{facts.height_px}{rate}")


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _tell(diagnosis: Diagnosis) -> None:
    machine, gpu = diagnosis.machine, diagnosis.machine.gpu
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")

    def row(name: str, is_working: bool | None, said: str) -> None:
        table.add_row(name, {True: "[green]works[/]", False: "[yellow]no[/]", None: ""}[is_working], escape(said))

    row("processor", None, f"{machine.processor}, {machine.num_cores} cores ({' '.join(machine.features)})")
    row("memory", None, f"{machine.memory_mib / 1024:.1f} GiB" if machine.memory_mib else "unknown")
    gpus = zip(gpu.names, gpu.memory_mib, strict=True)
    named = ", ".join(f"{name} ({memory_mib / 1024:.0f} GiB)" for name, memory_mib in gpus)
    row("NVIDIA GPU", bool(gpu.names), f"{named}, driver for CUDA {gpu.driver_cuda}" if gpu.names else gpu.reason)
    for backend in diagnosis.backends:
        said = f"{backend.version}, {', '.join(backend.precisions)}" if backend.is_usable else backend.reason
        row(backend.name, backend.is_usable, said)
    findings = (diagnosis.opengl, diagnosis.display, diagnosis.actor, diagnosis.clip, *diagnosis.cameras)
    for finding in (*findings, *([diagnosis.gpu_pictures] if diagnosis.gpu_pictures else [])):
        row(finding.name, finding.is_working, finding.said)
    if not diagnosis.cameras:
        row("cameras", False, "none found; movies work as cameras: --camera movie:PATH")
    row("system", None, f"{machine.system}, Python {machine.python}")
    row("versions", None, ", ".join(f"{name} {number}" for name, number in diagnosis.versions.items()))
    out.print(table)
    out.print()
    tell_extras(diagnosis.extras)
    out.print()
    if diagnosis.is_ready:
        out.print("The demo can run: livedouble demo")
    else:
        out.print("The demo cannot run yet. What to do:")
        for advice in diagnosis.advice:
            out.print(f"  {advice}", soft_wrap=True, markup=False)

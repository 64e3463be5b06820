"""Make sure of what pip cannot install: Python itself, venv, and the libraries Qt and OpenGL load.

Run by the Makefile before everything else, with the system's python3 and nothing installed: so it uses only the
standard library and a syntax that an old Python can read, to be able to say that it is too old.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys

OLDEST_PYTHON = (3, 11)

# (what the loader looks for, the Debian and Ubuntu package that holds it). Newer Ubuntus rename some packages to
# ...t64; apt-get resolves the old name by itself.
LIBRARIES = [
    ("libglib-2.0.so.0", "libglib2.0-0"),
    ("libGL.so.1", "libgl1"),
    ("libEGL.so.1", "libegl1"),
    ("libdbus-1.so.3", "libdbus-1-3"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libxcb-cursor.so.0", "libxcb-cursor0"),
    ("libxcb-icccm.so.4", "libxcb-icccm4"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    ("libxcb-shape.so.0", "libxcb-shape0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
]
# Tests of the real window use these under a virtual display, and skip by themselves without them.
TEST_PROGRAMS = [("Xvfb", "xvfb"), ("xdotool", "xdotool"), ("import", "imagemagick")]


def is_loadable(library):
    """Whether the dynamic loader finds and opens it."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages():
    """Debian names of what the application cannot start without."""
    packages = [package for library, package in LIBRARIES if not is_loadable(library)]
    # Debian splits these off: python3 is there, `python3 -m venv` is not.
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        packages.append("python3-venv")
    return packages


def install(packages):
    """Install as root with apt-get; false where that is not possible or failed."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print("Installing system packages: " + " ".join(packages), flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["update"], ["install", "-y", "--no-install-recommends"] + packages):
        if subprocess.call(["apt-get", "-qq"] + command, env=environment, stdin=subprocess.DEVNULL) != 0:
            return False
    return True


def line_to_run(packages):
    """What a person types who may become root."""
    return "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(packages)


def main(arguments):
    """Return the exit code: 0 when everything needed is there."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        wanted, found = ".".join(map(str, OLDEST_PYTHON)), ".".join(map(str, sys.version_info[:3]))
        print("LiveDouble needs Python " + wanted + " or newer; " + sys.executable + " is " + found + ".")
        print("Install a newer one and name it: make demo PYTHON=python3.12")
        return 1
    needed = missing_packages()
    for_tests = [package for program, package in TEST_PROGRAMS if shutil.which(program) is None]
    wanted = needed + (for_tests if "--tests" in arguments else [])
    if not wanted or install(wanted):
        needed = missing_packages()
        if needed:
            print(
                "Installed, but still not loadable: "
                + " ".join(needed)
                + ". Please report this with your system's name."
            )
        return 1 if needed else 0
    if needed:
        print("System packages are missing. Run this one line, then the same make again:")
        print("  " + line_to_run(wanted))
        return 1
    print("Tests of the real window will be skipped; to run them as well: " + line_to_run(wanted))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

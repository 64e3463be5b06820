"""Does every line know its room?"""

import ast
import re
from pathlib import Path

import pytest

from tests.house.repository import calls, modules

_BROAD = {"Exception", "BaseException"}


def _places(name: str) -> list[str]:
    return [f"{path}:{line}" for path, tree in modules().items() for line, called in calls(tree) if called == name]


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(
        isinstance(part, ast.Name) and part.id in _BROAD for part in ast.walk(handler.type)
    )


def test_threads_are_born_in_the_worker_and_nowhere_else() -> None:
    born = _places("threading.Thread") + _places("Thread")
    assert [place.split(":")[0] for place in born] == ["engine/worker.py"], born


def test_everything_is_caught_in_two_places_only() -> None:
    broad = [
        f"{path}:{node.lineno}"
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]
    assert sorted({place.split(":")[0] for place in broad}) == ["app/jobs.py", "engine/worker.py"], broad
    assert len(broad) == 2, broad


def test_nothing_sleeps() -> None:
    assert _places("time.sleep") + _places("sleep") + _places("QThread.msleep") == []


def test_only_the_command_line_prints() -> None:
    printing = [place for place in _places("print") if not place.startswith("app/cli/")]
    assert printing == []


@pytest.mark.parametrize(
    ("pattern", "homes"),
    [
        (r"\.?InferenceSession$", ("engine/onnx_runtime.py",)),
        (r"\.compile_model$", ("engine/backends",)),
        (r"^optimi[sz]er\.step$", ("training/loop.py", "training/head_learning.py")),
        (r"^torch\.onnx\.export$", ("export/network",)),
        (r"^gl\.gl[A-Z]|^gl[A-Z]\w+$", ("engine/render", "app/viewport")),
        (r"VideoCapture$", ("engine/cameras",)),
    ],
)
def test_a_line_stands_in_its_room(pattern: str, homes: tuple[str, ...]) -> None:
    strays = [
        f"{path}:{line} {called}"
        for path, tree in modules().items()
        for line, called in calls(tree)
        if re.search(pattern, called) and not str(path).startswith(homes)
    ]
    assert strays == []


def test_ray_is_known_in_one_file() -> None:
    knowing = [
        f"{path}:{node.lineno}"
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "ray" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ray")
        or (isinstance(node, ast.Call) and any(isinstance(a, ast.Constant) and a.value == "ray" for a in node.args))
    ]
    assert {place.split(":")[0] for place in knowing} == {"app/cli/solve_ray.py"}, knowing


def test_no_function_takes_keywords_it_does_not_name() -> None:
    catching = [
        f"{path}:{node.lineno}"
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.args.kwarg is not None
    ]
    assert catching == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [str(path) for path, tree in modules().items() if not ast.get_docstring(tree)]
    assert silent == []


def test_no_file_takes_the_name_of_a_library_it_wraps() -> None:
    taken = {"onnx", "onnxruntime", "openvino", "tensorrt", "torch", "numpy", "cv2", "av", "typer", "rich", "pyqtgraph"}
    assert [str(path) for path in modules() if path.stem in taken] == []


def test_the_rooms_are_found_at_all() -> None:
    assert {path.parts[0] for path in modules()} == {"engine", "training", "export", "app"}
    assert Path("engine/frames.py") in modules()

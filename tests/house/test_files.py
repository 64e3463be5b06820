"""What the repository holds, and what it must not."""

import json
import re
import stat

import pytest

from tests.house.repository import ROOT, text_files, tracked_files

_TOP = {
    "app", "docs", "engine", "export", "tests", "training",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml",
}  # fmt: skip
# Put together here so that this file does not name them itself.
_REGISTRY = re.compile("|".join(["python" + "hosted", "py" + r"pi\.org", "/sim" + "ple/", r"registry\.n" + "pmjs"]))
_MACHINE_PATH = re.compile("(?<![A-Za-z0-9_.~])/(?:wo" + "rk|ro" + "ot|ho" + "me|farm|Us" + "ers)/")
_MEBIBYTE = 1 << 20


def test_the_top_level_holds_only_what_it_should() -> None:
    top = {path.parts[0] for path in tracked_files()}
    assert {name for name in top if not name.startswith(".")} - _TOP == set()


@pytest.mark.parametrize("name", sorted(_TOP))
def test_the_top_level_is_complete(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("pattern", [_REGISTRY, _MACHINE_PATH], ids=["registry hosts", "paths of one machine"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    named = [
        f"{path}:{number}"
        for path, text in text_files().items()
        if path.name != "LICENSE"
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert named == []


def test_the_licence_is_the_gnu_general_public_licence_version_3() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 3, 29 June 2007" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_demo_actor_and_its_clip_stay_small() -> None:
    for folder, limit in (("app/demo/actor", 25 * _MEBIBYTE), ("app/demo/clip", 5 * _MEBIBYTE)):
        sizes = [(ROOT / path).stat().st_size for path in tracked_files() if str(path).startswith(folder + "/")]
        assert 0 < sum(sizes) < limit, folder


def test_no_other_file_is_large() -> None:
    large = [
        str(path)
        for path in tracked_files()
        if not str(path).startswith("app/demo/") and (ROOT / path).stat().st_size > _MEBIBYTE
    ]
    assert large == []


def test_the_continuous_check_can_be_run() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & stat.S_IXUSR


def test_the_demo_actor_carries_what_it_was_measured_by() -> None:
    facts = json.loads((ROOT / "app/demo/actor/bundle.json").read_text("utf-8"))
    metrics = facts["metrics"]
    assert {"rmse_mm", "mean_face_rmse_mm", "lips_mm", "attenuation", "jitter_mm", "closure_f1"} <= metrics.keys()
    assert metrics["rmse_mm"] < 0.5 * metrics["mean_face_rmse_mm"]
    assert facts["network"]["has_errors"]

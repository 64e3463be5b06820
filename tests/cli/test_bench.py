"""`livedouble bench`, as a user types it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import bench
from app.cli.console import UsageError
from engine.exit_codes import EXIT_INTERRUPTED
from tests.cli.command_line import SCRIPT, assert_one_clear_line, livedouble
from tests.house.repository import ROOT

_LONG = 3000  # frames in a batch that takes its time
_QUICK = ("--seconds", "0", "--no-cold-start", "--backend", "onnxruntime", "--precision", "float32")


def test_the_table_stands_beside_the_papers_figures(actor: Path, tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    outcome = livedouble("bench", "--actor", actor, "--batch", "1,200", "--json", report, *_QUICK)
    assert outcome.code == 0, outcome.err
    assert "287" in outcome.out
    assert "870" in outcome.out
    values = json.loads(report.read_text("utf-8"))
    assert [one["batch"] for one in values["results"]] == [1, 200]
    assert {"backend", "precision", "batch", "fps", "p50_ms", "p95_ms", "p99_ms"} <= values["results"][0].keys()
    assert (values["paper"]["online_fps"], values["paper"]["batched_fps"]) == (287.0, 870.0)
    assert values["machine"]["processor"]


@pytest.mark.parametrize(("text", "expected"), [("1,200", (1, 200)), ("8", (8,)), ("1, 2 ,4", (1, 2, 4))])
def test_batches_are_whole_numbers(text: str, expected: tuple[int, ...]) -> None:
    assert bench.parse_batches(text) == expected


@pytest.mark.parametrize("text", ["", "0", "1,", "1,-2", "many", "1.5"])
def test_other_batches_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="batches"):
        bench.parse_batches(text)


def test_a_batch_that_is_none_is_one_line(actor: Path) -> None:
    assert_one_clear_line(livedouble("bench", "--actor", actor, "--batch", "many"), "many", "1,200")


def test_a_missing_actor_is_one_line(tmp_path: Path) -> None:
    assert_one_clear_line(livedouble("bench", "--actor", tmp_path / "nobody"), "nobody")


def test_a_backend_that_cannot_run_here_is_one_line_with_the_reason(actor: Path) -> None:
    outcome = livedouble("bench", "--actor", actor, "--backend", "onnxruntime", "--precision", "bfloat16")
    assert_one_clear_line(outcome, "onnxruntime", "bfloat16")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_stopped_keeps_what_was_measured(actor: Path, tmp_path: Path, number: int) -> None:
    report = tmp_path / "bench.json"
    command = ["bench", "--actor", str(actor), "--batch", f"1,{_LONG}", "--json", str(report), *_QUICK]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    assert any(f"batch {_LONG}" in line for line in process.stderr)
    process.send_signal(number)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == EXIT_INTERRUPTED
    assert [one["batch"] for one in json.loads(report.read_text("utf-8"))["results"]] == [1]
    assert f"'batch {_LONG}' on: it was stopped" in shown


def test_a_page_holds_the_same_figures_as_the_json(actor: Path, tmp_path: Path) -> None:
    page, report = tmp_path / "bench.html", tmp_path / "bench.json"
    outcome = livedouble("bench", "--actor", actor, "--batch", "1", "--json", report, "--html", page, *_QUICK)
    assert outcome.code == 0, outcome.err
    told = json.loads(report.read_text("utf-8"))
    assert json.dumps([told]).replace("<", "\\u003c") in page.read_text("utf-8")
    assert told["command"].startswith("livedouble bench --actor")
    assert all(f"not measured: {words}" in outcome.out for words in told["absent"])


def _report(path: Path, processor: str, fps: float) -> Path:
    values = json.loads((ROOT / "docs/benchmarks/cpu-2-cores-epyc.json").read_text("utf-8"))
    values["machine"]["processor"] = processor
    values["results"][0]["fps"] = fps
    path.write_text(json.dumps(values), "utf-8")
    return path


def test_reports_of_several_machines_are_compared_without_measuring(tmp_path: Path) -> None:
    files = [_report(tmp_path / "a.json", "Abacus", 12.3), _report(tmp_path / "b.json", "Big Iron", 45.6)]
    outcome = livedouble("bench", "--compare", *files, "--html", tmp_path / "both.html")
    assert outcome.code == 0, outcome.err
    first = next(line for line in outcome.out.splitlines() if "bfloat16" in line)
    assert first.split() == ["openvino", "bfloat16", "1", "12.3", "45.6"]
    assert "A: Abacus" in outcome.out
    assert "Big Iron" in (tmp_path / "both.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "not JSON"), ("[]", "no"), ('{"results": []}', "not a report"), (None, "cannot be read")],
)
def test_a_file_that_is_no_report_is_one_line(tmp_path: Path, content: str | None, says: str) -> None:
    other = tmp_path / "other.json"
    if content is not None:
        other.write_text(content, "utf-8")
    good = _report(tmp_path / "a.json", "Abacus", 1.0)
    assert_one_clear_line(livedouble("bench", "--compare", good, other), "other.json", says)


def test_a_report_of_a_later_version_is_one_line(tmp_path: Path) -> None:
    good, later = _report(tmp_path / "a.json", "A", 1.0), tmp_path / "later.json"
    later.write_text(json.dumps({**json.loads(good.read_text("utf-8")), "schema": 99}), "utf-8")
    assert_one_clear_line(livedouble("bench", "--compare", good, later), "later.json", "99")


def test_a_page_never_takes_the_place_of_a_report(tmp_path: Path) -> None:
    files = [_report(tmp_path / "a.json", "A", 1.0), _report(tmp_path / "b.json", "B", 1.0)]
    assert_one_clear_line(livedouble("bench", "--compare", *files, "--html", files[0]), "a.json", "being read")


def test_files_without_compare_and_compare_without_files_are_one_line(tmp_path: Path) -> None:
    good = _report(tmp_path / "a.json", "A", 1.0)
    assert_one_clear_line(livedouble("bench", good), "--compare")
    assert_one_clear_line(livedouble("bench", "--compare", good), "two")

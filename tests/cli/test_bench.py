"""`livedouble bench`, as a user types it."""

import json
from pathlib import Path

import pytest

from app.cli import bench
from app.cli.console import UsageError
from tests.cli.command_line import assert_one_clear_line, livedouble

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
    outcome = livedouble("bench", "--actor", actor, "--backend", "onnxruntime", "--precision", "int8")
    assert_one_clear_line(outcome, "onnxruntime", "int8")

"""`livedouble train`, `export` and `evaluate`, as a user types them, with the network at its full size."""

import json
import os
import signal
import subprocess
import sys

import pytest

from app.cli import evaluate_table
from app.cli.main import main
from engine.bundle import ActorBundle
from tests.cli.command_line import assert_one_clear_line, livedouble
from tests.training.tiny_data import write_tiny_data
from training.checkpoint import LAST_FILE, Checkpoint

SHORT = ("--epochs", "2", "--frames", "4", "--batch", "2", "--threads", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A place with a data set `data` and a finished training `run`."""
    folder = tmp_path_factory.mktemp("commands")
    write_tiny_data(folder / "data", 6)
    outcome = livedouble("train", folder / "data", "--out", folder / "run", *SHORT)
    assert outcome.code == 0, outcome.err
    assert "Trained 4 steps" in outcome.out
    return folder


def test_a_training_becomes_an_actor_that_can_be_measured(folder, tmp_path):
    actor, report = tmp_path / "actor", tmp_path / "report.json"
    exported = livedouble("export", folder / "run", "--out", actor, "--threads", "1")
    assert exported.code == 0, exported.err
    metrics = ActorBundle.open(actor).metrics
    assert f"{metrics['rmse_mm']:.3f} mm" in exported.out
    arguments = "--data", folder / "data", "--backend", "onnxruntime", "--json", report
    measured = livedouble("evaluate", actor, *arguments)
    assert measured.code == 0, measured.err
    assert "mean face" in measured.out
    values = json.loads(report.read_text())
    assert values["metrics"]["rmse_mm"] == pytest.approx(metrics["rmse_mm"], rel=1e-4)
    assert [one["name"] for one in values["measured"]] == ["actor", "mean face", "best in basis"]
    assert [region["name"] for region in values["measured"][0]["regions"]] == ["lips"]
    assert [shot["name"] for shot in values["measured"][0]["shots"]] == ["v"]
    assert "--tracker" in values["missing"]["a landmark tracker"]


def test_an_actor_bears_8_bits_from_its_export_on_or_later(folder, tmp_path):
    first, second, figures = tmp_path / "first", tmp_path / "second", tmp_path / "int8.json"
    exported = livedouble("export", folder / "run", "--out", first, "--threads", "1", "--int8")
    assert exported.code == 0, exported.err
    cost = ActorBundle.open(first).int8
    assert f"{cost.worst_mm:.3f} mm at the worst vertex" in exported.out
    assert livedouble("export", folder / "run", "--out", second, "--threads", "1").code == 0
    assert ActorBundle.open(second).int8 is None
    refused = livedouble("evaluate", second, "--data", folder / "data", "--precision", "int8")
    assert_one_clear_line(refused, "has no network in int8", "livedouble quantise")
    later = livedouble("quantise", second, "--data", folder / "data", "--json", figures)
    assert later.code == 0, later.err
    assert json.loads(figures.read_text())["worst_mm"] == ActorBundle.open(second).int8.worst_mm
    measured = livedouble("evaluate", second, "--data", folder / "data", "--precision", "int8")
    assert measured.code == 0, measured.err


def test_a_training_can_be_measured_before_it_is_exported_and_set_against_others(folder, tmp_path):
    report, page = tmp_path / "report.json", tmp_path / "report.html"
    others = "--against", folder / "run", "--against", folder / "run"
    arguments = *others, "--frames", "2", "--threads", "1", "--tracker"
    outcome = livedouble("evaluate", folder / "run", *arguments, "--json", report, "--html", page)
    assert outcome.code == 0, outcome.err
    values = json.loads(report.read_text())
    networks = [one for one in values["measured"] if one["kind"] == "network"]
    assert len({one["name"] for one in networks}) == 3
    first, second, third = networks
    assert first["overall"] == second["overall"] == third["overall"]
    assert first["training"]["num_frames"] == 4
    assert values["num_frames"] == 2
    assert "no rig" in values["missing"]["a landmark tracker"]
    text = page.read_text("utf-8")
    assert text.count("<h2>Convergence</h2>") == 1
    assert text.count("data:image/jpeg") >= 6
    assert_one_clear_line(
        livedouble("evaluate", folder / "run", "--data", folder / "data", "--backend", "openvino"), "Export it first"
    )


def test_the_files_of_an_evaluation_are_there_before_its_first_line(folder, tmp_path, monkeypatch):
    # A terminal that went away took page and figures with it.
    report, page, seen = tmp_path / "report.json", tmp_path / "report.html", []
    monkeypatch.setattr(evaluate_table, "show", lambda *_: seen.extend(sorted(tmp_path.iterdir())))
    files = "--json", str(report), "--html", str(page)
    assert main(["evaluate", str(folder / "run"), "--frames", "2", "--threads", "1", *files]) == 0
    assert seen == [page, report]


def test_a_dry_run_prints_the_settings_and_writes_nothing(folder, tmp_path):
    outcome = livedouble("train", folder / "data", "--out", tmp_path / "run", "--epochs", "7", "--dry-run")
    assert outcome.code == 0
    assert "epochs = 7" in outcome.out
    assert "beta1_end = 0.5" in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_saves_and_the_same_command_goes_on(folder, tmp_path):
    run = tmp_path / "run"
    arguments = ["train", str(folder / "data"), "--out", str(run), *SHORT, "--epochs", "500"]
    command = [sys.executable, "-c", "from app.cli.main import run; run()", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "200"}) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("step "):
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, lines
    saved = Checkpoint.load(run / LAST_FILE).state.step
    assert any(f"Saved at step {saved} of 1000" in line for line in lines)
    second = livedouble(*arguments[:-1], "500", "--seed", "2")
    assert_one_clear_line(second, "seed 1 -> 2")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "nowhere", "--out", "run"), ("nowhere", "not a data set")),
        (("train", "{data}", "--out", "run", "--epochs", "0"), ("epochs",)),
        (("train", "{data}", "--out", "{data}/dataset.json"), ("dataset.json", "cannot be written")),
        (("export", "nowhere", "--out", "actor"), ("no checkpoint",)),
        (("export", "{run}", "--out", "{data}"), ("exists already",)),
        (("export", "{run}", "--out", "actor", "--data", "nowhere"), ("nowhere",)),
        (("quantise", "demo", "--data", "nowhere"), ("nowhere",)),
        (("quantise", "nobody", "--data", "{data}"), ("no actor nobody",)),
        (("evaluate", "{data}", "--data", "{data}"), ("not an actor",)),
        (("evaluate", "{run}", "--data", "nowhere"), ("nowhere",)),
        (("evaluate", "{run}", "--against", "nowhere"), ("nowhere",)),
        (("evaluate", "{run}", "--shot", "nobody"), ("no validation shot nobody", "It has:")),
        (("evaluate", "demo"), ("--data",)),
        (("evaluate", "{run}", "--json", "nowhere/report.json"), ("nowhere",)),
        (("evaluate", "{run}", "--html", "nowhere/report.html"), ("nowhere",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_what_a_user_can_get_wrong_is_said_in_one_line(folder, arguments, words):
    places = {"data": folder / "data", "run": folder / "run"}
    assert_one_clear_line(livedouble(*(argument.format(**places) for argument in arguments)), *words)

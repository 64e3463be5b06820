"""`livedouble sheet`, as a user types it."""

import json
from pathlib import Path

import pytest
from PyQt6.QtGui import QImage

from app.cli import main
from app.sheet import page
from engine.shots import DataSet
from tests.cli.command_line import assert_one_clear_line, livedouble
from tests.training.tiny_data import write_tiny_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheets") / "data"
    write_tiny_data(folder)
    return folder


def test_the_sheet_is_drawn_and_told(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "sheet.json"
    outcome = livedouble("sheet", folder, "--out", tmp_path / "sheet.png", "--json", report)
    assert outcome.code == 0, outcome.err
    assert "no shots of pangrams" in outcome.out
    drawn = QImage(str(tmp_path / "sheet.png"))
    assert drawn.width() == page.WIDTH
    assert drawn.height() > 3 * page.ROW_HEIGHT
    values = json.loads(report.read_text("utf-8"))
    assert [shot["name"] for shot in values["shots"]] == ["a", "b", "v"]
    assert [shot["pictures"] for shot in values["shots"]] == [40, 40, 20]
    assert values["findings"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.json", "sheet.png"]


def test_many_shots_go_on_further_pages(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "ROWS_A_PAGE", 2)
    assert main.main(["sheet", str(folder), "--out", str(tmp_path / "sheet.png")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet-2.png", "sheet.png"]
    first, second = (QImage(str(tmp_path / name)) for name in ("sheet.png", "sheet-2.png"))
    assert first.height() > second.height() > page.ROW_HEIGHT


def test_the_sheet_lies_beside_the_data_set_where_no_place_is_given(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert main.main(["sheet", str(folder)]) == 0
    sheet = folder.with_name("data-sheet.png")
    assert sheet.is_file()
    sheet.unlink()
    assert sorted(path.name for path in folder.iterdir()) == before


def test_another_kind_of_picture_than_png_is_refused(folder: Path, tmp_path: Path) -> None:
    # x.pdf once became x.png without a word.
    assert_one_clear_line(livedouble("sheet", folder, "--out", tmp_path / "x.pdf"), "x.pdf says .pdf", "ends in .png")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_data_set_is_one_line(tmp_path: Path) -> None:
    outcome = livedouble("sheet", tmp_path, "--out", tmp_path / "sheet.png")
    assert_one_clear_line(outcome, "not a data set")
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_without_shots_is_one_line(folder: Path, tmp_path: Path) -> None:
    data = DataSet.open(folder)
    data.topology.save(tmp_path / "topology.npz")
    DataSet.write_manifest(tmp_path, "nobody", data.cameras, [])
    assert_one_clear_line(livedouble("sheet", tmp_path), "no shots")


def test_a_missing_camera_is_one_line(folder: Path, tmp_path: Path) -> None:
    outcome = livedouble("sheet", folder, "--camera", "side", "--out", tmp_path / "sheet.png")
    assert_one_clear_line(outcome, "side", "front")


def test_a_missing_folder_for_the_sheet_is_one_line_before_the_work(folder: Path, tmp_path: Path) -> None:
    assert_one_clear_line(livedouble("sheet", folder, "--out", tmp_path / "no" / "sheet.png"), "There is no folder")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.png.partial").symlink_to("/dev/full")
    outcome = livedouble("sheet", folder, "--out", tmp_path / "sheet.png")
    assert_one_clear_line(outcome, "sheet.png", "No space left")
    assert list(tmp_path.iterdir()) == []

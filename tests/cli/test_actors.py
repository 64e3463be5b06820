import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import StorageError
from tests.cli.command_line import assert_one_clear_line, livedouble
from training.actor.identity import ACTORS


def test_the_list_names_everybody_with_age_and_sex() -> None:
    outcome = livedouble("actors")
    assert outcome.code == 0, outcome.err
    rows = [line.split() for line in outcome.out.splitlines()]
    for actor in ACTORS:
        assert any(row[:3] == [actor.name, str(actor.age_years), actor.sex] for row in rows), actor.name


def test_json_on_the_standard_output_is_a_list_and_nothing_else() -> None:
    outcome = livedouble("actors", "--json", "-")
    listed = json.loads(outcome.out)
    assert [entry["name"] for entry in listed] == [actor.name for actor in ACTORS]
    assert listed[0].keys() == {"name", "sex", "age", "description", "seed"}


def test_json_goes_into_a_file_beside_the_table(tmp_path: Path) -> None:
    outcome = livedouble("actors", "--actor", "kofi", "--seed", "1234", "--json", tmp_path / "actors.json")
    assert "kofi" in outcome.out
    assert [entry["name"] for entry in json.loads((tmp_path / "actors.json").read_text())] == ["kofi", "seed-1234"]


def test_a_misspelt_actor_is_one_line_with_a_guess() -> None:
    assert_one_clear_line(livedouble("actors", "--actor", "koffi"), "'koffi'", "Did you mean kofi?", "nell")


def test_a_sheet_without_a_folder_is_refused_before_anything_is_painted(tmp_path: Path) -> None:
    outcome = livedouble("actors", "--sheet", tmp_path / "missing" / "all.png", timeout_s=20)
    assert_one_clear_line(outcome, "missing")


def portrayed(name: str, num_pictures: int) -> object:
    from app.actor_sheet import Portrayed

    pictures = [np.full((60, 40, 3), 40 * index + 30, np.uint8) for index in range(num_pictures)]
    captions = [f"picture {index}" for index in range(num_pictures)]
    return Portrayed(name, "female, 20", "freckles", pictures, captions)


def test_a_sheet_holds_every_actors_pictures_and_its_name(tmp_path: Path) -> None:
    pytest.importorskip("PyQt6.QtGui", reason="needs Qt and its system libraries")
    from app.actor_sheet import save_sheet

    save_sheet([portrayed(f"actor{index}", 2) for index in range(5)], tmp_path / "sheet.png")  # type: ignore[misc]
    image = cv2.imread(str(tmp_path / "sheet.png"))
    for level in (30, 70):
        shown = (np.abs(image.astype(int) - level).max(2) <= 1).sum()
        assert 4.5 * 60 * 40 < shown < 5.5 * 60 * 40, "five actors' pictures, their corners rounded"
    assert (image.min(2) > 200).sum() > 300, "names are written"
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_a_card_holds_every_expression(tmp_path: Path) -> None:
    pytest.importorskip("PyQt6.QtGui", reason="needs Qt and its system libraries")
    from app.actor_sheet import save_card

    save_card(portrayed("nell", 5), tmp_path / "card.png")  # type: ignore[arg-type]
    image = cv2.imread(str(tmp_path / "card.png")).astype(int)
    for index in range(5):
        assert (np.abs(image - (40 * index + 30)).max(2) <= 1).sum() > 0.9 * 60 * 40


def test_a_sheet_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("PyQt6.QtGui", reason="needs Qt and its system libraries")
    from app.actor_sheet import save_sheet

    with pytest.raises(StorageError, match=r"sheet\.png"):
        save_sheet([portrayed("nell", 2)], tmp_path / "gone" / "sheet.png")  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []

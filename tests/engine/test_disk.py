"""What is told about disks."""

import errno
import shutil
from pathlib import Path

import pytest

from engine.disk import check_room, not_written
from engine.errors import StorageError


def test_a_full_disk_is_told_from_a_forbidden_one() -> None:
    full = not_written(Path("x"), OSError(errno.ENOSPC, "No space left on device"))
    forbidden = not_written(Path("x"), OSError(errno.EACCES, "Permission denied"))
    assert "x could not be written: the disk is full" in full.reason
    assert "Permission denied" in forbidden.reason
    assert full.recovery != forbidden.recovery


def test_room_is_asked_of_the_disk_that_will_hold_the_folder_to_come(tmp_path: Path) -> None:
    to_come = tmp_path / "not" / "yet"
    free = shutil.disk_usage(tmp_path).free
    check_room(to_come, free / 2)
    with pytest.raises(StorageError, match=r"yet needs about .* MB free: the disk is full") as caught:
        check_room(to_come, free * 2, "Shoot fewer minutes.")
    assert caught.value.recovery == "Shoot fewer minutes."
    assert not to_come.exists()

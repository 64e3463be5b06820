"""What `livedouble solve` says of its own speed: no more than was measured."""

import pytest

from app.cli import solve_report
from engine.pace import Alone


@pytest.mark.parametrize(
    ("num_rounds", "quartiles", "share", "words"),
    [
        (1, None, None, "(measured once in between), so that both allow 20.0; the run was too short to tell"),
        (7, (0.9, 0.95), 0.92, "(medians of 7 moments in between), so that both allow 20.0; 92% of that was made"),
        (7, (0.6, 2.18), None, "cannot be told, the cores were too busy with other work"),
    ],
)
def test_a_share_is_told_only_where_it_is_known(
    capsys: pytest.CaptureFixture[str],
    num_rounds: int,
    quartiles: tuple[float, float] | None,
    share: float | None,
    words: str,
) -> None:
    solve_report._tell_alone(Alone(30.0, 60.0, 20.0, num_rounds, quartiles, share))
    assert words in capsys.readouterr().out

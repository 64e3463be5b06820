import threading

from app.jobs import Jobs
from engine.errors import LiveDoubleError, StorageError

SOON_S = 5.0


class Desk:
    """Collects on the test's thread whenever it is woken."""

    def __init__(self) -> None:
        self._woken = threading.Event()
        self.jobs = Jobs(self._woken.set)
        self.done: list[object] = []
        self.failed: list[LiveDoubleError] = []

    def run(self, work: object) -> None:
        self._woken.clear()
        self.jobs.submit(work, self.done.append, self.failed.append)
        assert self._woken.wait(SOON_S)
        self.jobs.collect()


def test_work_runs_elsewhere_and_its_outcome_arrives_here() -> None:
    desk, threads = Desk(), []
    desk.jobs.submit(lambda: 7, lambda _: threads.append(threading.current_thread()), desk.failed.append)
    desk.run(threading.current_thread)
    desk.jobs.close()
    assert threads == [threading.current_thread()]
    assert desk.done[0] is not threading.current_thread()


def test_an_error_of_the_world_arrives_as_it_is() -> None:
    desk, error = Desk(), StorageError("The disk is full.", "Free some space.")

    def fail() -> None:
        raise error

    desk.run(fail)
    desk.jobs.close()
    assert desk.failed == [error]
    assert desk.done == []


def test_a_mistake_of_ours_arrives_as_an_error_to_report() -> None:
    desk = Desk()
    desk.run(lambda: 1 // 0)
    desk.jobs.close()
    assert "ZeroDivisionError" in desk.failed[0].reason
    assert "report" in desk.failed[0].recovery


def test_jobs_run_in_the_order_they_were_given() -> None:
    jobs, seen = Jobs(lambda: None), []
    for number in range(20):
        jobs.submit(lambda number=number: number, seen.append, seen.append)
    jobs.close()
    assert seen == list(range(20))


def test_closing_finishes_what_was_given_and_delivers_it() -> None:
    desk, may_end = Desk(), threading.Event()
    desk.jobs.submit(lambda: may_end.wait(SOON_S), desk.done.append, desk.failed.append)
    may_end.set()
    desk.jobs.close()
    assert desk.done == [True]


def test_work_can_tell_of_something_before_it_is_done() -> None:
    desk, goes_on, order = Desk(), threading.Event(), []
    is_told = threading.Event()

    def work() -> str:
        desk.jobs.tell(lambda: order.append("told"))
        is_told.set()
        assert goes_on.wait(SOON_S)
        return "done"

    desk.jobs.submit(work, order.append, desk.failed.append)
    assert is_told.wait(SOON_S)
    desk.jobs.collect()
    assert order == ["told"]
    goes_on.set()
    desk.jobs.close()
    assert order == ["told", "done"]

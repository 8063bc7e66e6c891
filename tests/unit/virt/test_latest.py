"""The latest answer: who reads it waits for nobody."""

import threading
from itertools import count

import pytest

from builder.virt import latest as asking
from builder.virt.connection import Connection
from builder.virt.domains import Domain
from builder.virt.latest import Latest

PATIENCE = 600.0
NOBODY = Domain(name="nobody", connection=Connection("nosuch:///"))


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    answers = threading.Semaphore(0)
    numbers = count(1)

    def ask(_domain: Domain) -> int:
        answers.acquire()
        return next(numbers)

    with Latest(ask, NOBODY, pause=0) as latest:
        assert latest.next(seconds=0) is None
        answers.release()
        while latest.value is None:
            latest.next(seconds=0.01)
        assert (latest.value, latest.next(seconds=0.01), latest.value) == (1, None, 1)


def test_the_next_answer_comes_without_the_pause_and_none_after_the_block() -> None:
    numbers = count(1)
    with Latest(lambda _domain: next(numbers), NOBODY, pause=PATIENCE) as latest:
        first = latest.next(seconds=PATIENCE)
        second = latest.next(seconds=PATIENCE)
    assert first is not None
    assert second == first + 1
    assert latest.next(seconds=0.01) is None


def test_an_answer_that_is_overdue_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_STUCK_SECONDS", 0)
    asked, answered = threading.Event(), threading.Event()

    def ask(_domain: Domain) -> int:
        asked.set()
        answered.wait()
        return 1

    latest = Latest(ask, NOBODY, pause=PATIENCE)
    seen = [latest.stuck]
    with latest:
        asked.wait()
        seen.append(latest.stuck)
        answered.set()
        while latest.value is None:
            latest.next(seconds=0.01)
        seen.append(latest.stuck)
    assert seen == [False, True, False]

"""Threads that are urgent: what the system is asked for, and what threads that they start have of it."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from demon_patch.threads import Urgency, hurry, may_hurry, started_pool, unhurried

if sys.platform != "linux":
    pytest.skip("threads are urgent on Linux alone", allow_module_level=True)


def policy() -> tuple[int, int]:
    """The scheduling of the calling thread: its kind and its priority."""
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, os.sched_getparam(0).sched_priority


PLAIN = (os.SCHED_OTHER, 0)


@pytest.fixture
def thread():
    """A thread that does what is submitted to it, and ends with the test."""
    with ThreadPoolExecutor(1) as executor:
        yield lambda work: executor.submit(work).result()


def test_a_plain_thread_stays_plain_without_hurry(thread) -> None:
    def work() -> tuple[int, int]:
        with unhurried():
            return policy()

    assert thread(work) == PLAIN
    assert thread(policy) == PLAIN


@pytest.mark.skipif(not may_hurry(), reason="this user may not use real-time scheduling, or there is one processor")
@pytest.mark.parametrize("urgency", list(Urgency))
def test_an_urgent_thread_is_plain_while_it_loads_and_urgent_again(thread, urgency: Urgency) -> None:
    assert thread(lambda: hurry(urgency))
    assert thread(policy) == (os.SCHED_RR, urgency)

    def loads() -> list[tuple[int, int]]:
        with unhurried():
            outer = policy()
            with unhurried():
                inner = policy()
        return [outer, inner, policy()]

    assert thread(loads) == [PLAIN, PLAIN, (os.SCHED_RR, urgency)]

    def fails() -> None:
        with unhurried():
            raise ValueError("a clip that is no clip")

    with pytest.raises(ValueError, match="no clip"):
        thread(fails)
    assert thread(policy) == (os.SCHED_RR, urgency)


@pytest.mark.skipif(not may_hurry(), reason="this user may not use real-time scheduling, or there is one processor")
def test_threads_that_an_urgent_one_starts_are_plain(thread) -> None:
    found: list[tuple[int, int]] = []

    def starts() -> None:
        hurry(Urgency.WIRE)
        child = Thread(target=lambda: found.append(policy()))
        child.start()
        child.join()

    thread(starts)
    assert found == [PLAIN]
    assert policy() == PLAIN


def test_the_system_says_no_and_all_goes_on(thread, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not thread(lambda: hurry(Urgency.WIRE))
    assert not may_hurry()


def test_a_started_pool_has_all_its_threads_before_its_first_task() -> None:
    with started_pool(3, "early") as pool:
        names = {each.name for each in threading.enumerate() if each.name.startswith("early")}
        assert len(names) == 3
        assert [pool.submit(abs, -n).result(10) for n in range(20)] == list(range(20))
        assert {each.name for each in threading.enumerate() if each.name.startswith("early")} == names

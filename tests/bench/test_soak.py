"""The soak: what it does to a host, and what it calls wrong."""

from __future__ import annotations

import gc
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demon_patch.bench import soak_actions, soak_players
from demon_patch.bench.process_figures import child_with, used
from demon_patch.bench.silent_client import Wakes
from demon_patch.bench.soak import GROWTH_MB, SLOPE_MB, patch, slope, soak, verdict
from demon_patch.bench.soak_actions import ACTIONS, ADDED, Action, Stage
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import dumps
from demon_patch.threads import Collector
from tests.support.wired_host import WiredHost, wired_host

COUNTS = ("late", "shortfalls", "restarts", "xruns", "actions", "reconnects", "refusals", "beside_late", "beside_xruns")


def row(minute: int, **changed: Any) -> dict[str, Any]:
    """A minute in which nothing happened, but for what is given."""
    made: dict[str, Any] = {
        "minute": minute,
        "starved_s": 0.0,
        "alone": True,
        "full": minute > 10,
        **dict.fromkeys(COUNTS, 0),
    }
    for process in ("host", "audio"):
        made |= {f"{process}_mb": 500.0, f"{process}_threads": 17, f"{process}_handles": 22}
    return made | changed


def rows(count: int = 30, **changed: Any) -> list[dict[str, Any]]:
    return [row(minute, **{name: make(minute) for name, make in changed.items()}) for minute in range(1, count + 1)]


def test_a_soak_in_which_nothing_happens_is_passed() -> None:
    figures, wrong = verdict(rows(), [])
    assert wrong == []
    assert (figures["minutes"], figures["measured_minutes"], figures["minutes_alone"]) == (30, 20, 30)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"starved_s": lambda minute: 0.5 * (minute == 7)}, "0.5 seconds starved"),
        ({"shortfalls": lambda minute: 2 * (minute == 7)}, "2 buffers not filled"),
        ({"xruns": lambda minute: minute == 7}, "1 xruns"),
        ({"restarts": lambda minute: minute == 7}, "started anew 1 times"),
        ({"host_mb": lambda minute: 500 + 0.11 * SLOPE_MB * minute}, "host: 1.10 MB more in 10 minutes"),
        ({"audio_mb": lambda minute: 100 + 0.2 * SLOPE_MB * minute}, "audio: 2.00 MB more in 10 minutes"),
        ({"host_threads": lambda minute: 17 + minute // 15}, "host: 19 threads at the end, 17 before"),
        ({"audio_handles": lambda minute: 19 + minute // 30}, "audio: 20 handles at the end, 19 before"),
    ],
)
def test_what_wears_out_or_starves_is_called_wrong(changed: dict[str, Any], what: str) -> None:
    _, wrong = verdict(rows(**changed), [])
    assert len(wrong) == 1
    assert what in wrong[0]


def test_what_starves_while_the_machine_is_not_ours_is_counted_and_not_judged() -> None:
    figures, wrong = verdict(rows(alone=lambda minute: False, starved_s=lambda minute: 1.0), [])
    assert wrong == []
    assert (figures["starved_s"], figures["starved_ours_s"], figures["minutes_alone"]) == (30.0, 0, 0)


def test_memory_may_fill_before_history_is_full_but_not_without_end() -> None:
    assert verdict(rows(4, host_mb=lambda minute: 500 + 2 * minute), [])[1] == []
    _, wrong = verdict(rows(4, host_mb=lambda minute: 500 + (GROWTH_MB + 1) * minute), [])
    assert "in the second half" in wrong[0]


def test_a_fault_is_wrong() -> None:
    assert verdict(rows(), ["seed 1, action 7 (save): no"])[1] == ["seed 1, action 7 (save): no"]


def test_one_odd_minute_makes_no_slope() -> None:
    assert slope(rows(20, host_mb=lambda minute: 500 + 40 * (minute == 19)), "host_mb") == 0.0
    assert slope(rows(20, host_mb=lambda minute: 500 + 0.3 * minute), "host_mb") == pytest.approx(3.0)
    assert slope(rows(1), "host_mb") == 0.0


def test_memory_threads_handles_and_children_are_counted() -> None:
    before, ended = used(os.getpid()), threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    with Path(os.devnull).open() as _:
        now = used(os.getpid())
    ended.set()
    thread.join()
    assert (now.threads, now.handles) == (before.threads + 1, before.handles + 1)
    assert now.rss_mb >= now.own_mb > 1
    assert now.cpu_s >= before.cpu_s > 0
    assert child_with(os.getpid(), "no such word") == 0
    with pytest.raises(DemonError, match="cannot be looked at"):
        used(0)


def test_a_late_wake_is_one_that_comes_more_than_half_a_buffer_late(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.010, 0.020, 0.036, 0.046])
    monkeypatch.setattr("demon_patch.bench.silent_client.perf_counter", lambda: next(times))
    wakes = Wakes(48_000)
    for _ in range(5):
        wakes.wake(480)
    wakes.xrun()
    assert (wakes.buffers, wakes.late, wakes.xruns) == (5, 1, 1)


def test_all_nodes_that_actions_add_are_there() -> None:
    assert set(ADDED) <= CATALOGUE.keys()


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WiredHost, Path]]:
    """A host that plays the soak's patch on the toy family."""
    folder = tmp_path_factory.mktemp("soak")
    file = folder / "soak.dpatch.json"
    file.write_text(dumps(patch()))
    with wired_host(patch(), file) as host:
        yield host, folder


def refusal(action: Action, stage: Stage) -> DemonError | None:
    """Does an action; returns the host's refusal of it."""
    try:
        action.do(stage)
    except DemonError as error:
        return error
    return None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actions take a moment."""
    for module, name in (
        (soak_actions, "KNOB_SECONDS"),
        (soak_players, "WATCH_SECONDS"),
        (soak_players, "STALL_SECONDS"),
        (soak_players, "FILE_SECONDS"),  # of a performance that no sound device hears there is none
    ):
        monkeypatch.setattr(module, name, 0.1)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_action_is_done_or_refused_in_words(action: Action, wired: tuple[WiredHost, Path]) -> None:
    host, folder = wired
    with host.client("soak") as client:
        stage = Stage(random.Random(action.name), client, host.url, folder)
        try:
            for _ in range(6):
                refused = refusal(action, stage)
                assert refused is None or action.refused, refused
                assert "error of the program" not in str(refused)
            stage.rest()
        finally:
            stage.close()
        assert stage.errors == []
        assert client.gone is None
        client.refresh()
        assert client.patch == host.host.patch


@pytest.mark.usefixtures("quick")
def test_what_actions_leave_goes_without_a_search(
    wired: tuple[WiredHost, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While sound is made, objects that hold each other and are not young stay (`threads.quiet_gc`): a host that made
    many of them would grow with each edit."""
    for name in ("note_work", "collect"):
        monkeypatch.setattr(Collector, name, lambda self: None)
    host, folder = wired
    with host.client("soak") as client:
        stage = Stage(random.Random(3), client, host.url, folder)
        try:
            for count in (30, 60):  # the first ones fill what is kept
                gc.collect()
                gc.disable()
                for action in stage.rng.choices(ACTIONS, [each.weight for each in ACTIONS], k=count):
                    refusal(action, stage)
                stage.rest()
            assert gc.collect() < 10 * 60  # about 40 in all; 5,000 where what is compiled holds itself
        finally:
            gc.enable()
            stage.close()


@pytest.mark.slow
def test_three_minutes_of_soak_leave_no_trace(tmp_path: Path) -> None:
    told, figures, wrong = soak(tmp_path, 3, seed=5)
    if wrong and all("seconds starved" in each for each in wrong):  # once, a machine may be late
        told, figures, wrong = soak(tmp_path, 3, seed=6)
    assert wrong == []
    assert len(told) == 3
    assert all(each["completions"] > 10 and each["actions"] > 30 for each in told)
    assert figures["faults"] == 0

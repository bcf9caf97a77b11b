"""Decodes run on a stream of their own: the order of what the device is told, seen by a recorder of the calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from demon_patch.engine.executors.streams import CudaStreams, OneStream, streams_for
from demon_patch.engine.session import Session
from demon_patch.runtime.performance.prepare import perform
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch


class Recorder:
    """The part of `torch.cuda` that streams use. calls: what was called, in order, with the names of streams and
    events."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.present = "forwards"
        self.events = 0

    def current_stream(self, device: torch.device) -> str:
        return self.present

    def Stream(self, device: torch.device, priority: int = 0) -> Any:
        self.calls.append(f"a stream of priority {priority}")
        recorder = self

        class Stream:
            name = "decodes"

            def wait_event(self, event: Any) -> None:
                recorder.calls.append(f"{self.name} waits for {event.name}")

        return Stream()

    def Event(self) -> Any:
        self.events += 1
        recorder = self

        class Event:
            name = ("finished", "forwards")[self.events - 1]

            def record(self, stream: str) -> None:
                recorder.calls.append(f"{self.name} noted on {stream}")

            def synchronize(self) -> None:
                recorder.calls.append(f"the host waits for {self.name}")

        return Event()

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        before, self.present = self.present, stream.name
        yield
        self.present = before


def test_a_decode_waits_for_the_mark_and_the_host_for_the_forwards_alone() -> None:
    recorder = Recorder()
    streams = CudaStreams(torch.device("cuda", 0), recorder)
    del recorder.calls[:]
    streams.settle()
    streams.mark()
    with streams.decoding(torch.zeros(1)):
        recorder.calls.append(f"decoded on {recorder.present}")
    assert recorder.present == "forwards"
    assert recorder.calls == [
        "forwards noted on forwards",
        "the host waits for forwards",
        "finished noted on forwards",
        "decodes waits for finished",
        "decoded on decodes",
    ]


def test_a_performance_decodes_beside_a_tick_what_was_finished_before_it() -> None:
    """In every tick the decodes that are asked for between its forwards come before the host waits for these, and
    wait for the mark of the tick before."""
    recorder = Recorder()
    session = Session(toy_family())
    session.streams = CudaStreams(torch.device("cuda", 0), recorder)
    performer = perform(patch({}, [], depth=2), session)
    forward, decode = session.executor.forward, session.family.codec.decode

    def noted_forward(*given: Any) -> Any:
        recorder.calls.append(f"forward on {recorder.present}")
        return forward(*given)

    def noted_decode(*given: Any) -> Any:
        recorder.calls.append(f"decode on {recorder.present}")
        return decode(*given)

    session.executor.forward = noted_forward  # type: ignore[method-assign]
    session.family.codec.decode = noted_decode  # type: ignore[method-assign]
    ticks: list[list[str]] = []
    while len(ticks) < 24:
        del recorder.calls[:]
        performer.begin(performer.now)
        performer.forward(lambda: [performer.sound(window) for window in performer.due(performer.now + 3)])
        performer.finish(performer.now + int(performer.tick_frames))
        ticks.append(list(recorder.calls))
    beside = [tick for tick in ticks if "decode on decodes" in tick]
    assert len(beside) > 4
    for tick in ticks:
        waits = tick.index("the host waits for forwards")
        assert tick[-1] == "finished noted on forwards"
        assert "finished noted on forwards" not in tick[:-1]
        assert "decode on forwards" not in tick
        assert "forward on decodes" not in tick
        assert all(at < waits for at, call in enumerate(tick) if call.startswith(("decode", "forward on")))


def test_the_processor_has_one_stream() -> None:
    assert isinstance(streams_for(torch.device("cpu")), OneStream)
    assert isinstance(Session(toy_family()).streams, OneStream)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here: the second stream is unrun")
def test_on_a_gpu_a_decode_has_the_numbers_of_one_stream() -> None:
    device = torch.device("cuda", 0)
    streams, total = streams_for(device), torch.zeros(1000, 1000, device=device)
    for _ in range(20):
        total = total + 1
    streams.mark()
    for _ in range(20):
        torch.mm(total, total)  # a tick that was begun since
    with streams.decoding(total):
        decoded = (2 * total).cpu()
    streams.settle()
    assert torch.equal(decoded, torch.full((1000, 1000), 40.0))

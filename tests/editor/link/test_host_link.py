"""The link against a real host on the toy family: order, refusals, loss, return."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from demon_patch.editor.link.host_link import Connected, HostLink, Lost
from demon_patch.patch.edit.commands import Rename, SetValue
from demon_patch.runtime.remote.access import Address
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.messages.edits import Do, Edited, Undo
from demon_patch.runtime.remote.messages.telemetry import StatusChange, Watch
from tests.support.wired_host import PATIENCE, wired_host


class Finding:
    """A finder of one address."""

    words = "looking"

    def __init__(self, url: str) -> None:
        self.url = url

    def find(self) -> str:
        return self.url

    def reached(self) -> None: ...


def until(link: HostLink, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        link.drain()
        assert time.monotonic() < end
        time.sleep(0.002)


@contextmanager
def linked(url: str, name: str = "window") -> Iterator[tuple[HostLink, list[object]]]:
    heard: list[object] = []
    link = HostLink(Finding(url), name=name)
    link.hear = heard.append
    link.start()
    try:
        until(link, lambda: any(isinstance(event, Connected) for event in heard))
        yield link, heard
    finally:
        link.close()


def some_node(link: HostLink) -> str:
    until(link, lambda: bool(link.patch.nodes))
    return next(iter(link.patch.nodes))


def test_edits_come_back_in_order_and_the_document_has_them_first() -> None:
    with wired_host() as host, linked(host.url) as (link, _):
        node, seen = some_node(link), []
        for number in range(20):
            label = f"n{number}"
            command = Do(command=Rename(node, label), label=f"step {number}")
            link.ask(command, lambda reply, label=label: seen.append((label, link.patch.nodes[node].label, reply)))
        until(link, lambda: len(seen) == 20)
        assert [said for said, _, _ in seen] == [f"n{n}" for n in range(20)]
        assert all(isinstance(reply, Edited) for _, _, reply in seen)
        assert seen[-1][1] == "n19"
        link.ask(Undo())
        until(link, lambda: link.patch.nodes[node].label == "n18")


def test_a_reply_that_comes_in_the_middle_of_a_drain_waits_for_its_document() -> None:
    with wired_host() as host, linked(host.url) as (link, _):
        node, seen = some_node(link), []

        def edit(event: object) -> None:
            """Once, while a drain calls back: edits, and stays until the reply has come."""
            if isinstance(event, StatusChange) and not seen:
                seen.append("asked")
                link.ask(Do(command=Rename(node, "new")), lambda reply: seen.append(link.patch.nodes[node].label))
                end = time.monotonic() + PATIENCE
                while link.busy and time.monotonic() < end:
                    time.sleep(0.002)

        link.hear = edit
        link.ask(Watch(what="status", rate=60.0))
        until(link, lambda: len(seen) == 2)
        assert seen == ["asked", "new"]


def test_a_refusal_comes_to_whom_it_concerns_and_else_to_the_editor() -> None:
    with wired_host() as host, linked(host.url) as (link, _):
        own: list[Fault] = []
        told: list[Fault] = []
        link.tell = told.append
        link.ask(Do(command=SetValue("nobody", "x", 1.0)), None, own.append)
        link.ask(Do(command=SetValue("nobody", "x", 1.0)))
        until(link, lambda: len(own) == len(told) == 1)
        assert "nobody" in own[0].text


def test_nothing_is_asked_without_a_connection_and_watches_are_kept() -> None:
    link = HostLink(Finding(""))
    refused: list[Fault] = []
    link.ask(Watch(what="ring", rate=5.0))
    link.ask(Undo(), None, refused.append)
    link.start()
    until(link, lambda: len(refused) == 1)
    link.close()


def test_after_a_loss_the_patch_stays_and_all_is_found_again() -> None:
    with wired_host() as host:
        address = Address.parsed(host.url.removeprefix("ws://"))
        with linked(host.url) as (link, heard):
            node = some_node(link)
            link.ask(Watch(what="ring", rate=30.0))
            link.ask(Do(command=Rename(node, "kept")))
            until(link, lambda: link.patch.nodes[node].label == "kept")
            host.server.close()
            until(link, lambda: any(isinstance(event, Lost) for event in heard))
            assert link.patch.nodes[node].label == "kept"
            refused: list[Fault] = []
            link.ask(Do(command=Rename(node, "lost")), None, refused.append)
            until(link, lambda: len(refused) == 1)
            from demon_patch.runtime.remote.server import Server

            host.server = Server(host.host, address)
            host.server.start()
            heard.clear()
            until(link, lambda: any(isinstance(event, Connected) and event.again for event in heard))
            until(link, lambda: any(type(event).__name__ == "Ring" for event in heard))
            assert link.patch.nodes[node].label == "kept"
            assert any(isinstance(event, StatusChange) for event in heard)


def test_a_knob_in_the_hand_is_sent_as_fast_as_the_host_takes_it() -> None:
    with wired_host() as host, linked(host.url) as (link, _):
        node = some_node(link)
        replies: list[object] = []
        for number in range(300):
            link.ask(Do(command=Rename(node, str(number)), label="Turn"), replies.append)
        until(link, lambda: len(replies) == 300)
        assert link.patch.nodes[node].label == "299"
        assert link.revision.counter < 300

"""What clients hold and clear: live mutes, focus, safe mode, notices; and commands of a shell that share a name."""

from __future__ import annotations

import pytest

from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.session import Cleared
from tests.support.wired_host import RawClient, WiredHost, until

CABLE = CableKey("lfo", "out", "scheduler", "structure")


def muted(wired: WiredHost) -> tuple[bool, bool]:
    """Whether the node `lfo` and the cable from it are muted in what sounds."""
    sounding = wired.host.document.sounding
    return sounding.nodes["lfo"].muted, sounding.cables_by_key[CABLE].muted


def test_a_live_mute_is_heard_while_it_is_held_and_is_no_edit(wired: WiredHost) -> None:
    with wired.client() as ann:
        before, steps = wired.host.patch, len(ann.history().done)
        program = wired.host.performer.program
        told = ann.live_mute(True, "lfo", CABLE)
        assert told.heard
        assert muted(wired) == (True, True)
        assert ann.wait(lambda: ann.status.get("live_mutes") == ["lfo", list(CABLE)])
        assert until(lambda: wired.host.performer.program is not program)
        assert wired.host.patch == before == ann.keep()
        assert len(ann.history().done) == steps
        ann.live_mute(False, CABLE)
        assert muted(wired) == (True, False)
        ann.live_mute(False, "lfo")
        assert muted(wired) == (False, False)
        assert ann.wait(lambda: ann.status.get("live_mutes") == [])


def test_release_and_the_end_of_a_connection_drop_live_mutes(wired: WiredHost) -> None:
    with wired.client() as ann, wired.client("bob") as bob:
        ann.live_mute(True, "lfo", CABLE)
        bob.live_mute(True, "lfo")
        bob.close()
        assert until(lambda: len(wired.server.served.peers) == 1)
        assert muted(wired) == (True, True)
        ann.release(("scheduler", "strength"))
        assert muted(wired) == (True, True)
        ann.release()
        assert muted(wired) == (False, False)
        ann.live_mute(True, "lfo", CABLE)
    assert until(lambda: muted(wired) == (False, False))


def test_live_mutes_of_what_is_not_there_are_refused(wired: WiredHost) -> None:
    with wired.client() as ann:
        with pytest.raises(DemonError, match="node lfi: there is no such node"):
            ann.live_mute(True, "lfi")
        with pytest.raises(DemonError, match="a node inside a subpatch cannot be muted live"):
            ann.live_mute(True, "a/b")
        with pytest.raises(DemonError, match=r"there is no cable from lfo\.uni"):
            ann.live_mute(True, CableKey("lfo", "uni", "scheduler", "structure"))
        with pytest.raises(DemonError, match="no nodes and no cables are named"):
            ann.live_mute(True)
        assert wired.host.document.mutes.held == {}


def test_focus_is_a_live_value_of_the_scheduler(wired: WiredHost) -> None:
    with wired.client() as ann:
        ann.focus("8 s")
        assert ann.wait(lambda: ann.live_values == {("scheduler", "focus"): "8 s"})
        ann.release(("scheduler", "focus"))
        assert ann.wait(lambda: ann.live_values == {})
        with RawClient(wired.url) as raw:
            told = raw.ask({"verb": "focus", "id": 2, "stretch": "9 s"})
            assert (told["is"], told["kind"]) == ("refused", "message")


def test_safe_mode_mutes_drops_what_is_live_and_ends(wired: WiredHost) -> None:
    with wired.client() as ann:
        before = wired.host.patch
        ann.turn("scheduler", "strength", 0.25)
        ann.live_mute(True, "lfo")
        ann.safe_mode(True)
        assert ann.wait(lambda: ann.status.get("safe") and ann.status["muted"] and not ann.status["live_values"])
        assert muted(wired) == (False, False)
        assert wired.host.patch == before
        ann.safe_mode(False)
        assert ann.wait(lambda: not ann.status.get("safe") and not ann.status["muted"])


def test_cleared_notices_are_gone_for_all_clients_and_for_those_who_come(wired: WiredHost) -> None:
    heard: list[Event] = []
    with wired.client(hear=heard.append) as ann, wired.client("bob") as bob:
        for word in ("one", "two", "three"):
            wired.host.add_message(word)
        assert bob.wait(lambda: [each.fault.text for each in bob.notices][-3:] == ["one", "two", "three"])
        ann.clear(bob.notices[-2].number)
        for client in (ann, bob):
            assert client.wait(lambda client=client: [each.fault.text for each in client.notices] == ["three"])
        assert [event.client for event in heard if isinstance(event, Cleared)] == ["ann"]
        with wired.client("eve") as eve:
            assert eve.wait(lambda: [each.fault.text for each in eve.notices] == ["three"])
        with RawClient(wired.url) as raw:
            assert raw.ask({"verb": "clear", "id": 2, "until": -1})["kind"] == "message"


def test_two_commands_of_a_shell_at_once_share_name_and_history(wired: WiredHost) -> None:
    def command() -> Client:
        return Client(wired.url, name="command line", once=True)

    with command() as one, command() as other:
        assert one.welcome.client == other.welcome.client == "command line"
        one.do(SetValue("scheduler", "strength", 0.5), "First")
        other.do(SetValue("scheduler", "structure", 0.1), "Second")
        assert [step.label for step in other.history().done] == ["First", "Second"]
        one.close()
        assert until(lambda: len(wired.server.served.peers) == 1)
        with pytest.raises(DemonError, match="can open no gesture"):
            other.begin("Drag")
        with wired.client("command line") as lasting:
            assert lasting.welcome.client == "command line-2"
    with command() as third:
        third.undo()
        assert [step.label for step in third.history().done] == ["First"]

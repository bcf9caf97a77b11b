"""The view and the plain report on a running host: keys reach it, what it refuses is a message, a new host is found."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from demon_patch.patch.edit.commands import SetValue
from demon_patch.runtime.remote.versions import FOLDER
from demon_patch.terminal import attached
from demon_patch.terminal.attached import Attached
from demon_patch.terminal.view import View
from tests.support.wired_host import WiredHost, until, wired_host


@pytest.fixture(autouse=True)
def _own_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "versions"))


def test_keys_in_the_view_reach_the_host() -> None:
    async def press(view: View, wired: WiredHost) -> None:
        async with view.run_test(size=(120, 50)) as pilot:
            await pilot.press("m")
            assert wired.host._muted
            await pilot.press("m", "full_stop")
            assert not wired.host._muted
            (key,) = wired.host.live_values
            assert key == view.knobs[0].key
            await pilot.press("k")
            assert not wired.host.live_values
            assert wired.host.patch.nodes[key[0]].values[key[1]] == view.host.patch.nodes[key[0]].values[key[1]]
            for _ in range(200):
                await pilot.pause(0.02)
                if view.host.status.begun and view.host.status.slots:
                    break
            assert "live values" in " ".join(text for _, text in view.host.numbered_messages)

    with wired_host() as wired, Attached(wired.url) as playing:
        asyncio.run(press(View(playing, Path("x.dpatch.json")), wired))
        assert playing.status.bpm == 120
        assert playing.status.depth == 4


def test_what_the_host_refuses_is_a_message() -> None:
    with wired_host() as wired, Attached(wired.url) as playing:
        playing.turn("scheduler", "strength", 9.0)
        assert any("strength" in text for _, text in playing.numbered_messages)
        playing.record("../x.wav")
        assert [number for number, _ in playing.numbered_messages] == list(range(1, len(playing.numbered_messages) + 1))
        playing.stop_recording()


def test_it_attaches_again_when_the_host_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "AGAIN_SECONDS", 0.05)
    with wired_host() as first:
        playing = Attached(first.url)
        address = first.server.address
    with playing:
        playing.mute(True)
        assert any("the host has ended" in text for _, text in playing.numbered_messages)
        with wired_host(address=address) as second:
            assert until(lambda: any("again" in text for _, text in playing.numbered_messages))
            second.host.document.do(SetValue("scheduler", "strength", 0.25))
            assert until(lambda: playing.patch.nodes["scheduler"].values["strength"] == 0.25)

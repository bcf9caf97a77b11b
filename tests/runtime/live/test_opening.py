"""Another song, another length, another model while one plays: on a clock of its own, with the real audio process."""

from __future__ import annotations

import gc
import glob
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import SetMeta, SetValue
from demon_patch.patch.files.format import save
from demon_patch.patch.files.pack import packed
from demon_patch.patch.model.document import Cable, Node, Song
from demon_patch.runtime.devices.feeds import FedEvent
from tests.support.hearing import until
from tests.support.opened_songs import LOUD, PER_FRAME, SILENT, SOFT, A, B, Played
from tests.support.virtual_stage import BAR


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made = Played(tmp_path)
    with made.host as host:
        host.start()
        until(lambda: host.status.begun and host.status.seconds > 0.5, host.status)
        yield made


def test_another_song_takes_over_on_a_bar_line_without_a_gap(played: Played, tmp_path: Path) -> None:
    host = played.host
    save(B, tmp_path / "b.dpatch.json")
    host.document.do(SetValue("words", "text", "cold"))
    number = host.open(tmp_path / "b.dpatch.json")
    assert played.over(number).stage == "playing"
    assert [each.stage for each in played.seen] == ["loading", "compiling", "generating", "taking over", "playing"]
    played.later(2.0)
    assert host.heard(perf_counter()).frame == pytest.approx(host.tick_loop.now, abs=25)  # of B, not of A
    at = host.playing.speaker.start
    assert at % (BAR * PER_FRAME) == 0  # A plays at 120 bpm from sample 0 on
    levels, frame = played.levels(), at // PER_FRAME
    before, after = levels[frame - 25 : frame], levels[frame + 1 : frame + 26]
    assert before.min() > after.max() + 5.0
    assert before.mean() - after.mean() == pytest.approx(LOUD - SOFT, abs=4.0)
    assert levels[10:].min() > SILENT  # no gap anywhere
    assert host.patch == B
    assert host.document.undo() is None  # its own history
    with host.document.session() as session:
        assert session.revision == (1, 0)
    assert host.messages[-1] == "b.dpatch.json plays"


def test_nodes_of_equal_ids_keep_their_state(played: Played) -> None:
    host = played.host

    played.later(3.0)
    assert played.over(host.load(B)).stage == "playing"
    begin = host.playing.speaker.start // PER_FRAME
    assert begin > 75
    _, state, _, now = host.performer.forecast.snapshot()
    cells = {key[3]: x for key, x in zip(state.cell_keys, state.cells, strict=True) if key and key[0] == "lfo"}
    assert cells["cycles"] == pytest.approx((now + begin) / 25 * 0.05, abs=0.005)


def test_a_song_that_cannot_be_opened_leaves_what_plays_untouched(played: Played, tmp_path: Path) -> None:
    host, playing = played.host, played.host.playing
    (tmp_path / "broken.dpatch.json").write_text("{")
    strange = tmp_path / "strange.dpatch.json"
    save(structs.replace(A, meta=structs.replace(A.meta, model="unheard-of")), strange)
    for name, said in (("broken", "broken.dpatch.json"), ("gone", "gone.dpatch.json")):
        found = played.over(host.open(tmp_path / f"{name}.dpatch.json"))
        assert (found.stage, host.messages[-1].endswith("what plays goes on")) == ("failed", True)
        assert said in host.messages[-1]
    host._load = Session.load
    assert "unheard-of" in str(played.over(host.open(strange)).error)
    assert host.playing is playing
    assert host.patch == A
    played.later(0.5)
    assert played.levels()[10:].min() > SILENT
    assert not [thread for thread in threading.enumerate() if thread.name == "preparing"]


def test_it_is_refused_with_numbers_where_memory_lacks(played: Played) -> None:
    played.free = 5 * 2**20
    models = len(played.models)
    error = played.over(played.host.load(B)).error
    assert error is not None
    assert "about 165 MiB" in str(error)
    assert "5 MiB are free" in str(error)
    assert len(played.models) == models  # nothing was loaded
    played.free = None
    assert played.over(played.host.load(B)).stage == "playing"


def test_a_song_memory_without_room_is_refused_with_numbers(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("demon_patch.runtime.audio.shared.made", full)
        error = played.over(played.host.load(B)).error
    assert "0.5 MiB" in str(error) or "MiB: " in str(error)
    played.later(0.5)
    assert played.sessions[-1]() is None  # what was loaded is given back


def test_a_lack_of_memory_on_the_way_is_told_as_that(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> Session:
        raise MemoryError

    monkeypatch.setattr(played.host, "_load", fail)
    error = str(played.over(played.host.load(B)).error)
    assert error.startswith("the patch needs more memory than the system gives")
    assert "close other programs" in error


def test_a_later_wish_replaces_the_one_before(played: Played) -> None:
    first = played.host.load(structs.replace(B, song=Song(bpm=100)))
    second = played.host.load(B)
    assert played.over(second).stage == "playing"
    assert played.over(first).stage == "cancelled"
    assert played.host.patch == B


def test_what_is_prepared_can_be_cancelled(played: Played) -> None:
    number = played.host.load(B)
    played.host.cancel_opening()
    assert played.over(number).stage == "cancelled"
    assert played.host.patch == A
    until(lambda: len(memories()) == 2, memories())


def memories() -> list[str]:
    """The files of shared memory of this process."""
    return glob.glob(f"/dev/shm/demon-patch-audio-*-{os.getpid()}-*")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="shared memory lies elsewhere")
def test_ten_songs_leave_nothing_behind(played: Played) -> None:
    host = played.host
    for document in (B, A) * 5:
        assert played.over(host.load(document)).stage == "playing"
    until(lambda: len(memories()) == 2, memories())  # the timeline and one song
    gc.disable()
    try:
        assert sum(session() is not None for session in played.sessions) == 1
    finally:
        gc.enable()
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("tick") == 1
    assert names.count("preparing") == 0
    assert sum(name.startswith("editing") for name in names) <= 1


def test_an_edit_of_the_clips_length_takes_over_by_itself(played: Played) -> None:
    host = played.host
    before = host.status.song_length
    host.turn("scheduler", "strength", 0.6)
    host.tempo(100.0)
    host.document.do(SetValue("source", "seconds", 12.0))
    until(lambda: host.status.song_length == 12.0, host.opening)
    assert before == 8.0
    assert played.seen[-1].title == "the song with 12.0 s"
    until(lambda: host.playing.succeeded is not None and host.opening is not None and host.opening.stage == "playing")
    with host.document.session() as session:
        assert session.revision.epoch == 0
    assert host.live_values == {("scheduler", "strength"): 0.6}
    until(lambda: host.status.bpm == 100.0, host.status)
    assert host.document.undo() is not None
    until(lambda: host.status.song_length == 8.0, host.opening)


def test_the_files_of_a_pack_are_there_as_long_as_its_song_plays(played: Played, tmp_path: Path) -> None:
    host = played.host
    (tmp_path / "b.dpatch").write_bytes(packed(B, {}))
    assert played.over(host.open(tmp_path / "b.dpatch")).stage == "playing"
    folder = host.folder
    assert host.into == tmp_path
    host.document.do(SetValue("source", "seconds", 12.0))
    until(lambda: host.status.song_length == 12.0, host.opening)
    assert host.folder == folder
    assert folder.is_dir()
    assert played.over(host.new()).stage == "playing"
    assert not folder.exists()


def test_an_edit_that_goes_back_cancels_what_it_asked_for(played: Played) -> None:
    host, playing = played.host, played.host.playing
    host.document.do(SetValue("source", "seconds", 12.0))
    until(lambda: host.opening is not None, host.opening)
    host.document.undo()
    until(lambda: host.opening is not None and host.opening.stage == "cancelled", host.opening)
    assert host.playing is playing


def test_a_length_that_cannot_be_had_is_told_once_and_the_clip_is_cut(played: Played) -> None:
    played.free = 2**20
    host = played.host
    host.document.do(SetValue("source", "seconds", 12.0))
    until(lambda: played.seen and played.seen[-1].stage == "failed", played.seen)
    host.document.do(SetValue("words", "text", "cold"))
    host._edit_thread.submit(lambda: None).result(60)
    (told,) = (message for message in host.messages if "cannot be played" in message)
    assert "1 MiB are free" in told
    assert told.endswith("the song stays 8.0 s long, on Toy")
    assert host.opening is not None
    assert host.opening.number == 1


def test_another_model_keeps_the_document_and_the_place(played: Played) -> None:
    host = played.host
    played.later(1.0)
    with pytest.raises(DemonError, match="tiny"):
        host.set_model("tiny")
    assert played.over(host.set_model("toy")).stage == "playing"
    assert played.models == ["toy", "toy"]
    begin = host.playing.speaker.start // PER_FRAME
    assert host.performer.transport.song_frame(0) == begin % 200
    assert host.performer.transport.frame(0).beat == pytest.approx(begin / 12.5)
    assert host.patch.meta.model == "toy"
    played.later(1.0)
    assert played.levels()[10:].min() > SILENT + 30.0  # the same music goes on
    undone = host.document.undo()
    assert undone is not None
    assert host.patch == A


def test_an_edit_of_the_model_is_followed(played: Played) -> None:
    played.host.document.do(SetMeta(model="other"))
    until(lambda: played.models == ["toy", "other"], played.models)
    until(lambda: played.seen[-1].stage == "playing", played.seen)


def test_stopped_it_takes_over_at_once(played: Played) -> None:
    host = played.host
    host.play(False)
    until(lambda: not host.status.playing)
    assert played.over(host.load(B)).stage == "playing"
    until(lambda: host.status.begun and not host.status.playing, host.status)
    length = len(played.heard())
    host.play(True)
    played.later(1.0)
    levels, frame = played.levels(), length // PER_FRAME
    assert levels[frame + 2 :].max() < levels[10 : frame - 2].min() - 5.0


def test_stopped_before_the_bar_line_it_takes_over_at_once(played: Played) -> None:
    host = played.host
    host.follow_opening(lambda progress: host.play(False) if progress.stage == "taking over" else None)
    number = host.load(structs.replace(B, song=Song(bpm=120, beats_per_bar=4)))
    assert played.over(number).stage == "playing"
    until(lambda: host.status.begun and not host.status.playing, host.status)
    length = len(played.heard())
    host.play(True)
    played.later(1.0)
    levels, frame = played.levels(), length // PER_FRAME
    assert levels[frame + 2 :].max() < levels[10 : frame - 2].min() - 5.0
    assert levels[frame + 2 :].min() > SILENT


def test_the_transport_obeys_through_a_takeover(played: Played) -> None:
    """What is asked for while one performance hands over to the other is done by one of them."""
    host, flip = played.host, threading.Event()

    def pester() -> None:
        while not flip.wait(0.01):
            host.bypass(True)
            host.feed("nobody", "x", 1.0)

    thread = threading.Thread(target=pester)
    thread.start()
    try:
        assert played.over(host.load(B)).stage == "playing"
    finally:
        flip.set()
        thread.join()
    host.bypass(False)
    until(lambda: not host.status.bypass)


def test_what_a_device_sent_before_a_takeover_is_not_heard_minutes_later(played: Played) -> None:
    host = played.host
    cable = Cable("knob", "value", "decoder", "window", depth=0.01)
    document = structs.replace(B, nodes={**B.nodes, "knob": Node("midi_cc")}, cables=(*B.cables, cable))
    late = 5000  # a control frame of A, which has played for minutes
    assert played.over(host.load(document)).stage == "playing"
    host.feed_many([FedEvent("knob", "position", 0.75, late)])

    def position() -> float:
        program, state, *_ = host.performer.forecast.snapshot()
        return state.bus[program.live_inputs.port("knob", "position").slots[0]]

    until(lambda: position() == 0.75)
    assert host.performer.forecast.now < late


def test_edits_that_wait_for_a_performance_that_was_replaced_are_passed_over(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that is posted to play them goes on to the tick thread of the successor."""
    host, before = played.host, played.host.playing
    release = type(before).release

    def released(self: Any) -> None:
        if self is before:
            self._compiled.append([])  # compiled in the moment of the change
            host.playing.post(self._play_compiled)
        release(self)

    monkeypatch.setattr(type(before), "release", released)
    assert played.over(host.load(B)).stage == "playing"
    played.later(0.5)
    assert host.tick_loop.faults == []

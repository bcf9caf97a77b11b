"""Which of the held keys sound."""

from __future__ import annotations

import pytest

from demon_patch.runtime.devices.midi.notes import HeldKeys, KeyName, OneVoice, Voices


def key(note: int, device: int = 1, channel: int = 0) -> KeyName:
    return (device, channel, note)


def sounding(voice: OneVoice, held: HeldKeys) -> int | None:
    found = voice.choose(held.keys)
    return None if found is None else found.name[2]


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ("last", [60, 64, 62, 62, 60, None]),
        ("low", [60, 60, 60, 60, 60, None]),
        ("high", [60, 64, 64, 62, 60, None]),
        ("first", [60, 60, 60, 60, 60, None]),
    ],
)
def test_one_of_the_held_keys_sounds_by_priority(priority: str, expected: list[int | None]) -> None:
    held, voice, found = HeldKeys(), OneVoice(priority), []
    for note in (60, 64, 62):
        held.press(key(note), 1.0)
        found.append(sounding(voice, held))
    for note in (64, 62, 60):
        held.release(key(note))
        found.append(sounding(voice, held))
    assert found == expected


def test_the_pedal_holds_what_was_released() -> None:
    held = HeldKeys()
    held.press(key(60), 1.0)
    assert held.pedal((1, 0), True) == []
    assert held.release(key(60)) == []
    held.press(key(62), 1.0)
    assert held.pedal((1, 0), False) == [key(60)]
    assert list(held.keys) == [key(62)]
    assert held.release(key(62)) == [key(62)]
    assert held.release(key(62)) == []


def test_a_key_that_is_pressed_again_under_the_pedal_is_held_by_the_finger() -> None:
    held = HeldKeys()
    held.pedal((1, 0), True)
    held.press(key(60), 1.0)
    held.release(key(60))
    held.press(key(60), 0.5)
    assert held.pedal((1, 0), False) == []
    assert held.keys[key(60)].velocity == 0.5


def test_a_pedal_acts_on_its_keyboard_alone() -> None:
    held = HeldKeys()
    held.pedal((1, 0), True)
    held.press(key(60, device=2), 1.0)
    held.press(key(60, channel=1), 1.0)
    assert held.release(key(60, device=2)) == [key(60, device=2)]
    assert held.release(key(60, channel=1)) == [key(60, channel=1)]


def test_a_device_that_is_gone_holds_nothing() -> None:
    held = HeldKeys()
    held.pedal((1, 0), True)
    for device in (1, 2):
        held.press(key(60, device), 1.0)
    assert held.end_device(1) == [key(60, 1)]
    assert list(held.keys) == [key(60, 2)]
    held.press(key(61, 1), 1.0)
    assert held.release(key(61, 1)) == [key(61, 1)]  # its pedal is forgotten


def test_eight_voices_and_the_oldest_gives_way() -> None:
    voices = Voices(8)
    assert [voices.press(key(note)) for note in range(8)] == list(range(8))
    assert voices.press(key(8)) == 0
    assert voices.end(key(0)) is None  # its voice was taken
    assert voices.end(key(3)) == 3
    assert voices.press(key(9)) == 3
    assert voices.press(key(10)) == 1


def test_a_free_voice_rests_for_as_long_as_it_can() -> None:
    voices = Voices(3)
    assert voices.press(key(1)) == 0
    voices.end(key(1))
    assert [voices.press(key(note)) for note in (2, 3, 4)] == [1, 2, 0]


def test_a_key_that_has_a_voice_keeps_it() -> None:
    voices = Voices(2)
    voices.press(key(1))
    voices.press(key(2))
    assert voices.press(key(1)) == 0
    assert voices.press(key(3)) == 1  # the other one is older now

"""Names of MIDI devices."""

from __future__ import annotations

import pytest

from demon_patch.runtime.devices.midi.names import device_name, matches, numbered


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", "nanoKONTROL2 MIDI 1"),
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0", "nanoKONTROL2 MIDI 1"),
        ("Launch Control XL:Launch Control XL MIDI 1 28:0", "Launch Control XL MIDI 1"),
        ("a2j:Keystep 32 [20] (capture): Keystep 32 MIDI 1", "a2j:Keystep 32 (capture): Keystep 32 MIDI 1"),
        ("Keys:out", "Keys:out"),
        ("Keys-01:out", "Keys:out"),
        ("MPK mini 3", "MPK mini 3"),
        ("bad\x1b[2J", "bad\\x1b[2J"),
        ("", "MIDI device"),
    ],
)
def test_what_changes_when_a_device_is_plugged_in_again_is_left_out(port: str, name: str) -> None:
    assert device_name(port) == name


def test_two_of_one_name_are_told_apart_and_keep_their_names() -> None:
    first = numbered(["Pads 20:0", "Pads 24:0", "Keys 28:0"], {})
    assert first == {"Pads 20:0": "Pads", "Pads 24:0": "Pads (2)", "Keys 28:0": "Keys"}
    one = numbered(["Pads 24:0", "Keys 28:0"], first)
    assert one == {"Pads 24:0": "Pads (2)", "Keys 28:0": "Keys"}
    back = numbered(["Pads 32:0", "Pads 24:0", "Keys 28:0"], one)
    assert back == {"Pads 32:0": "Pads", "Pads 24:0": "Pads (2)", "Keys 28:0": "Keys"}


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("", "anything", True),
        ("Keys", "Keys", True),
        ("keys", "KEYS", True),
        ("Keys", "Keys (2)", False),
        ("Keys*", "Keys (2)", True),
        ("*kontrol*", "nanoKONTROL2 MIDI 1", True),
        ("K?ys", "Keys", False),
        ("[K]eys", "Keys", False),
        ("Pads (2)", "Pads (2)", True),
    ],
)
def test_a_star_stands_for_any_characters(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits

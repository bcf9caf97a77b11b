"""Numbers of ports are said, typed and turned the same way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look.numbers import exact, number, parsed, position, said
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.language.taper import norm

FACTS = Facts()
NUMERIC = [p for d in CATALOGUE.values() for p in d.ports if p.numeric]


def port(type: str, name: str) -> Port:
    found = FACTS.port(type, name)
    assert found is not None
    return found


@given(st.sampled_from(NUMERIC), st.floats(0, 1))
def test_positions_and_numbers_lead_to_each_other(port: Port, at: float) -> None:
    turned = number(at, port.lo, port.hi, port.taper)
    assert port.lo <= turned <= port.hi
    again = position(turned, port.lo, port.hi, port.taper)
    assert 0 <= again <= 1
    assert number(again, port.lo, port.hi, port.taper) == pytest.approx(turned, rel=1e-9, abs=1e-9)
    if port.bounded and port.taper != "int":
        assert again == pytest.approx(at, abs=1e-9)
        assert again == pytest.approx(float(norm(turned, port.lo, port.hi, port.taper)), abs=1e-9)


@given(st.sampled_from(NUMERIC), st.floats(0, 1))
def test_what_a_field_shows_is_read_back(port: Port, at: float) -> None:
    turned = number(at, port.lo, port.hi, port.taper)
    assert parsed(exact(turned, port.taper), port) == pytest.approx(turned, rel=1e-9, abs=1e-9)


@given(st.text(max_size=20), st.sampled_from(NUMERIC), st.none() | st.floats(1, 300))
def test_any_text_gives_a_number_in_range_or_words(text: str, port: Port, bpm: float | None) -> None:
    found = parsed(text, port, bpm)
    assert isinstance(found, str) or port.lo <= found <= port.hi


@pytest.mark.parametrize(
    ("text", "node", "name", "number"),
    [
        ("-6 dB", "decoder", "gain", -6.0),
        ("−6,5", "decoder", "gain", -6.5),
        ("-6 dB", "crossfade", "position", 10 ** (-6 / 20)),
        ("40 %", "scheduler", "strength", 0.4),
        ("25%", "clock", "beats", 0.0625 * (64 / 0.0625) ** 0.25),
        ("2.5k", "composed_source", "seed", 2500.0),
        ("1/8t", "lfo", "rate", 3.0),
        ("2 Hz", "lfo", "rate", 2.0),
        ("bpm/100", "lfo", "rate", 1.2),
        ("500 ms", "lfo", "rate", 2.0),
        ("1/16n", "clock", "beats", 0.25),
        ("1/4d", "clock", "beats", 1.5),
        ("2 bars", "clock", "beats", 8.0),
        ("1 s", "clock", "beats", 2.0),
        ("250 ms", "decoder", "window", 0.25),
        ("1/8n", "decoder", "window", 0.25),
        ("beat/2", "decoder", "window", 0.25),
        ("(1+2)*4", "euclid", "steps", 12.0),
        ("max(3, 5)", "euclid", "steps", 5.0),
        ("8.6", "euclid", "steps", 9.0),
        ("c4", "keyboard", "transpose", 60.0),
        ("900", "decoder", "gain", 12.0),
    ],
)
def test_typed_numbers(text: str, node: str, name: str, number: float) -> None:
    declared = port(node, name)
    expected = min(declared.hi, max(declared.lo, number))
    assert parsed(text, declared, 120.0) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "type a number"),
        ("loud", "loud is not known"),
        ("3 apples", "the unit apples is not known"),
        ("1/0", "it divides by 0"),
        ("9**9**9", "that is too large"),
        ("__import__('os')", "there is no function __import__"),
        ("-6 dB", "this is in s, not in dB"),
        ("1/0n", "a note is no part of nothing"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    assert parsed(text, port("decoder", "window"), 120.0) == words


def test_a_length_of_a_note_in_seconds_needs_a_tempo() -> None:
    assert isinstance(parsed("1/8t", port("decoder", "window"), None), str)


@pytest.mark.parametrize(
    ("number", "unit", "taper", "text"),
    [
        (0.7, "", "family", "70 %"),
        (-6.0, "dB", "linear", "−6.00 dB"),
        (0.02, "s", "log", "20 ms"),
        (0.32, "s", "log", "0.32 s"),
        (16.0, "s", "log", "16.0 s"),
        (-0.0001, "", "linear", "0.00"),
        (3.0, "semitones", "int", "3 st"),
        (math.inf, "", "linear", "∞"),
        (4294967295.0, "", "int", "4294967295"),
        (0.0625, "", "log", "0.062"),
    ],
)
def test_numbers_are_said_shortly(number: float, unit: str, taper: str, text: str) -> None:
    assert said(number, unit, taper) == text

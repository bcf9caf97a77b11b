"""Texts are measured by the shipped font's own table."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.look import system_fonts, text
from demon_patch.editor.look.theme import LABEL, THEMES, TITLE
from demon_patch.patch.model.record import colour
from tests.support.paths import ROOT

words = st.text("abc WiI.,0123éż中ω\n", max_size=60)


@pytest.mark.parametrize("bold", [False, True])
def test_figures_and_signs_are_of_one_width(bold: bool) -> None:
    assert len({text.width(char, 100.0, bold) for char in "0123456789+−-"}) == 1


def test_bold_is_wider_and_size_scales() -> None:
    assert text.width("Scheduler", TITLE, bold=True) > text.width("Scheduler", TITLE)
    assert text.width("Scheduler", 2 * TITLE) == pytest.approx(2 * text.width("Scheduler", TITLE))


def _advances(path: Path) -> tuple[int, dict[int, int]]:
    """The height of a line and the advance by character, read from a font file by its tables."""
    data = path.read_bytes()
    count = struct.unpack(">H", data[4:6])[0]
    tables = {data[i : i + 4]: struct.unpack(">II", data[i + 8 : i + 16]) for i in range(12, 12 + 16 * count, 16)}
    hhea, hmtx, cmap = (tables[name][0] for name in (b"hhea", b"hmtx", b"cmap"))
    ascent, descent = struct.unpack(">hh", data[hhea + 4 : hhea + 8])
    metrics = struct.unpack(">H", data[hhea + 34 : hhea + 36])[0]
    found = {}
    for i in range(struct.unpack(">H", data[cmap + 2 : cmap + 4])[0]):
        at = cmap + struct.unpack(">I", data[cmap + 8 + 8 * i : cmap + 12 + 8 * i])[0]
        if struct.unpack(">H", data[at : at + 2])[0] != 4:
            continue
        n = struct.unpack(">H", data[at + 6 : at + 8])[0]
        ends = struct.unpack(f">{n // 2}H", data[at + 14 : at + 14 + n])
        rest = [struct.unpack(f">{n // 2}H", data[at + 16 + k * n : at + 16 + (k + 1) * n]) for k in (1, 2, 3)]
        for k, (start, delta, offset, end) in enumerate(zip(*rest, ends, strict=True)):
            for char in range(start, min(end, 0xFFFE) + 1):
                glyph = (char + delta) % 65536
                if offset:
                    place = at + 16 + 3 * n + 2 * k + offset + 2 * (char - start)
                    glyph = (struct.unpack(">H", data[place : place + 2])[0] + delta) % 65536
                place = hmtx + 4 * min(glyph, metrics - 1)
                found[char] = struct.unpack(">H", data[place : place + 2])[0]
    return ascent - descent, found


@pytest.mark.parametrize("bold", [False, True])
def test_the_table_of_widths_is_that_of_the_font_file(bold: bool) -> None:
    line, advances = _advances(text.FILES[bold])
    assert len(advances) > 350
    for char, advance in advances.items():
        assert text.width(chr(char), 1.0, bold) == pytest.approx(advance / line, abs=1e-4)


@given(words, st.floats(0, 300))
def test_a_fitted_text_fits_and_is_whole_where_it_can_be(given: str, most: float) -> None:
    made = text.fitted(given, LABEL, most)
    assert text.width(made, LABEL) <= most + 1e-9
    if text.width(" ".join(given.split()), LABEL) <= most:
        assert made == " ".join(given.split())


@given(words, st.floats(20, 300), st.integers(0, 4))
def test_wrapped_lines_fit_and_keep_every_character(given: str, most: float, lines: int) -> None:
    made = text.wrapped(given, LABEL, most, lines)
    assert all(text.width(line, LABEL) <= most + 1e-9 for line in made)
    assert not lines or len(made) <= lines
    if not lines:
        assert "".join("".join(made).split()) == "".join(given.split())


def test_the_font_comes_with_its_licence() -> None:
    licence = (text.FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL Open Font License" in licence
    assert "Reserved Font Name" not in licence.split("PREAMBLE")[0]
    assert "Inter" in (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert set(json.loads((text.FONTS / "widths.json").read_text(encoding="utf-8"))) == {"Medium", "SemiBold"}


def test_both_themes_colour_all_types_and_text_stands_out() -> None:
    from demon_patch.nodes.catalogue import CATALOGUE

    types = {p.type for d in CATALOGUE.values() for p in (*d.ports, *d.outs)}
    categories = {d.category for d in CATALOGUE.values()}
    for theme in THEMES.values():
        assert types <= theme.ports.keys()
        assert categories <= theme.categories.keys()
        for ground in (theme.body, theme.well, theme.ground, theme.panel):
            assert _contrast(theme.text, ground) > 7
            assert _contrast(theme.label, ground) > 4.5
        for name in types:
            assert _contrast(theme.port(name), theme.body) > 2.8, name
        assert theme.category("engine", colour("#ff0000")) == (255, 0, 0, 255)


def _contrast(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    light = sorted(_luminance(c) for c in (a, b))
    return (light[1] + 0.05) / (light[0] + 0.05)


def _luminance(c: tuple[int, ...]) -> float:
    parts = [x / 255 for x in c[:3]]
    r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_scripts_ask_for_their_fonts(tmp_path: Path) -> None:
    deep = tmp_path / "truetype" / "noto"
    deep.mkdir(parents=True)
    (tmp_path / "DejaVuSans.ttf").touch()
    (deep / "NotoSansCJK-Regular.ttc").touch()
    found = {font.script: font.name for font in system_fonts.found_in([tmp_path / "absent", tmp_path])}
    assert found == {"letters": "DejaVuSans", "east asian": "NotoSansCJK-Regular", "signs": "DejaVuSans"}
    assert system_fonts.scripts_in("Żółć 120 bpm") == []
    assert system_fonts.scripts_in("日本語 Я") == ["east asian", "letters"]
    assert system_fonts.scripts_in("♭♯ Б") == ["signs", "letters"]
    assert system_fonts.font_for("plain") is None

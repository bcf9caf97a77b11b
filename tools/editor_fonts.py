"""Makes the editor's fonts and the table of their widths from the variable font Inter (SIL OFL 1.1).

    python tools/editor_fonts.py Inter[opsz,wght].ttf LICENCE

Needs fontTools (pip install fonttools). Dear PyGui reads only the default instance of a variable font, so this writes
one file for each weight, with the characters that the editor shows. Figures and signs have their tabular forms, so that
a changing number does not shake.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from fontTools import subset  # pyright: ignore[reportMissingImports]
from fontTools.ttLib import TTFont  # pyright: ignore[reportMissingImports]
from fontTools.varLib.instancer import instantiateVariableFont  # pyright: ignore[reportMissingImports]

FOLDER = Path(__file__).parents[1] / "demon_patch" / "editor" / "look" / "fonts"
WEIGHTS = {"Medium": 500, "SemiBold": 620}
TABULAR = {*map(ord, "0123456789.,:+-"), 0x2212}
SIGNS = "–—‘’‚“”„†‡•…‰‹›⁄€←↑→↓↔↕↖↗↘↙⇧⇥↩⌘⌥⌃⌫−×÷±∞≈≠≤≥√∫∆∑∏πµΩ°▲▶▼◀●○■□◆◇✓✗★☆"
CHARACTERS = {*range(0x20, 0x7F), *range(0xA0, 0x180), *map(ord, SIGNS)}


def tabular_forms(font: TTFont) -> dict[str, str]:
    """Returns the tabular form of each glyph that has one, by the glyph's name."""
    table, forms = font["GSUB"].table, {}
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for part in table.LookupList.Lookup[index].SubTable:
                    forms |= getattr(getattr(part, "ExtSubTable", part), "mapping", {})
    return forms


def made(source: Path, weight: str, target: Path) -> dict[str, float]:
    """Writes one weight of the font; returns the advance by character, in heights of the line (ascent - descent)."""
    font = instantiateVariableFont(TTFont(source), {"opsz": 14, "wght": WEIGHTS[weight]})
    forms = tabular_forms(font)
    for part in font["cmap"].tables:
        part.cmap = {c: forms.get(glyph, glyph) if c in TABULAR else glyph for c, glyph in part.cmap.items()}
    options = subset.Options()
    options.layout_features, options.hinting, options.name_IDs = ["kern"], False, [0, 1, 2, 4, 5, 6, 13, 14]
    cut = subset.Subsetter(options)
    cut.populate(unicodes=CHARACTERS)
    cut.subset(font)
    for id, text in {1: "Inter", 2: weight, 4: f"Inter {weight}", 6: f"Inter-{weight}"}.items():
        font["name"].setName(text, id, 3, 1, 0x409)
    font.save(target)
    line = font["hhea"].ascent - font["hhea"].descent
    return {chr(c): round(font["hmtx"][glyph][0] / line, 4) for c, glyph in sorted(font.getBestCmap().items())}


def main() -> None:
    """Makes all files."""
    source, licence = map(Path, sys.argv[1:3])
    FOLDER.mkdir(parents=True, exist_ok=True)
    widths = {weight: made(source, weight, FOLDER / f"Inter-{weight}.ttf") for weight in WEIGHTS}
    text = json.dumps(widths, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (FOLDER / "widths.json").write_text(text + "\n", encoding="utf-8")
    shutil.copyfile(licence, FOLDER / "OFL.txt")
    print({weight: len(table) for weight, table in widths.items()})


if __name__ == "__main__":
    main()

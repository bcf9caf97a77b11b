"""`demon-patch doctor` on a real audio server: it opens the card, and looks at it through the process of its own."""

from __future__ import annotations

import pytest

from demon_patch.doctor.apart import examine
from demon_patch.doctor.checks import CHECKS
from demon_patch.doctor.findings import FAULT, FINE
from tests.support import jack_server


@pytest.mark.usefixtures("card")
def test_the_card_is_opened_and_left_as_it_was() -> None:
    before = jack_server.ports()
    found = dict(examine([check for check in CHECKS if check.name in ("sound", "MIDI")]))
    by_name = {check.name: findings for check, findings in found.items()}
    told = [each for each in by_name["sound"] if "48000 Hz" in each.what]
    assert len(told) == 1, by_name
    assert told[0].level != FAULT  # a busy machine may be late, which is a warning
    assert "2 channels" in told[0].what
    assert any("mido and rtmidi are there" in each.what and each.level == FINE for each in by_name["MIDI"]), by_name
    assert jack_server.until(lambda: jack_server.ports() == before)

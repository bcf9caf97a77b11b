"""The lead follows what waits and decodes take, and what waits are expected."""

from __future__ import annotations

from demon_patch.runtime.live.lead import CALM, RECENT, Lead

RATE = 25


def settled(lead: Lead, wait: float, looks: int = 200) -> int:
    for _ in range(looks):
        lead.note_wait(wait)
        lead.note_decode(0.02)
        lead.updated(0.03)
    return lead.frames


def test_it_follows_an_expected_wait_at_once_both_ways() -> None:
    lead = Lead(RATE, 4)
    lead.expect_waits(0.2)
    assert settled(lead, 0.21) == 8  # .03 + 1.25 * (.21 + .02)
    lead.expect_waits(0.04)
    assert lead.updated(0.03) == 3
    lead.expect_waits(0.4)
    assert lead.lengthened(0.03) == 15
    assert lead.updated(0.03) == 15


def test_what_exceeds_an_expected_wait_is_kept() -> None:
    lead = Lead(RATE, 4)
    lead.expect_waits(0.2)
    assert settled(lead, 0.3) == 11  # .03 + 1.25 * (.3 + .02)
    lead.expect_waits(0.04)
    assert lead.updated(0.03) >= 6  # .03 + 1.25 * (.04 + .1 + .02)


def test_nothing_is_lost_when_nothing_is_expected_any_more() -> None:
    lead, plain = Lead(RATE, 4), Lead(RATE, 4)
    lead.expect_waits(0.2)
    assert settled(lead, 0.3) == settled(plain, 0.3)
    for _ in range(3):
        lead.expect_waits(0.0)
        plain.expect_waits(0.0)
        assert lead.updated(0.03) == plain.updated(0.03)
    for each in (lead, plain):
        settled(each, 0.01, RECENT + 20 * CALM)
    assert lead.frames == plain.frames == 2


def test_it_never_vanishes() -> None:
    lead = Lead(RATE, 2)
    lead.expect_waits(1.0)
    lead.expect_waits(0.001)
    assert lead.frames >= 1


def test_company_lengthens_it_at_once_and_leaves_it_frame_by_frame() -> None:
    lead = Lead(RATE, 4)
    alone = settled(lead, 0.04)
    lead.expect_company(0.4)
    assert lead.frames == alone + 10  # .4 seconds
    for _ in range(2 * CALM):
        lead.note_wait(0.04)
        assert lead.updated(0.03) == alone + 10
    lead.expect_company(0.0)
    assert lead.frames == alone + 10
    for less in range(1, 11):
        lengths = [lead.updated(0.03) for _ in range(CALM)]
        assert lengths == [alone + 11 - less] * (CALM - 1) + [alone + 10 - less]
    assert settled(lead, 0.04) == alone
    lead.expect_company(0.4)
    lead.expect_company(0.4)
    assert lead.frames == alone + 10

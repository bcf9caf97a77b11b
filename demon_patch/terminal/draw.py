"""Turns a host's status into styled text. Colour only repeats what the characters say."""

from __future__ import annotations

from math import ceil
from textwrap import shorten, wrap

from rich.text import Text

from demon_patch.errors import visible
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.live.status import SlotStatus, Status

FLOOR_DB = -48.0  # the left end of a level
HOT_DB, CLIPPED_DB = -6.0, -0.5

GOOD, WARM, BAD, FAINT, LIVE = "green", "yellow", "bold red", "grey58", "bold cyan"


def place(status: Status) -> str:
    """Returns bar, beat and sixteenth, each counted from 1: `7.1.3`."""
    sixteenths = int((status.beat - status.metre_beat) * 4 // 1)
    bar, rest = divmod(sixteenths, round(4 * status.beats_per_bar))
    return f"{status.metre_bar + bar + 1}.{rest // 4 + 1}.{rest % 4 + 1}"


def state(status: Status) -> str:
    """Returns the state of the transport: "playing", "stopped", "no device" or "filling the ring"."""
    if not status.begun:
        return "filling the ring"
    if not status.playing:
        return "stopped"
    return "no device" if status.device_lost else "playing"


def transport(status: Status) -> Text:
    """Returns the line of the transport: its state, place in bars, seconds, tempo, and the switches that are on."""
    sign = "▶" if status.playing and status.begun else "■"
    text = Text().append(f"{sign} {state(status)}", GOOD if status.playing and not status.device_lost else WARM)
    text.append(f"  {place(status):<8}", "bold")
    text.append(f" {status.seconds:.1f} s   {status.bpm:g} bpm")
    for on, word, style in (
        (status.follow, "follow", GOOD),
        (status.bypass, "SOURCE", WARM),
        (status.muted, "MUTED", BAD),
        (bool(status.recording), "● REC", BAD),
        (status.device_lost, "NO DEVICE", BAD),
    ):
        if on:
            text.append("   ").append(word, style)
    return text


def song(status: Status, width: int) -> Text:
    """Returns the song as a line of `width` cells. Brackets enclose the loop region, a bead marks the song position
    that is heard, and a thick line marks the stretch that is being generated."""
    label = f" {status.song:.1f} / {status.song_length:.1f} s"
    cells = max(width - len(label), 8)
    per_second = cells / max(status.song_length, 1e-9)
    line = ["─"] * cells
    lo, hi = status.loop or (0.0, status.song_length)
    first, last = (min(int(end * per_second), cells - 1) for end in (lo, hi - 1e-6))
    if status.loop is not None:
        line[first : last + 1] = ["═"] * (last + 1 - first)
        line[first], line[last] = "[", "]"
    if status.making is not None:
        begin, seconds = status.making
        made = {cell % cells for cell in range(int(begin * per_second), ceil((begin + seconds) * per_second))}
        line = ["━" if cell in made and mark not in "[]" else mark for cell, mark in enumerate(line)]
    at = min(int(status.song * per_second), cells - 1)
    text = Text("".join([*line[:at], "●", *line[at + 1 :]]), FAINT)
    if status.loop is not None:
        text.stylize(LIVE, first, last + 1)
    text.stylize("bold", at, at + 1)
    return text.append(label)


def slot_status(bead: SlotStatus) -> Text:
    """Returns the line of one generation: rings for finished steps, a bead at its present step, and when it will be
    heard."""
    at = min(bead.step, bead.steps - 1)
    text = Text().append("○" * at, FAINT).append("●", LIVE).append("·" * (bead.steps - 1 - at), FAINT)
    text.append(f" {bead.step:>2}/{bead.steps:<2} ")
    if bead.heard_in < 0:
        return text.append(f"late by {-bead.heard_in:.1f} s", WARM)
    return text.append(f"heard in {bead.heard_in:.1f} s")


def ring(status: Status) -> Text:
    """Returns one line for each slot of the ring: the generations in flight, then the free slots."""
    steps = max((each.steps for each in status.slots), default=int(CATALOGUE["scheduler"].by_name["steps"].default))
    free = [Text("·" * steps, FAINT)] * (status.depth - len(status.slots))
    return Text("\n").join([*map(slot_status, status.slots), *free])


def level(name: str, decibels: float, width: int) -> Text:
    """Returns a level in dB as a number and a bar of `width` cells, with `!` at its end above CLIPPED_DB."""
    share = min(max(1.0 - decibels / FLOOR_DB, 0.0), 1.0)
    style = BAD if decibels > CLIPPED_DB else WARM if decibels > HOT_DB else GOOD
    filled = round(share * width)
    text = Text(f"{name:<5}{max(decibels, -99.9):>6.1f} dB ").append("█" * filled, style)
    return text.append("░" * (width - filled), FAINT).append("!" if decibels > CLIPPED_DB else " ", style)


def _counted(*counts: tuple[str, float]) -> Text:
    """Returns names with counts that ought to be 0; other counts have the colour of a warning."""
    each = (Text(name + " ").append(f"{count:g}", WARM if count else GOOD) for name, count in counts)
    return Text("   ").join(each)


def meters(status: Status) -> Text:
    """Returns eight lines of at most 40 cells with levels, times and counts."""
    median, worst = status.heard_error_ms
    lines = [
        level("peak", status.peak_db, 16),
        level("rms", status.rms_db, 16),
        Text(f"tick {status.tick_ms:.0f} ms   decode {status.decode_ms:.0f} ms"),
        Text(f"lead {status.lead_ms:.0f} ms   heard error {median:.0f}, {worst:.0f} ms"),
        Text(f"made {status.completions}   {status.completions_per_second:.1f} a second{_of(status)}"),
        _counted(("late", status.late), ("missed", status.missed), ("restarts", status.restarts)),
        _counted(("starved", round(status.starved, 1)), ("xruns", status.xruns)).append(
            f"   previews {status.previews}"
        ),
        Text(
            shorten(visible(status.device) or "no device yet", 38, placeholder="…"), BAD if status.device_lost else ""
        ),
    ]
    return Text("\n").join(lines)


def _of(status: Status) -> str:
    """Returns the length of a generation in seconds, as text; empty where it is the whole song."""
    return "" if status.making is None else f"   of {status.making[1]:.1f} s"


def messages(status: Status, width: int, lines: int) -> Text:
    """Returns the last `lines` lines of: the messages, the newest last; then the nodes that fail now; then the waiting
    edits."""
    told = [(message, "") for message in status.messages]
    told += [(f"! {node}: {what}", WARM) for node, what in status.faults.items()]
    told += [(f"… {each.label} in {each.seconds:.1f} s ({each.at})", GOOD) for each in status.waiting]
    wrapped = [Text(each, style) for text, style in told for each in wrap(visible(text), max(width, 20))]
    return Text("\n").join(wrapped[-max(lines, 1) :])


def line(status: Status) -> str:
    """Returns the whole status in one plain line."""
    lost = status.device_lost and state(status) != "no device"
    switches = (("muted", status.muted), ("source", status.bypass), ("no device", lost))
    on = [word for word, is_on in switches if is_on]
    return "  ".join(
        [
            f"{status.seconds:7.1f} s",
            ", ".join([state(status), *on]),
            place(status),
            f"{status.bpm:g} bpm",
            f"song {status.song:.1f}/{status.song_length:.1f}",
            f"peak {status.peak_db:.0f} dB",
            f"tick {status.tick_ms:.0f} ms",
            f"lead {status.lead_ms:.0f} ms",
            f"heard error {status.heard_error_ms[0]:.0f} ms",
            f"made {status.completions}{_of(status)}",
            f"late {status.late}",
            f"starved {status.starved:.1f} s",
            f"xruns {status.xruns}",
            *([f"waiting {len(status.waiting)}"] if status.waiting else []),
        ]
    )

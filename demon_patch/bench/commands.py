"""The commands under `demon-patch bench`."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from demon_patch.bench.machine import MODEL
from demon_patch.bench.quality.command import nano_quality, told_notes
from demon_patch.bench.tables import keep_rows, show_rows
from demon_patch.console import JsonFlag, Minutes, Names, Seconds, Threads, err, examples

ENGINES = ("executor", "latent_frames")
"""The columns that say what a row of a comparison of executors is about."""

bench = App(name="bench", help="Measures speed on this machine.", help_epilogue=examples("demon-patch bench ring"))
bench.command(nano_quality)
bench.command(told_notes)


@bench.command
def ring(*, as_json: JsonFlag = False) -> None:
    """Times a ring tick outside the forward, counts its allocations, and compares it with a global-schedule ring.

    Parameters:
        as_json: Prints JSON in place of tables.
    """
    from demon_patch.bench.global_ring import compare
    from demon_patch.bench.ring import measure

    title = "ring: 1500 frames, 64 channels, 8 steps, stub denoiser, one thread; completions while strength moves"
    show_rows(title, [*measure(), compare()], as_json)


@bench.command
def decode(*, as_json: JsonFlag = False, threads: Threads = None) -> None:
    """Times windowed against whole decode, and a ring of nano at work.

    Parameters:
        as_json: Prints JSON in place of tables.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.decode import measure_decode, measure_playing
    from demon_patch.engine.session import Session

    session = Session.load("nano", threads=threads)
    rows = [measure_playing(session), measure_decode(session)]
    show_rows("decode and playing: nano", rows, as_json)


@bench.command
def executors(
    executor: str = "onnx", *, model: str = MODEL, save: Path | None = None, as_json: JsonFlag = False
) -> None:
    """Times a forward by an executor against PyTorch, in one run on one thread.

    Parameters:
        executor: The executor, as in --executor of play.
        model: A model that comes with the program.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON: the rows, with the machine that they were measured on.
    """
    from demon_patch.bench.executors import measure

    title = f"executors: {executor} against torch, {model}, one thread"
    keep_rows(title, measure(executor, model), save, as_json, by=ENGINES)


@bench.command
def steering(*, save: Path | None = None, as_json: JsonFlag = False) -> None:
    """Times a forward of nano with the places for steering, of which none is used, against one without.

    Parameters:
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON: the rows, with the machine that they were measured on.
    """
    from demon_patch.bench.idle_steering import measure
    from demon_patch.engine.families import load_family

    title = "steering that is not used: a forward of one row, nano, one thread"
    keep_rows(title, measure(load_family("nano")), save, as_json, by=ENGINES)


@bench.command
def gate(executor: str = "onnx", *, as_json: JsonFlag = False) -> None:
    """Compares nano's sound by an executor with that in float32, on twelve prompts; fails if it is off.

    Parameters:
        executor: The executor, as in --executor of play.
        as_json: Prints JSON in place of tables.
    """
    from demon_patch.bench.executors import judged

    verdict = judged(executor)
    show_rows(f"gate: {executor} against float32, {verdict.limits}", verdict.rows(), as_json)
    verdict.check()


@bench.command
def sound(*recordings: Path, save: Path | None = None, as_json: JsonFlag = False, threads: Threads = None) -> None:
    """Measures how recordings sound on their way from themselves to a generation: chroma, loudness, samples.

    Parameters:
        recordings: Sound files of music, of which 30 seconds each are used.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON: the rows, with the machine that they were measured on.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.sound import measure
    from demon_patch.engine.session import Session

    session = Session.load("nano", threads=threads)
    keep_rows("sound: by tenths of strength", [measure(session, path) for path in recordings], save, as_json)


@bench.command
def codec(*recordings: Path, save: Path | None = None, as_json: JsonFlag = False, threads: Threads = None) -> None:
    """Measures what the codec does to partials, attacks and notes, and the time that a second of sound takes.

    Parameters:
        recordings: Sound files of music, of which 10 seconds each are used, beside three composed loops.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON: the rows, with the machine that they were measured on.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.codec import measure
    from demon_patch.engine.session import Session

    session = Session.load("nano", threads=threads)
    keep_rows("codec: what is decoded against the original", list(measure(session, recordings)), save, as_json)


@bench.command
def propagation(*, controls: Names = (), save: Path | None = None, as_json: JsonFlag = False) -> None:
    """Counts the forwards from a write of each control to the latent that shows it, on an exact family.

    Parameters:
        controls: Only these; all by default.
        save: Keeps the rows in this JSON file, beside those of other controls. Without it they are only shown.
        as_json: Prints JSON in place of tables.
    """
    from demon_patch.bench.gaussian import gaussian
    from demon_patch.bench.page import TITLES
    from demon_patch.bench.propagation import measure
    from demon_patch.engine.session import Session

    keep_rows(TITLES["propagation"], measure(Session(gaussian()), controls=controls), save, as_json)


@bench.command
def seen(*, controls: Names = (), save: Path | None = None, as_json: JsonFlag = False, threads: Threads = None) -> None:
    """Counts how many last steps must use a new value before it is in nano's latent.

    Parameters:
        controls: Only these, of the classes step, late step and weights; all of them by default.
        save: Keeps the rows in this JSON file, beside those of other controls. Without it they are only shown.
        as_json: Prints JSON in place of tables.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.page import TITLES
    from demon_patch.bench.propagation import measure_shares
    from demon_patch.engine.session import Session

    keep_rows(TITLES["seen"], measure_shares(Session.load(MODEL, threads=threads), controls), save, as_json)


@bench.command
def modulation(
    *,
    controls: Names = (),
    save: Path | None = None,
    as_json: JsonFlag = False,
    threads: Threads = None,
) -> None:
    """Measures how far each control moves the sound of nano: about 20 seconds a control on two cores.

    Parameters:
        controls: Only these; all by default.
        save: Keeps the rows in this JSON file, beside those of other controls. Without it they are only shown.
        as_json: Prints JSON in place of tables.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.modulation import measure
    from demon_patch.bench.page import TITLES
    from demon_patch.engine.session import Session

    rows = []
    for row in measure(Session.load(MODEL, threads=threads), controls):
        err.print(f"{row['control']}: {row['change']:.3g} of {row['descriptor']}, {row['ratio']:.3g} spreads")
        rows.append(row)
        keep_rows(TITLES["modulation"], [row], save, quiet=True)
    keep_rows(TITLES["modulation"], rows, save, as_json)


@bench.command
def latency(
    *,
    models: Names = (MODEL,),
    measured: Path = Path("docs/measured"),
    as_json: JsonFlag = False,
    threads: Threads = None,
) -> None:
    """Measures knob to ear by class of control, at 8 and 4 steps: two minutes a model, with nothing else running.

    The real engine's ticks and decodes are played against a clock made of their own durations.

    Parameters:
        models: Those that are measured, turn by turn.
        measured: The folder of kept measurements, where `bench seen` has left how many steps make a control heard.
        as_json: Prints JSON in place of tables.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.latency import measure
    from demon_patch.bench.page import load
    from demon_patch.engine.session import Session

    rows = measure([Session.load(name, threads=threads) for name in models], load(measured)["seen"])
    show_rows("knob to ear: by number of steps and depth", rows, as_json)


@bench.command(name="page")
def pages(
    *,
    measured: Path = Path("docs/measured"),
    out: Path = Path("docs/controls.md"),
    performance: Path = Path("docs/performance.md"),
    reliability: Path | None = Path("docs/reliability.md"),
) -> None:
    """Writes the page of all controls, and the tables of the pages of performance and reliability, from the kept
    measurements.

    Parameters:
        measured: The folder of kept measurements.
        out: The page of all controls, which is written.
        performance: The page of performance, whose tables are made again.
        reliability: The page of reliability, whose tables are made again.
    """
    from demon_patch.bench import reliability as reliable
    from demon_patch.bench.page import load, page
    from demon_patch.bench.performance import filled
    from demon_patch.runtime.assets.text_pages import write_page

    write_page(out, page(load(measured)))
    performance.write_text(filled(performance.read_text(encoding="utf-8"), measured), encoding="utf-8")
    if reliability is not None:
        text = filled(reliability.read_text(encoding="utf-8"), measured, reliable.TABLES)
        reliability.write_text(text, encoding="utf-8")
    written = [str(each) for each in (out, performance, reliability) if each is not None]
    err.print(f"wrote {' and '.join(written)}", soft_wrap=True)


@bench.command
def live(
    *,
    seconds: Seconds = 60.0,
    focus: str = "8 s",
    patch: Path | None = None,
    picture: Path | None = None,
    as_json: JsonFlag = False,
    threads: Threads = None,
) -> None:
    """Plays through the sound device and measures what is heard: five minutes.

    Parameters:
        seconds: Seconds of the run before knobs are turned, up to 3600.
        focus: How much of the song is generated at a time: "auto", "song", "20 s" or "8 s".
        patch: A patch file whose joins are looked at; First Light by default.
        picture: Writes a PNG of it here.
        as_json: Prints JSON in place of tables.
        threads: Processor threads, 1 to 64; all by default.
    """
    from time import perf_counter

    began = perf_counter()
    from demon_patch.bench.live import KNOBS, measure_edges, measure_minute, measure_run
    from demon_patch.engine.session import Session
    from demon_patch.shipped import template

    session = Session.load("nano", threads=threads)
    rows = measure_run(session, began, seconds, focus)
    rows += [measure_edges(session, control) for control in KNOBS]
    rows.append(measure_minute(session, patch or template("first-light"), picture, seconds))
    show_rows("live: nano on the sound device", rows, as_json)


@bench.command
def focus(*, as_json: JsonFlag = False, threads: Threads = None) -> None:
    """Plays songs of 60 and 24 s through the sound device, and measures how soon a request is heard: three minutes.

    Parameters:
        as_json: Prints JSON in place of tables.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.bench.focus import measure
    from demon_patch.engine.session import Session

    rows = list(measure(Session.load("nano", threads=threads)))
    show_rows("focus: a request heard, on the sound device", rows, as_json)


@bench.command
def graph(*, as_json: JsonFlag = False) -> None:
    """Times control frames, edits and curves of large patches, beside objects with dictionaries.

    Parameters:
        as_json: Prints JSON in place of tables.
    """
    from demon_patch.bench.graph import measure

    show_rows("graph: 25 control frames a second, one thread", list(measure()), as_json)


@bench.command
def knobs(*, seconds: Seconds = 8.0, as_json: JsonFlag = False) -> None:
    """Turns 30 knobs 100 times a second while a patch of 200 nodes plays on nano: two minutes.

    Nothing is heard: a clock of computing time on one thread takes the place of the sound device.

    Parameters:
        seconds: Of each stretch, up to 3600: three without knobs, three with, three that compile each turn.
        as_json: Prints JSON in place of tables.
    """
    from demon_patch.bench.knobs import measure
    from demon_patch.engine.session import Session

    rows = measure(Session.load("nano", threads=1), seconds)
    show_rows("knobs: 30 of them at 100 Hz, 200 nodes, nano", rows, as_json)


@bench.command
def soak(
    *,
    minutes: Minutes = 30.0,
    seed: int = 1,
    device: str | None = None,
    editor: bool = False,
    save: Path | None = None,
    as_json: JsonFlag = False,
) -> None:
    """Plays a host for a long time under random edits, knobs, MIDI, saves and clients that come and go.

    Ends with status 1 where something wears out, starves or fails.

    Parameters:
        minutes: How long, 1 to 1440.
        seed: Draws the actions.
        device: Part of a sound device's name; none for a clock without one; JACK with a dummy card by default.
        editor: Shows the editor in a window meanwhile, and measures it too.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON in place of tables.
    """
    from tempfile import TemporaryDirectory

    from demon_patch.bench.page import kept_report
    from demon_patch.bench.soak import SHOWN, told
    from demon_patch.bench.soak import soak as run

    with TemporaryDirectory() as folder:
        rows, figures, wrong = run(
            Path(folder), minutes, seed, device, lambda row: err.print(told(row), soft_wrap=True), editor
        )
    if save is not None and kept_report(save)["rows"]:
        save.unlink()  # minutes of an earlier soak do not belong to this one
    named = [{"clip": f"minute {row['minute']:04d}", **row} for row in rows]
    keep_rows("soak: a host under random edits", [{"clip": "whole", **figures}, *named], save, quiet=True)
    if as_json:
        show_rows("soak: a host under random edits", [*rows, figures], as_json)
    else:
        show_rows("soak: minute by minute", [{name: row[name] for name in SHOWN} for row in rows], as_json)
        show_rows("soak: the whole", [{"what": name, "figure": value} for name, value in figures.items()], as_json)
    for each in wrong:
        err.print(f"[red]failed:[/] {each}", soft_wrap=True)
    if wrong:
        raise SystemExit(1)
    alone = figures["minutes_alone"]
    err.print(f"passed; whether it starves is judged by the {alone} minutes in which the machine was its own")


@bench.command
def host(
    *, seconds: Seconds = 15.0, device: str | None = None, save: Path | None = None, as_json: JsonFlag = False
) -> None:
    """Measures answers, programs, telemetry and a crowd of clients at 200 nodes, on nano and on a stub: three minutes.

    Parameters:
        seconds: Of each stretch of telemetry and of the crowd, up to 3600.
        device: Part of a sound device's name; none for a clock without one; JACK with a dummy card by default.
        save: Keeps the rows in this JSON file.
        as_json: Prints JSON in place of tables.
    """
    from tempfile import TemporaryDirectory

    from demon_patch.bench.host import measure

    with TemporaryDirectory() as folder:
        keep_rows(
            "host: 200 nodes, a client in another process", list(measure(Path(folder), seconds, device)), save, as_json
        )

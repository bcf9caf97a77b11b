"""Checks of one model: its libraries, files, tensors and memory, and a short rendering on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter

from demon_patch.doctor.findings import FAULT, FINE, WARNING, Check, Finding
from demon_patch.errors import DemonError

TITLE = "model"
STEPS = 8
WINDOW_FRAMES = 25
EVEN = 0.2  # of the whole distance: the most that a step of an even taper moves the sound


def checks_of(model: str, executor: str, dry: bool, taper: bool = False) -> tuple[Check, ...]:
    """Returns the checks of a model on an executor. dry: leaves out what loads the model. taper: also measures how far
    the knob of Strength moves the sound, which takes minutes."""

    def check(what: str, look: Callable[[], Iterable[Finding]], seconds: float = 120.0) -> Check:
        return Check(f"{TITLE}: {what} of {model} ({executor})", look, vital=True, seconds=seconds)

    found = [check("executor", lambda: runs_on(executor)), check("files", lambda: files(model))]
    found.append(check("memory", lambda: memory(model, executor)))
    if dry:
        found.append(check("rest", rest))
    else:
        found.append(check("rendering", lambda: rendering(model, executor), 1800.0))
        found.append(check("playing", lambda: playing(model, executor), 1800.0))
    if taper and not dry:
        found.append(check("strength", lambda: strength(model, executor), 6 * 3600.0))
    return tuple(found)


def named(name: str) -> tuple[Check, ...]:
    """Returns the checks of the model and executor that the name of a check of `checks_of` says."""
    _, _, rest = name.partition(" of ")
    model, _, executor = rest.partition(" (")
    executor = executor.removesuffix(")")
    return (*checks_of(model, executor, False, True), checks_of(model, executor, True)[-1])


def runs_on(executor: str) -> Iterator[Finding]:
    """Looks for the library, the GPU and the driver that an executor needs; raises DemonError that names what is
    missing. Of `auto` each executor that it would ask is looked at."""
    from demon_patch.engine.executors import AUTO, FASTEST_FIRST, on_this_machine

    if executor != AUTO:
        yield Finding(FINE, f"{executor}: {on_this_machine(executor)}")
        return
    for name in FASTEST_FIRST:
        try:
            yield Finding(FINE, f"{name}: {on_this_machine(name)}")
        except DemonError as error:
            yield Finding(FINE, f"not {name}: {error.what}", error.mend)


def rest() -> Iterator[Finding]:
    """Names what a dry run leaves out."""
    what = f"a rendering of {STEPS} steps, the executor's numbers against float32, ticks, windows and knobs"
    yield Finding(FINE, f"left out, since the model is not loaded: {what}", "call it again without --dry-run")


def files(model: str) -> Iterator[Finding]:
    """Looks for all tensors of a model and at their shapes; raises WeightsError that names what is wrong."""
    from demon_patch.engine.families import inspect

    seen = inspect(model)
    details = tuple(f"{file}: {file.stat().st_size} bytes" for file in seen.files)
    what = f"{model}: {seen.tensors} tensors with {seen.numbers / 1e6:.1f} million numbers, layout: {seen.layout}"
    yield Finding(FINE, what, details=details)


def memory(model: str, executor: str) -> Iterator[Finding]:
    """Compares the memory that a model needs, on the GPU or the processor, with what is free."""
    from demon_patch.engine.executors.placement import device_for, dtype_for
    from demon_patch.engine.families import can_lie_on_gpu, inspect
    from demon_patch.runtime.live.memory import WORKING, free

    device = device_for(executor)
    if device.type == "cuda" and can_lie_on_gpu(model):
        import torch

        from demon_patch.engine.executors.vram import check_free

        dtype = dtype_for(executor, device)
        check_free(model, inspect(model).numbers, dtype, device)
        yield Finding(FINE, f"{model} fits on {torch.cuda.get_device_name(device)}, in {dtype}")
        return
    needed, left = 4 * inspect(model).numbers + WORKING, free()
    what = f"{model} needs about {needed / 1e9:.2f} GB of memory on a processor, in float32"
    if left is None:
        yield Finding(WARNING, f"{what}; how much is free is not known on this system")
    elif needed > left:
        lack = f"{what}, and {left / 1e9:.2f} GB are free"
        yield Finding(FAULT, lack, "close other programs, or choose a smaller model: demon-patch model list")
    else:
        yield Finding(FINE, f"{what}; {left / 1e9:.2f} GB are free")


def rendering(model: str, executor: str) -> Iterator[Finding]:
    """Generates a song of 8 s, or of a length that is built, in 8 steps, unless memory lacks, and decodes a second of
    it."""
    if any(finding.level == FAULT for finding in memory(model, executor)):
        yield Finding(FAULT, "nothing was rendered: the memory does not hold the model", "see above")
        return
    import torch

    from demon_patch.doctor.chosen_playing import tried_seconds
    from demon_patch.engine.session import Session

    began = perf_counter()
    session = Session.load(model, executor=executor)
    yield Finding(FINE, f"{model} was loaded in {perf_counter() - began:.1f} s")
    source = session.compose("house", seconds=tried_seconds(session), seed=1)
    began = perf_counter()
    latent = session.generate(session.prompt("house, 120 bpm"), source, strength=1.0, steps=STEPS, seed=1)
    took = perf_counter() - began
    began = perf_counter()
    sound = session.decode(latent, start=0, frames=WINDOW_FRAMES)
    decoded = (perf_counter() - began) * session.spec.frame_rate / WINDOW_FRAMES
    if not bool(torch.isfinite(latent).all()) or not abs(sound).max() < 1e6:
        yield Finding(FAULT, f"{model} makes sound that is no sound", "get its files again")
        return
    seconds = source.frames / session.spec.frame_rate
    what = f"{STEPS} steps of a song of {seconds:g} s take {took:.2f} s; {decoded:.2f} s decode a second of sound"
    if decoded >= 1.0:
        yield Finding(WARNING, f"{what}: it does not play live here", "render it, or play a smaller model")
    else:
        yield Finding(FINE, what)


def playing(model: str, executor: str) -> Iterator[Finding]:
    """Compares the executor with float32, and measures ticks and windows, unless memory lacks."""
    if any(finding.level == FAULT for finding in memory(model, executor)):
        yield Finding(FAULT, "nothing was measured: the memory does not hold the model", "see above")
        return
    from demon_patch.doctor import chosen_playing

    yield from chosen_playing.playing(model, executor)


def strength(model: str, executor: str) -> Iterator[Finding]:
    """Measures the figures of strength that a spec has, and compares them with the spec's own."""
    from demon_patch.bench.strength_figures import measure
    from demon_patch.engine.session import Session

    session = Session.load(model, executor=executor)
    try:
        found = measure(session)
    except ValueError as error:
        yield Finding(FAULT, f"the strength of {model} cannot be measured: {error}", "get its files again")
        return
    moved = found.moved(session.spec.strength_taper)
    what = f"a tenth of the knob Strength moves the sound by {100 * moved.min():.0f} to {100 * moved.max():.0f} %"
    details = tuple(found.lines(session.spec))
    if moved.max() > EVEN:
        yield Finding(WARNING, what, "send the report: its figures belong into the model's spec", details)
    else:
        yield Finding(FINE, what, details=details)

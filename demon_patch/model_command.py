"""The commands on model families: `demon-patch model`."""

from __future__ import annotations

from cyclopts import App

from demon_patch.console import Switch, examples, out

model = App(name="model", help="The models that can play a patch.")


@model.command(help_epilogue=examples("demon-patch model info", "demon-patch model info nano --words"))
def info(name: str = "nano", *, words: Switch = False) -> None:
    """Shows a model family's geometry and its model card.

    Parameters:
        name: The model, as a patch names it.
        words: Lists the words of prompts that it understands, as a page (Markdown), and nothing else.
    """
    from demon_patch.engine.families import card_of, spec_of, words_of

    if words:
        print(words_of(name), end="")
        return
    spec = spec_of(name)
    out.print(f"[bold]{spec.title}[/] ({spec.name})")
    out.print(f"{spec.sample_rate} Hz, {spec.channels} channel(s)")
    out.print(f"{spec.latent_channels} latent channels at {spec.frame_rate} Hz")
    out.print(f"songs of {spec.min_frames / spec.frame_rate:g} to {spec.max_frames / spec.frame_rate:g} s")
    out.print(f"decode margins: {spec.exact_margin} frames exact, {spec.playing_margin} playing")
    out.print(card_of(name), markup=False, highlight=False)

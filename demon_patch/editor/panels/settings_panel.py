"""The settings: model, sound device, controllers, clocks, and the editor's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from demon_patch.editor.layout.box import Point
from demon_patch.editor.look.theme import THEMES
from demon_patch.editor.panels.controller_words import controller_words, mapping_words
from demon_patch.editor.panels.protocol import Item, Popups
from demon_patch.editor.panels.settings_model import BUFFERS, SCALES, STRETCHES, Settings
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel
from demon_patch.patch.edit.commands import SetMapping
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.edits import Do
from demon_patch.runtime.remote.messages.showing import ModelFile

FOCUS = {
    "auto": "what answers within 400 ms", "song": "the whole song", "20 s": "20 s round the playhead",
    "8 s": "8 s round the playhead",
}  # fmt: skip


class SettingsPanel(SidePanel):
    """Lists the settings; a click offers the choices."""

    title, hint = "Settings", "click: change"

    def __init__(self, paper: Paper, settings: Settings, popups: Popups, patch: Callable[[], Patch], ask: Any) -> None:
        super().__init__(paper)
        self._settings, self._popups, self._patch, self._ask = settings, popups, patch, ask
        self._now = 0.0

    def opened(self) -> None:
        """It is shown now."""
        super().opened()
        self._settings.ask()

    def draw(self, now: float) -> bool:
        """Draws it; asks for what has changed."""
        self._now = now
        self._settings.look(now)
        return super().draw(now)

    def face(self) -> object:
        """Returns what the rows come from."""
        one, status = self._settings, self._settings.status
        told = (status.get("device"), status.get("safe"), status.get("device_lost"))
        return one.changes, one.lamps(self._now), told, one.focus, one.own, one.outputs, one.buffer, self._lit

    def rows(self) -> Sequence[Row]:
        """Returns the settings."""
        return [*self._sound(), *self._controllers(), *self._clocks(), *self._engine(), *self._editor()]

    # -- sound ---------------------------------------------------------------------------------------------------
    def _sound(self) -> Iterator[Row]:
        one = self._settings
        yield Row("Sound device", heading=True)
        used = one.used
        if one.devices.missing:
            yield Row(one.devices.missing, tone="warning")
        for device in one.devices.devices:
            words = [
                f"{device.channels} outputs" if device.channels else "",
                f"{device.rate} Hz" if device.rate else "",
            ]
            words.append("the system's own choice" if device.default else "")
            detail = " · ".join(word for word in words if word)
            do = partial(one.device, device.name)
            yield Row(device.name, bold=device.used, marked=device.used, detail=detail, do=do)
        yield Row("No sound card", marked=used == "none", detail="a clock of its own", do=partial(one.device, "none"))
        if used not in (None, "none"):
            shown = f"{one.outputs[0]} and {one.outputs[1]}" if len(one.outputs) == 2 else "the first ones"
            yield Row("Outputs", shown, at=self._pairs)
            yield Row("Buffer", _frames(one.buffer), at=self._buffers)

    def _pairs(self, at: Point) -> None:
        one = self._settings

        def line(pair: tuple[int, ...]) -> Item:
            title = f"Outputs {pair[0]} and {pair[1]}" if pair else "The first ones"
            return Item(title, partial(one.pair, pair), marked=pair == one.outputs)

        self._popups.menu(at, [line(()), *(line(pair) for pair in one.pairs() if pair)])

    def _buffers(self, at: Point) -> None:
        one = self._settings
        lines = [Item(_frames(n), partial(one.size, n), marked=n == one.buffer) for n in BUFFERS]
        self._popups.menu(at, lines)

    # -- controllers ---------------------------------------------------------------------------------------------
    def _controllers(self) -> Iterator[Row]:
        one, heard = self._settings, self._settings.controllers
        yield Row("MIDI inputs", heading=True)
        for device in heard.inputs:
            lamp = "good" if one.lit(device.name, self._now) else "faint"
            yield Row(device.name, f"{device.messages} messages", dot=lamp)
        for pattern, count in heard.missing.items():
            yield Row(pattern, "not there", "warning", detail=f"{count} mapping{'' if count == 1 else 's'} wait for it")
        if not heard.inputs and not heard.missing:
            yield Row("None is there; one that is plugged in is heard at once.", tone="faint")
        opens = "" if heard.osc else "demon-patch host --osc PORT hears it"
        yield Row("OSC", heard.osc or "is not heard", "label", detail=opens)
        patch = self._patch()
        if patch.mappings:
            yield Row("Mappings", heading=True)
        for id, mapping in sorted(patch.mappings.items()):
            state = heard.mappings.get(id)
            node = patch.nodes.get(mapping.node)
            name = (node.label or node.type.replace("_", " ").capitalize()) if node is not None else mapping.node
            words, tone, right = mapping_words(mapping), "good", ""
            if state is None:
                tone = "faint"
            elif state.problem:
                words, tone = state.problem, "fault"
            elif not state.connected:
                words, tone = "its device is not there", "warning"
            elif not state.caught:
                words, tone = "it waits until the controller reaches the knob", "warning"
            if state is not None and state.place is not None:
                right = f"{100 * state.place:.0f} %"
            title = f"{controller_words(mapping.source)} → {name} {mapping.port.replace('_', ' ')}"
            yield Row(title, right, dot=tone, detail=words, other=partial(self._mapping_menu, id))

    def _mapping_menu(self, id: str, at: Point) -> None:
        def forget() -> None:
            self._ask(Do(command=SetMapping(id), label="Forget the controller"))

        self._popups.menu(at, [Item("Forget it", forget)])

    # -- clocks --------------------------------------------------------------------------------------------------
    def _clocks(self) -> Iterator[Row]:
        one, heard = self._settings, self._settings.controllers
        yield Row("Clocks", heading=True)
        bpm = f", {heard.clock_bpm:.1f} bpm" if heard.clock_bpm else ""
        yield Row("Follow the clock of", f"{heard.clock_from}{bpm}" if heard.clock_from else "none", at=self._follow)
        if heard.clock_from:
            yield Row("Its beats are late by", f"{one.offset:g} ms".replace("-", "−"), at=self._delay)
        for device in heard.clock_to:
            late = one.sends.get(device, 0.0)
            detail = f"late by {late:g} ms".replace("-", "−") if late else ""
            yield Row(f"Sends its clock to {device}", "end", detail=detail, do=partial(one.no_more, device))
        yield Row("Send the clock to …", tone="accent", at=self._send)

    def _follow(self, at: Point) -> None:
        one = self._settings
        now = one.controllers.clock_from
        lines = [Item("None", partial(one.follow, None), marked=not now)]
        lines += [Item("Any device", partial(one.follow, "*"), marked=now == "*")]
        for device in one.controllers.inputs:
            lines.append(Item(device.name, partial(one.follow, device.name), marked=now == device.name))
        self._popups.menu(at, lines)

    def _delay(self, at: Point) -> None:
        one = self._settings
        self._popups.field(at, "Late by, in ms, −1000 to 1000", f"{one.offset:g}", one.delay)

    def _send(self, at: Point) -> None:
        self._popups.field(at, "Part of a device's name, = ms late", "", self._settings.send)

    # -- the engine ----------------------------------------------------------------------------------------------
    def _engine(self) -> Iterator[Row]:
        one = self._settings
        yield Row("Model", heading=True)
        for model in one.models.models:
            size = f"{model.bytes / 1e6:.0f} MB" if model.here else "its weights are not here"
            loras = f" · {len(model.loras)} LoRA{'' if len(model.loras) == 1 else 's'}" if model.loras else ""
            tone = "text" if model.here else "faint"
            yield Row(
                model.title, "plays" if model.plays else "", tone, bold=model.plays, marked=model.plays,
                detail=f"{model.name} · {size}{loras}", do=partial(self._model, model),
            )  # fmt: skip
        if one.preparing:
            yield Row(one.preparing, tone="accent")
        yield Row("Performance", heading=True)
        now = one.focus
        yield Row("Generate", FOCUS.get(now, now or "?"), detail="less of the song answers faster", at=self._focus)
        safe = bool(one.status.get("safe"))
        said = "muted, without controllers, live values or ramps" if safe else "mutes, and lets go of all controllers"
        tone = "warning" if safe else "text"
        yield Row("Safe mode", "on" if safe else "off", tone, detail=said, do=lambda: one.safe(not safe))

    def _model(self, model: ModelFile) -> None:
        self._settings.model(model)

    def _focus(self, at: Point) -> None:
        one = self._settings

        def line(name: str) -> Item:
            return Item(FOCUS[name].capitalize(), partial(one.stretch, name), marked=name == one.focus)

        self._popups.menu(at, [line(name) for name in STRETCHES])

    # -- the editor ----------------------------------------------------------------------------------------------
    def _editor(self) -> Iterator[Row]:
        own = self._settings.own
        yield Row("This window", heading=True)
        yield Row("Colours", own.theme, at=self._theme)
        yield Row("Size of everything", _scale(own.scale), at=self._scale)

    def _theme(self, at: Point) -> None:
        one = self._settings

        def line(name: str) -> Item:
            return Item(name.capitalize(), partial(one.change, theme=name), marked=name == one.own.theme)

        self._popups.menu(at, [line(name) for name in THEMES])

    def _scale(self, at: Point) -> None:
        one = self._settings
        lines = [Item(_scale(s), partial(one.change, scale=s), marked=s == one.own.scale) for s in SCALES]
        self._popups.menu(at, lines)


def _frames(count: int) -> str:
    return f"{count} frames" if count else "the shortest safe one"


def _scale(scale: float) -> str:
    return f"{100 * scale:.0f} %" if scale else "as the display says"

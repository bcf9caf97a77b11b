"""The settings of host and editor: what they are, and changing them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels import settings_file
from demon_patch.editor.panels.settings_file import EditorSettings
from demon_patch.errors import PatchError
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.controllers import (
    ControllerEvent,
    ControllerList,
    Controllers,
    FollowClock,
    SendClock,
)
from demon_patch.runtime.remote.messages.devices import DeviceList, Devices, SetDevice
from demon_patch.runtime.remote.messages.live import Focus
from demon_patch.runtime.remote.messages.opening import Opening, SetModel
from demon_patch.runtime.remote.messages.showing import ModelFile, ModelList, Models
from demon_patch.runtime.remote.messages.transport import SafeMode

AGAIN = 1.0  # seconds after which the controllers are asked for again
LIT = 1.2  # seconds for which a lamp is lit after a message
STRETCHES = ("auto", "song", "20 s", "8 s")
BUFFERS = (0, 64, 128, 256, 512, 1024, 2048)
SCALES = (0.0, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)

Said = Callable[[str, Any], object]


class Settings:
    """What the host has said of its machine, and what is asked for.

    tell: shows a sentence with its tone. apply: takes the editor's own settings over at once; None where a new window
    does. file: where they are kept; None for the user's.
    own: the editor's settings. preparing: what the host prepares while it plays. changes: counts what has come.
    """

    def __init__(
        self, link: Link, tell: Said, own: EditorSettings | None = None,
        apply: Callable[[EditorSettings], bool] = lambda settings: False, file: Any = None,
    ) -> None:  # fmt: skip
        self._link, self._tell, self._apply, self._file = link, tell, apply, file
        self.own = own or EditorSettings()
        self.models = ModelList()
        self.devices = DeviceList()
        self.controllers = ControllerList()
        self.outputs: tuple[int, ...] = ()
        self.buffer = 0
        self.offset = 0.0
        self.sends: dict[str, float] = {}
        self.preparing = ""
        self.changes = 0
        self._lit: dict[str, float] = {}
        self._due = 0.0

    # -- what is there -------------------------------------------------------------------------------------------
    def ask(self) -> None:
        """Asks for all of it."""
        for request in (Models(), Devices()):
            self._link.ask(request, self._take, self._not)
        self._due = 0.0

    def look(self, now: float) -> None:
        """Asks for the controllers, once a second. now: seconds."""
        if now >= self._due:
            self._due = now + AGAIN
            self._link.ask(Controllers(), lambda reply: self._take(reply, now), self._not)

    def _not(self, fault: Fault) -> None:
        """What could not be asked for is left as it was."""

    def _take(self, reply: Reply, now: float = 0.0) -> None:
        if isinstance(reply, ModelList):
            self.models = reply
        elif isinstance(reply, DeviceList):
            self.devices = reply
        elif isinstance(reply, ControllerList):
            before = {device.name: device.messages for device in self.controllers.inputs}
            for device in reply.inputs:
                if device.messages > before.get(device.name, device.messages):
                    self._lit[device.name] = now
            if reply == self.controllers:
                return
            self.controllers = reply
        self.changes += 1

    def hear(self, event: object) -> None:
        """Takes an event."""
        if isinstance(event, ControllerEvent):
            self._due = 0.0
        elif isinstance(event, Opening):
            done = event.stage in ("playing", "failed", "cancelled")
            self.preparing = "" if done else f"{event.title}: {event.stage}"
            self.changes += 1
            if done:
                self._again(Models())

    def lit(self, device: str, now: float) -> bool:
        """Whether a device has sent something just now."""
        return now - self._lit.get(device, -10.0) < LIT

    def lamps(self, now: float) -> tuple[str, ...]:
        """The devices whose lamp is lit."""
        return tuple(device for device in self._lit if self.lit(device, now))

    @property
    def status(self) -> Any:
        """The performance's status."""
        return self._link.status

    @property
    def focus(self) -> str:
        """How much of the song is generated at once; empty where that is not known."""
        patch = self._link.patch
        for (id, port), value in self._link.live_values.items():
            if port == "focus" and id in patch.nodes and patch.nodes[id].type == "scheduler":
                return str(value)
        found = next((node for node in patch.nodes.values() if node.type == "scheduler"), None)
        return "" if found is None else str(found.values.get("focus", "auto"))

    # -- the host ------------------------------------------------------------------------------------------------
    def model(self, chosen: ModelFile) -> None:
        """Plays on another model."""
        if chosen.plays:
            self._tell(f"{chosen.title} plays already.", "plain")
        elif not chosen.here:
            self._tell(f"The weights of {chosen.title} are not on the host's machine.", "warning")
        else:
            self._tell(f"{chosen.title} is prepared; it takes over on a bar.", "plain")
            self._link.ask(SetModel(model=chosen.name), None, self._refused)

    def _again(self, request: Any) -> None:
        self._link.ask(request, self._take, self._not)

    def _refused(self, fault: Fault) -> None:
        self._tell(fault.text or fault.what, "fault")

    def device(self, name: str | None) -> None:
        """Plays on a sound device; None for the system's, `none` for no sound card."""
        self.outputs = ()
        self._set_device(name)

    def _set_device(self, name: str | None) -> None:
        request = SetDevice(device=name, outputs=self.outputs, buffer=self.buffer)
        self._link.ask(request, lambda reply: self._again(Devices()), self._refused)

    @property
    def used(self) -> str | None:
        """The name of the sound device that plays; None where none does."""
        name = next((device.name for device in self.devices.devices if device.used), None)
        told = str(self.status.get("device") or "")
        return name or (told if told == "none" else None)

    def pairs(self) -> list[tuple[int, ...]]:
        """The channel pairs of the device that plays."""
        channels = next((device.channels for device in self.devices.devices if device.used), 0)
        return [(n, n + 1) for n in range(1, channels, 2)] or [()]

    def pair(self, outputs: tuple[int, ...]) -> None:
        """Plays on a pair of the device's outputs."""
        self.outputs = outputs
        self._set_device(self.used)

    def size(self, frames: int) -> None:
        """Plays with buffers of a size; 0 is the shortest safe one."""
        self.buffer = frames
        self._set_device(self.used)

    def stretch(self, name: Any) -> None:
        """Generates so much of the song at once."""
        self._link.ask(Focus(stretch=name), None, self._refused)

    def safe(self, on: bool) -> None:
        """Puts the performance into safe mode, or ends it."""
        self._link.ask(SafeMode(on=on), None, self._refused)

    # -- clocks --------------------------------------------------------------------------------------------------
    def follow(self, device: str | None) -> None:
        """Follows the clock of a device, or none."""
        self._link.ask(FollowClock(device=device, offset=self.offset), lambda reply: self._soon(), self._refused)

    def delay(self, typed: str) -> str:
        """Takes the offset of the clock that is followed; returns what is wrong."""
        found = milliseconds(typed)
        if isinstance(found, str):
            return found
        self.offset = found
        if self.controllers.clock_from:
            self.follow(self.controllers.clock_from)
        self.changes += 1
        return ""

    def send(self, typed: str) -> str:
        """Sends the clock to a device, written NAME or NAME = ms; returns what is wrong."""
        name, _, offset = typed.partition("=")
        name = name.strip()
        if not name:
            return "write a part of the device's name"
        found = milliseconds(offset or "0")
        if isinstance(found, str):
            return found
        self._send({**{there: self.sends.get(there, 0.0) for there in self.controllers.clock_to}, name: found})
        return ""

    def no_more(self, device: str) -> None:
        """Sends a device no clock."""
        names = {*self.controllers.clock_to, *self.sends} - {device}
        self._send({name: self.sends.get(name, 0.0) for name in sorted(names)})

    def _send(self, outputs: dict[str, float]) -> None:
        self.sends = outputs
        self._link.ask(SendClock(outputs=outputs), lambda reply: self._soon(), self._refused)

    def _soon(self) -> None:
        self._due = 0.0

    # -- the editor ----------------------------------------------------------------------------------------------
    def change(self, **fields: Any) -> None:
        """Changes the editor's own settings, and keeps them."""
        new = replace(self.own, **fields)
        if new == self.own:
            return
        self.own = new
        self.changes += 1
        try:
            settings_file.save(new, self._file)
        except PatchError as error:
            self._tell(str(error), "warning")
            return
        if not self._apply(new):
            self._tell("Kept; the next window has it.", "good")


def milliseconds(typed: str) -> float | str:
    """Returns milliseconds within -1000 to 1000; a sentence for anything else."""
    found = re.fullmatch(r"\s*([+\-−]?\d+(?:[.,]\d+)?)\s*(?:ms)?\s*", typed)
    if found is None:
        return "write milliseconds, such as −12.5"
    number = float(found[1].replace("−", "-").replace(",", "."))
    return number if abs(number) <= 1000 else "it is from −1000 to 1000 ms"

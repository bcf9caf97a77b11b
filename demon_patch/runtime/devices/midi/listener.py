"""The nodes that listen to MIDI: what each is fed with when a device sends something."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from demon_patch.runtime.devices.feeds import Feeds
from demon_patch.runtime.devices.mapping.relative import TURN, steps
from demon_patch.runtime.devices.mapping.takeover import Hold
from demon_patch.runtime.devices.midi.decode import (
    CONTROL,
    KEY_PRESSURE,
    LARGEST_BEND,
    NOTE_ON,
    RESET,
    SUSTAIN,
    Batch,
    coarse_values,
    wide_positions,
)
from demon_patch.runtime.devices.midi.notes import HeldKeys, Keyboard, KeyName, OneVoice, Voices
from demon_patch.runtime.graph.live_inputs import Listener

ALL = "all"
LOCAL = 122  # a controller that says nothing about notes


class NodeFeeder(Protocol):
    """Feeds one listening node. Owned by one thread."""

    def take(self, device: int, batch: Batch, frame: int | None, feeds: Feeds) -> None:
        """Feeds the node with what a device sent in a control frame. device: its number."""
        ...

    def lose(self, device: int, frame: int | None, feeds: Feeds) -> None:
        """Ends what a device holds that is gone."""
        ...


class _Feeder:
    """What all have in common. id: the node's. settings: what it listens to."""

    def __init__(self, id: str, settings: Mapping[str, Any]) -> None:
        self.id, self.settings = id, settings
        channel = settings.get("channel", ALL)
        self._channel = None if channel == ALL else int(channel) - 1

    def hears(self, channel: int) -> bool:
        """Whether the node hears a channel, counted from 0."""
        return self._channel is None or channel == self._channel

    def lose(self, device: int, frame: int | None, feeds: Feeds) -> None:
        """See `NodeFeeder`; most hold nothing."""


class _Keys(_Feeder, ABC):
    """Reads notes and pedals, in their order. gates: the names of its live gates."""

    gates: ClassVar[Sequence[str]] = ()

    def __init__(self, id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(id, settings)
        self.held = HeldKeys()
        self._lowest, self._highest = settings.get("lowest", 0), settings.get("highest", 127)

    def take(self, device: int, batch: Batch, frame: int | None, feeds: Feeds) -> None:
        """See `NodeFeeder`."""
        own, lowest, highest = self._channel, self._lowest, self._highest
        for status, note, value in batch.notes:
            channel, kind = status & 15, status & 0xF0
            if own is not None and channel != own:
                continue
            if kind == CONTROL:
                self._pedal((device, channel), note, value)
            elif lowest <= note <= highest:
                name = (device, channel, note)
                if kind == NOTE_ON and value:
                    self.pressed(name, value / 127)
                elif kind != KEY_PRESSURE:
                    if gone := self.held.release(name):
                        self.ended(gone)
                elif name in self.held.keys:
                    self.held.keys[name].pressure = value / 127
                    self.pressed_harder(name)
        for channel, value in batch.pressures.items():
            if self.hears(channel):
                self.channel_pressure(value / 127)
        self.give(frame, feeds)

    def _pedal(self, keyboard: Keyboard, number: int, value: int) -> None:
        """A controller that acts on notes was moved."""
        if number == SUSTAIN:
            self.ended(self.held.pedal(keyboard, value >= 64))
        elif number == RESET:
            self.ended(self.held.pedal(keyboard, False))
        elif number != LOCAL:
            self.ended(self.held.end_all(keyboard))

    def lose(self, device: int, frame: int | None, feeds: Feeds) -> None:
        """See `NodeFeeder`."""
        self.ended(self.held.end_device(device))
        self.give(frame, feeds)

    @abstractmethod
    def pressed(self, name: KeyName, velocity: float) -> None:
        """A key goes down. velocity: 0 to 1."""

    @abstractmethod
    def ended(self, names: Sequence[KeyName]) -> None:
        """Keys end."""

    def pressed_harder(self, name: KeyName) -> None:
        """The pressure of a held key has changed."""

    def channel_pressure(self, pressure: float) -> None:
        """The pressure of the whole keyboard has changed."""

    @abstractmethod
    def give(self, frame: int | None, feeds: Feeds) -> None:
        """Feeds what has changed."""


class NotesFeeder(_Keys):
    """Feeds a MIDI Notes node: the one key that sounds."""

    gates = ("held",)

    def __init__(self, id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(id, settings)
        self._voice = OneVoice(str(settings.get("priority", "last")))
        self._rises = 0
        self._given: tuple[float, float, float, float] | None = None  # note, velocity, level, pressure
        self._touch, self._falls_back = 0.0, False
        self._last = (60.0, 0.0)  # the latest note and velocity that sounded

    def pressed(self, name: KeyName, velocity: float) -> None:
        """A key goes down."""
        self.held.press(name, velocity)
        if self._voice.begins(name, self.held.keys):
            self._rises += 1
            self._last = (float(name[2]), velocity)

    def ended(self, names: Sequence[KeyName]) -> None:
        """The next key by priority sounds, without a rise."""
        self._falls_back = bool(names) or self._falls_back

    def pressed_harder(self, name: KeyName) -> None:
        """Of the key that sounds, it is the node's pressure."""
        sounding = self._voice.choose(self.held.keys)
        if sounding is not None and sounding.name == name:
            self._touch = sounding.pressure

    def channel_pressure(self, pressure: float) -> None:
        """It is the node's pressure."""
        self._touch = pressure

    def give(self, frame: int | None, feeds: Feeds) -> None:
        """Feeds the note, its velocity, the gate and the pressure, as far as they have changed."""
        if self._falls_back and (sounding := self._voice.choose(self.held.keys)) is not None:
            self._last = (float(sounding.name[2]), sounding.velocity)
        self._falls_back = False
        level = 1.0 if self.held.keys else 0.0
        now, before = (*self._last, level, self._touch), self._given
        for at, port in ((0, "note"), (1, "force"), (3, "touch")):
            if before is None or now[at] != before[at]:
                feeds.number(frame, self.id, port, now[at])
        if before is None or level != before[2] or self._rises:
            feeds.gate(frame, self.id, "held", level, self._rises)
        self._given, self._rises = now, 0


class VoicesFeeder(_Keys):
    """Feeds a MIDI Voices node: up to eight keys."""

    gates = tuple(f"held{number}" for number in range(1, 9))

    def __init__(self, id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(id, settings)
        self._voices = Voices(round(settings.get("voices", 8)))
        self._rises: dict[int, int] = {}
        self._changed: dict[int, tuple[float, float] | None] = {}  # by voice, its new note and velocity

    def pressed(self, name: KeyName, velocity: float) -> None:
        """The key takes a voice, and the key that had it gives way."""
        self.held.press(name, velocity)
        voice = self._voices.press(name)
        self._rises[voice] = self._rises.get(voice, 0) + 1
        self._changed[voice] = (float(name[2]), velocity)

    def ended(self, names: Sequence[KeyName]) -> None:
        """Their voices fall silent."""
        for name in names:
            if (voice := self._voices.end(name)) is not None:
                self._changed.setdefault(voice, None)

    def give(self, frame: int | None, feeds: Feeds) -> None:
        """Feeds the voices that have changed."""
        for voice, sounds in self._changed.items():
            number = voice + 1
            if sounds is not None:
                feeds.number(frame, self.id, f"note{number}", sounds[0])
                feeds.number(frame, self.id, f"force{number}", sounds[1])
            level = 0.0 if self._voices.keys[voice] is None else 1.0
            feeds.gate(frame, self.id, f"held{number}", level, self._rises.get(voice, 0))
        self._changed, self._rises = {}, {}


class ControlFeeder(_Feeder):
    """Feeds a MIDI Control node: one controller's place. A press and a release in one control frame are fed as a press
    and, in the next frame, a release."""

    def __init__(self, id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(id, settings)
        self._number = round(settings.get("number", 1))
        self._mode = str(settings.get("mode", "absolute"))
        self.wide = settings.get("width") == "14 bit" and self._number < 32
        self._holds: dict[tuple[int, int], Hold] = {}  # by device and channel
        self._halves: dict[tuple[int, int], tuple[int | None, bool]] = {}
        self._at, self._written = 0.0, 0.0
        self._frame = 0  # the latest control frame that was fed

    @property
    def wide_keys(self) -> Iterable[int]:
        """channel << 7 | number of its coarse halves, where it reads 14 bits."""
        return (c << 7 | self._number for c in range(16) if self.wide and self.hears(c))

    def take(self, device: int, batch: Batch, frame: int | None, feeds: Feeds) -> None:
        """See `NodeFeeder`."""
        for channel in range(16) if self._channel is None else (self._channel,):
            values = batch.controls.get(channel << 7 | self._number, ())
            if not self.wide:
                values = coarse_values(values)
            if not values:
                continue
            if self._mode == "relative":
                turned = sum(steps(value & 0x7F, "twos") for value in values)
                self._give(min(max(self._at + turned / TURN, 0.0), 1.0), frame, feeds)
                continue
            if self.wide:
                coarse, fine_seen = self._halves.get((device, channel), (None, False))
                position, coarse, fine_seen = wide_positions(values, coarse, fine_seen)
                self._halves[device, channel] = (coarse, fine_seen)
                places = [] if position is None else [position / LARGEST_BEND]
            else:
                places = [values[-1] / 127]
                if values[-1] < 64 and self._at < 0.5 and (most := max(values)) >= 64 and self._mode == "absolute":
                    self._give(most / 127, frame, feeds)
                    frame = None if frame is None else frame + 1
            for place in places:
                self._move((device, channel), place, frame, feeds)

    def _move(self, key: tuple[int, int], place: float, frame: int | None, feeds: Feeds) -> None:
        hold = self._holds.setdefault(key, Hold("pickup" if self._mode == "pickup" else "jump"))
        found = hold.moved(place, self._at, self._at == self._written, place == self._at)
        if found is not None:
            self._give(found, frame, feeds)
            self._written = found
            for other in self._holds:
                if other != key:
                    self._holds[other].caught = self._mode != "pickup"

    def _give(self, place: float, frame: int | None, feeds: Feeds) -> None:
        if place != self._at:
            self._at = place
            if frame is not None:  # a release may lie in the frame that comes; another song begins at frame 0
                frame = self._frame = max(frame, self._frame) if frame >= self._frame - 1 else frame
            feeds.number(frame, self.id, "position", place)


class BendFeeder(_Feeder):
    """Feeds a MIDI Bend node."""

    def take(self, device: int, batch: Batch, frame: int | None, feeds: Feeds) -> None:
        """See `NodeFeeder`."""
        for channel, value in batch.bends.items():
            if self.hears(channel):
                at = value - 8192
                feeds.number(frame, self.id, "wheel", at / (8192 if at < 0 else 8191))

    def lose(self, device: int, frame: int | None, feeds: Feeds) -> None:
        """The wheel of a device that is gone is at rest."""
        feeds.number(frame, self.id, "wheel", 0.0)


class PressureFeeder(_Feeder):
    """Feeds a MIDI Pressure node: that of the keyboard, or of the key that is pressed hardest."""

    def __init__(self, id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(id, settings)
        self._of_keys = settings.get("of") == "keys"
        self._keys: dict[KeyName, int] = {}

    def take(self, device: int, batch: Batch, frame: int | None, feeds: Feeds) -> None:
        """See `NodeFeeder`."""
        if not self._of_keys:
            for channel, value in batch.pressures.items():
                if self.hears(channel):
                    feeds.number(frame, self.id, "touch", value / 127)
            return
        moved = False
        for status, note, value in batch.notes:
            kind = status & 0xF0
            if kind != CONTROL and self.hears(status & 15):
                name = (device, status & 15, note)
                if kind == KEY_PRESSURE:
                    self._keys[name], moved = value, True
                elif not (kind == NOTE_ON and value) and self._keys.pop(name, None) is not None:
                    moved = True
        if moved:
            self._give(frame, feeds)

    def lose(self, device: int, frame: int | None, feeds: Feeds) -> None:
        """The keys of a device that is gone are not pressed."""
        self._keys = {name: value for name, value in self._keys.items() if name[0] != device}
        self._give(frame, feeds)

    def _give(self, frame: int | None, feeds: Feeds) -> None:
        feeds.number(frame, self.id, "touch", max(self._keys.values(), default=0) / 127)


class Listeners:
    """The nodes of the present program that listen to MIDI. Owned by one thread.

    wide: channel << 7 | number of the coarse halves of all controllers that are read with 14 bits.
    """

    KINDS: ClassVar[Mapping[str, Callable[[str, Mapping[str, Any]], NodeFeeder]]] = {
        "midi_notes": NotesFeeder,
        "midi_voices": VoicesFeeder,
        "midi_cc": ControlFeeder,
        "midi_bend": BendFeeder,
        "midi_pressure": PressureFeeder,
    }

    def __init__(self) -> None:
        self._given: Mapping[str, Listener] = {}
        self._feeders: dict[str, tuple[Listener, NodeFeeder]] = {}
        self.wide: frozenset[int] = frozenset()
        self._changed: list[_Keys] = []  # that began anew, since their settings are others

    def __bool__(self) -> bool:
        return bool(self._feeders)

    def follow(self, listeners: Mapping[str, Listener]) -> None:
        """Takes the listening nodes of a program. Those that did not change keep what they hold."""
        if listeners is self._given:
            return
        self._given, before = listeners, self._feeders
        self._feeders = {}
        for id, listener in listeners.items():
            if listener.type in self.KINDS:
                old = before.get(id)
                same = old is not None and old[0] == listener
                made = old if same and old else (listener, self.KINDS[listener.type](id, listener.settings))
                self._feeders[id] = made
                if old is not None and not same and isinstance(made[1], _Keys):
                    self._changed.append(made[1])
        feeders = (feeder for _, feeder in self._feeders.values())
        self.wide = frozenset(
            key for feeder in feeders if isinstance(feeder, ControlFeeder) for key in feeder.wide_keys
        )

    def let_go(self, frame: int | None, feeds: Feeds) -> None:
        """Ends the notes that nodes held before their settings changed."""
        for feeder in self._changed:
            for port in feeder.gates:
                feeds.gate(frame, feeder.id, port, 0.0, 0)
        self._changed.clear()

    def take(self, device: int, batch: Batch, frame: int | None, feeds: Feeds) -> None:
        """Feeds all nodes with what a device sent in a control frame."""
        for _, feeder in self._feeders.values():
            feeder.take(device, batch, frame, feeds)

    def lose(self, device: int, frame: int | None, feeds: Feeds) -> None:
        """Ends what a device holds that is gone."""
        for _, feeder in self._feeders.values():
            feeder.lose(device, frame, feeds)

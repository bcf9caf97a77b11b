"""Which of the held keys sound: one at a time by priority, or up to eight voices.

A key is named by whatever tells it from others: device, channel and note. A key that is released while the sustain
pedal of its keyboard is down sounds on until the pedal comes up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

KeyName = tuple[int, int, int]
"""A key of a keyboard: the number of the device, the channel from 0, and the note, 0 to 127."""
Keyboard = tuple[int, int]
"""A device and a channel of it: what a sustain pedal acts on."""


@dataclass(slots=True)
class HeldKey:
    """A key that sounds or waits to. pedal: whether only the sustain pedal holds it."""

    name: KeyName
    velocity: float
    pressure: float = 0.0
    pedal: bool = False


class HeldKeys:
    """The keys that are held, by finger or by pedal, in the order in which they were pressed."""

    def __init__(self) -> None:
        self.keys: dict[KeyName, HeldKey] = {}
        self._down: set[Keyboard] = set()  # keyboards whose pedal is down

    def press(self, name: KeyName, velocity: float) -> HeldKey:
        """Holds a key, now as the latest one. velocity: 0 to 1."""
        keys, held = self.keys, HeldKey(name, velocity)
        if name in keys:
            del keys[name]
        keys[name] = held
        return held

    def release(self, name: KeyName) -> list[KeyName]:
        """Lets go of a key. Returns the keys that end: none while the pedal holds it."""
        held = self.keys.get(name)
        if held is None:
            return []
        if self._down and name[:2] in self._down:
            held.pedal = True
            return []
        del self.keys[name]
        return [name]

    def pedal(self, keyboard: Keyboard, down: bool) -> list[KeyName]:
        """Moves the sustain pedal of a keyboard. Returns the keys that end."""
        if down:
            self._down.add(keyboard)
            return []
        self._down.discard(keyboard)
        return self._end(lambda held: held.pedal and held.name[:2] == keyboard)

    def end_all(self, keyboard: Keyboard) -> list[KeyName]:
        """Ends all keys of a keyboard, also those that its pedal holds. Returns them."""
        self._down.discard(keyboard)
        return self._end(lambda held: held.name[:2] == keyboard)

    def end_device(self, device: int) -> list[KeyName]:
        """Ends all keys of a device that is gone. Returns them."""
        self._down = {keyboard for keyboard in self._down if keyboard[0] != device}
        return self._end(lambda held: held.name[0] == device)

    def _end(self, ends: Callable[[HeldKey], bool]) -> list[KeyName]:
        gone = [name for name, held in self.keys.items() if ends(held)]
        for name in gone:
            del self.keys[name]
        return gone


class OneVoice:
    """Chooses the one held key that sounds.

    priority: last: the one pressed last. low, high: the lowest or highest. first: the one pressed first.
    """

    def __init__(self, priority: str) -> None:
        self._priority = priority

    def choose(self, keys: dict[KeyName, HeldKey]) -> HeldKey | None:
        """Returns the key of `keys` that sounds; None if none is held."""
        if not keys:
            return None
        if self._priority in ("low", "high"):
            edge = min if self._priority == "low" else max
            return keys[edge(keys, key=lambda name: name[2])]
        return keys[next(iter(keys) if self._priority == "first" else reversed(keys))]

    def begins(self, pressed: KeyName, keys: dict[KeyName, HeldKey]) -> bool:
        """Whether the key that was just pressed is the one that sounds. A key that sounds again because another one
        ended does not begin: its gate stays up and does not rise."""
        if self._priority == "last":
            return True
        chosen = self.choose(keys)
        return chosen is not None and chosen.name == pressed


class Voices:
    """Gives held keys to voices. A key takes the voice that has been free for longest; where none is free, the voice
    whose key was pressed first gives way.

    count: the number of voices.
    """

    def __init__(self, count: int) -> None:
        self.keys: list[KeyName | None] = [None] * count
        self._of: dict[KeyName, int] = {}
        self._used = list(range(count))  # voices, the one that was taken or freed longest ago first

    def press(self, name: KeyName) -> int:
        """Gives a key a voice and returns its number, from 0. A key that has a voice keeps it."""
        voice = self._of.get(name)
        if voice is None:
            voice = self._used[0]
            for each in self._used:
                if self.keys[each] is None:
                    voice = each
                    break
            if (gives_way := self.keys[voice]) is not None:
                del self._of[gives_way]
            self.keys[voice], self._of[name] = name, voice
        self._touch(voice)
        return voice

    def end(self, name: KeyName) -> int | None:
        """Frees the voice of a key and returns its number; None if the key has none."""
        voice = self._of.pop(name, None)
        if voice is not None:
            self.keys[voice] = None
            self._touch(voice)
        return voice

    def _touch(self, voice: int) -> None:
        self._used.remove(voice)
        self._used.append(voice)

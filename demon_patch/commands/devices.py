"""The command `demon-patch devices`: sound devices, MIDI ports, and the OSC addresses of a patch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demon_patch.console import JsonFlag, examples, show
from demon_patch.errors import DeviceError

if TYPE_CHECKING:
    from demon_patch.runtime.devices.osc.addresses import OscPort

EXAMPLES = examples(
    "demon-patch devices                      # sound devices and MIDI ports",
    "demon-patch devices first.dpatch.json    # and every OSC address of a patch",
)


def devices(patch: Path | None = None, *, as_json: JsonFlag = False) -> None:
    """Lists the sound devices and MIDI ports of this machine, and the OSC addresses of a patch.

    Parameters:
        patch: A patch file (*.dpatch.json), or a pack (*.dpatch), whose OSC addresses are listed.
        as_json: Prints JSON: sound, midi_in, midi_out, missing, osc.
    """
    found = _found(patch)
    if as_json:
        print(json.dumps(found, indent=2, sort_keys=True))
        return
    _list("sound devices (play --device NAME)", found["sound"], found["missing"].get("sound"))
    _list("MIDI inputs, all of which play and learn", found["midi_in"], found["missing"].get("midi"))
    _list("MIDI outputs (play --clock-out NAME)", found["midi_out"], found["missing"].get("midi"))
    if patch is not None:
        show("OSC addresses (play --osc PORT)")
        for address, facts in found["osc"].items():
            show(f"  {address}  {facts}")
        show("  an id of a node does in place of its label")


def _list(title: str, names: list[str], missing: str | None) -> None:
    show(title)
    for name in names or [f"none{f': {missing}' if missing else ''}"]:
        show(f"  {name}")


def _found(patch: Path | None) -> dict[str, Any]:
    """Everything there is, by kind; `missing` says by kind what cannot be looked at."""
    from demon_patch.runtime.devices.midi.names import numbered
    from demon_patch.runtime.devices.midi.ports import MidiSystem, systems, what_is_missing

    missing: dict[str, str] = {}
    sound: list[str] = []
    try:
        sound = _sound_devices()
    except DeviceError as error:
        missing["sound"] = str(error)
    system = MidiSystem()
    try:
        ports = [[port.name for port in listed] for listed in (system.inputs(), system.outputs())]
    finally:
        system.close()
    if not systems():
        missing["midi"] = what_is_missing()
    midi_in, midi_out = (list(numbered(names, {}).values()) for names in ports)
    osc = {} if patch is None else _addresses(patch)
    return {"sound": sound, "midi_in": midi_in, "midi_out": midi_out, "missing": missing, "osc": osc}


def _sound_devices() -> list[str]:
    """The names of the sound devices that play. Raises DeviceError where the library of sound is missing."""
    from demon_patch.runtime.audio.devices import sound_library

    return [str(entry["name"]) for entry in sound_library().query_devices() if entry["max_output_channels"]]


def _addresses(path: Path) -> dict[str, str]:
    """What each OSC address of a patch takes, by address."""
    from demon_patch.runtime.assets.assets import load_patch
    from demon_patch.runtime.devices.osc.addresses import addresses

    return {address: _facts(port) for address, port in addresses(load_patch(path), ids=False).items()}


def _facts(port: OscPort) -> str:
    if port.of.type == "option":
        return f"one of {', '.join(port.of.choices)}, or its number from 0"
    if port.of.type == "text":
        return "a text"
    if port.of.type == "gate":
        return "a number: above 0 rises"
    unit = f" {port.of.unit}" if port.of.unit else ""
    whole = "a whole number" if port.of.taper == "int" else "a number"
    return f"{whole} from {port.of.lo:.10g} to {port.of.hi:.10g}{unit}" if port.of.bounded else f"{whole}{unit}"

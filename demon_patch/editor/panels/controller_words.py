"""What controllers and mappings are called. Pure."""

from __future__ import annotations

from demon_patch.patch.model.dashboard import Controller, ControlMapping

MODES = {"absolute": "", "relative": "endless", "toggle": "switches", "momentary": "while it is held"}
TAKEOVERS = {"jump": "jumps", "pickup": "waits for the knob", "scaled": "nears the knob"}


def controller_words(source: Controller) -> str:
    """Returns what a controller is called: "CC 7, channel 1, nanoKONTROL"."""
    names = {
        "cc": f"CC {source.number}", "note": f"note {source.number}", "bend": "pitch bend", "pressure": "pressure",
        "osc": f"OSC {source.address}", "key": f"key {source.address}",
    }  # fmt: skip
    parts = [names[source.kind], "14 bits" if source.wide else ""]
    if source.kind in ("cc", "note", "bend", "pressure"):
        parts += [f"channel {source.channel}" if source.channel else "", source.device.strip("*")]
    return ", ".join(part for part in parts if part)


def mapping_words(mapping: ControlMapping) -> str:
    """Returns how a mapping works: its mode, its takeover and its bend."""
    parts = [MODES[mapping.mode], TAKEOVERS[mapping.takes_over] if mapping.mode == "absolute" else ""]
    parts += ["bent" if mapping.curve else "", "centred" if mapping.centred else ""]
    return ", ".join(part for part in parts if part)

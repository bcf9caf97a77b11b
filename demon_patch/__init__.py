"""A modular synthesizer whose oscillator is a diffusion model.

    import demon_patch

    song = demon_patch.render("my-song.dpatch.json", seconds=30, seed=3)
    song.sound                  # float32 [samples, channels], at song.rate samples per second
    song.save("my-song.wav")    # or .flac; the file carries the patch

`demon_patch.load` reads a patch file as a `Patch`, a value that commands change (`demon_patch.patch.edit`);
`DemonError` is the one error that bad input raises. The engine alone is `demon_patch.engine`. Nothing but this text is
loaded before it is used: `import demon_patch` is quick and loads no PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demon_patch.errors import DemonError
    from demon_patch.offline import Rendered, render
    from demon_patch.patch.model.document import Patch
    from demon_patch.runtime.assets.assets import load_patch as load

__version__ = "0.1.0"
__all__ = ["DemonError", "Patch", "Rendered", "__version__", "load", "render"]

_HOMES = {
    "DemonError": ("errors", "DemonError"),
    "Patch": ("patch.model.document", "Patch"),
    "Rendered": ("offline", "Rendered"),
    "load": ("runtime.assets.assets", "load_patch"),
    "render": ("offline", "render"),
}


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used, and returns its object."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, public = _HOMES[name]
    return globals().setdefault(name, getattr(import_module(f"{__name__}.{module}"), public))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

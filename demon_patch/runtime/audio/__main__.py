"""`python -P .../runtime/audio/__main__.py`: runs the audio process, or with `devices` lists the sound devices.
`program.command` starts it, never a user by hand.

It uses the package in which this file lies. With `-P` Python never searches the working folder, in which a stranger's
files may lie.
"""

import importlib.util
import sys
from pathlib import Path


def _own_package() -> None:
    """Imports the package in which this file lies as `demon_patch`, without a search of `sys.path`."""
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(root.name, root / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[root.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    if not __package__:
        _own_package()
    from demon_patch.runtime.audio.signals import hold_signals

    hold_signals(True)  # until the process sets its own handlers
    if sys.argv[1:] == ["devices"]:
        from demon_patch.runtime.audio.devices import print_devices

        print_devices()
    else:
        from demon_patch.runtime.audio.process import main

        main()

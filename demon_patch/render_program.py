"""`python -P .../render_program.py`: runs `render_job`. `runtime.remote.renders` starts it, never a user by hand.

It uses the package in which this file lies. With `-P` Python never searches the working folder, in which a stranger's
files may lie.
"""

import importlib.util
import os
import sys
from pathlib import Path


def _own_package() -> None:
    """Imports the package in which this file lies as `demon_patch`, without a search of `sys.path`."""
    root = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(root.name, root / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[root.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    if sys.platform != "win32":
        os.nice(19)
    _own_package()

    from demon_patch.render_job import main

    main()

"""`python -P .../doctor/__main__.py NAME...`: runs checks and prints their findings. `apart` starts it, never a user by
hand.

It uses the package in which this file lies. With `-P` Python never searches the working folder, in which a stranger's
files may lie.
"""

import importlib.util
import sys
from pathlib import Path


def _own_package() -> None:
    """Imports the package in which this file lies as `demon_patch`, without a search of `sys.path`."""
    root = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(root.name, root / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[root.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    if not __package__:
        _own_package()
    from demon_patch.doctor import chosen_model
    from demon_patch.doctor.apart import serve
    from demon_patch.doctor.checks import CHECKS

    of_model = [name for name in sys.argv[1:] if name.startswith(f"{chosen_model.TITLE}: ")]
    serve((*CHECKS, *(chosen_model.named(of_model[0]) if of_model else ())), sys.argv[1:])

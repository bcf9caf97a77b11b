"""Loads the libraries of the extra `acestep`, with one clear error where one is missing."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

from demon_patch.errors import DemonError

LIBRARIES = {"diffusers": "0.42", "transformers": "5", "tokenizers": "0.22"}
"""The libraries of the extra and the oldest version of each that is used."""

MEND = 'pip install "demon-patch[acestep]"'


def library(module: str) -> Any:
    """Returns a module of one of the libraries. Raises DemonError where the library is missing or cannot be loaded."""
    name = module.split(".", maxsplit=1)[0]
    try:
        return import_module(module)
    except ImportError as error:
        try:
            what = f"the library {name} {version(name)} cannot be loaded: {' '.join(str(error).split())}"
        except PackageNotFoundError:
            what = f"the models of ACE-Step need the library {name}, which is not installed"
        raise DemonError(what, mend=MEND) from error


def classes() -> ModuleType:
    """Returns the module that has the model classes of ACE-Step's parts, save the denoiser and the codec."""
    return library("diffusers.pipelines.ace_step.modeling_ace_step")

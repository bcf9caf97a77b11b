"""Settings of every test: threads that sleep while they wait, so that tests on busy machines do not crawl; which tests
need the machine for themselves; and how much the everyday run tries."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from demon_patch.threads import quiet_threads
from tests.support import effort

ALONE = (  # they play through a sound card, show a window or count what starves
    "bench/test_soak.py",
    "commands/test_devices.py",
    "editor/journeys",
    "editor/test_start_command.py",
    "editor/window",
    "runtime/audio",
    "runtime/devices",
    "runtime/live",
    "runtime/remote",
    "runtime/test_killed.py",
    "terminal",
)

CACHE = TemporaryDirectory(prefix="demon-patch-tests-", ignore_cleanup_errors=True)
"""Where figures are kept that are measured once: no test reads those of the user."""

quiet_threads()
os.environ["DEMON_PATCH_CACHE"] = CACHE.name
settings.register_profile("full", deadline=None)
settings.register_profile("everyday", deadline=None, max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    run = "everyday" if "not slow" in config.option.markexpr else "full"
    settings.load_profile(run)
    if run == "everyday":
        effort.everyday()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    alone = tuple(tests / each for each in ALONE)
    for item in items:
        if any(item.path == each or each in item.path.parents for each in alone):
            item.add_marker("alone")

"""Settings of every test: threads that sleep while they wait, so that tests on busy machines do not crawl; and how
much the everyday run tries."""

from __future__ import annotations

import pytest
from hypothesis import settings

from demon_patch.threads import quiet_threads
from tests.support import effort

quiet_threads()
settings.register_profile("full", deadline=None)
settings.register_profile("everyday", deadline=None, max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    run = "everyday" if config.option.markexpr == "not slow" else "full"
    settings.load_profile(run)
    if run == "everyday":
        effort.everyday()

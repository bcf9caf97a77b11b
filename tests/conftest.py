"""Settings of every test: threads that sleep while they wait, so that tests on busy machines do not crawl."""

from __future__ import annotations

from demon_patch.threads import calm

calm()

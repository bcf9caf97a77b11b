"""Renders one `Job` beside a performance: reads it from standard input as JSON, and prints a line of JSON (`Told`) for
each half second of sound, at the end, and for a mistake."""

from __future__ import annotations

import sys
from dataclasses import replace

import msgspec

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.offline import render
from demon_patch.patch.files.format import loads
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.renders import Job, Told

STEP = 0.5  # seconds of sound from one line to the next


def main() -> None:
    """Renders the job of standard input, on one thread. The file carries the patch of the job."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    told = 0.0

    def progress(seconds: float) -> None:
        nonlocal told
        if seconds - told >= STEP:
            told = seconds
            _tell(Told(seconds=round(seconds, 2)))

    try:
        made = render(
            without_recorders(loads(job.patch)),
            seconds=job.seconds,
            seed=job.seed,
            folder=job.folder,
            session=Session.load(job.model, threads=1),
            progress=progress,
        )
        replace(made, text=job.patch).save(job.path)
    except DemonError as error:
        _tell(Told(fault=Fault.of(error)))
    else:
        _tell(Told(seconds=job.seconds, done=True))


def without_recorders(patch: Patch) -> Patch:
    """Returns the patch with muted Recorder nodes, which write no files."""
    silent = {
        id: msgspec.structs.replace(node, muted=True) if node.type == "recorder" else node
        for id, node in patch.nodes.items()
    }
    return msgspec.structs.replace(patch, nodes=silent)


def _tell(told: Told) -> None:
    print(msgspec.json.encode(told).decode(), flush=True)

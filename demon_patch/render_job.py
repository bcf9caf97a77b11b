"""Renders one `Job` beside a performance: reads it from standard input as JSON, and prints a line of JSON (`Told`) for
each half second of sound, at the end, and for a mistake. SIGTERM ends it; it then leaves no file."""

from __future__ import annotations

import signal
import sys

import msgspec

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.overwrite import drafted
from demon_patch.runtime.assets.recorder import Recorder
from demon_patch.runtime.performance.prepare import perform, playable
from demon_patch.runtime.remote.messages.base import Fault
from demon_patch.runtime.remote.renders import Job, Told
from demon_patch.runtime.render import Played, stream

STEP = 0.5  # seconds of sound from one line to the next
FILE_RATE = 48_000


def main() -> None:
    """Renders the job of standard input."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that an unfinished file is removed
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        run(job)
    except DemonError as error:
        _tell(Told(fault=Fault.of(error)))
    else:
        _tell(Told(seconds=job.seconds, done=True))


def run(job: Job) -> None:
    """Renders a job on one thread, block by block into its file, which carries the patch. Raises DemonError."""
    document = playable(loads(job.patch), job.seed)
    session = Session.load(job.model, threads=1)
    performer = perform(without_recorders(document), session, folder=job.folder)
    spec, made, told = session.spec, 0.0, 0.0
    with (
        drafted(job.path) as draft,
        Recorder(draft, spec.sample_rate, spec.channels, FILE_RATE, patch=dumps(document)) as file,
    ):

        def write(played: Played) -> None:
            file.write(*played)

        for block in stream(performer, job.seconds, played=write):
            made += len(block) / spec.sample_rate
            if made - told >= STEP:
                told = made
                _tell(Told(seconds=round(made, 2)))


def without_recorders(patch: Patch) -> Patch:
    """Returns the patch with muted Recorder nodes, which write no files."""
    silent = {
        id: msgspec.structs.replace(node, muted=True) if node.type == "recorder" else node
        for id, node in patch.nodes.items()
    }
    return msgspec.structs.replace(patch, nodes=silent)


def _tell(told: Told) -> None:
    print(msgspec.json.encode(told).decode(), flush=True)

"""Recordings of what is heard."""

from __future__ import annotations

from demon_patch.runtime.remote.messages.base import FileName, Reply, Request


class Record(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Begins to record what is heard into a new file (WAV or FLAC), which carries the patch that sounds. Notices tell
    its name and its end.

    file: the name within the folder of the performance; one with date and time by default.
    """

    file: FileName = ""


class StopRecording(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Ends all recordings; the reply comes when their files are complete."""


class SaveTake(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Writes what was heard in the last two minutes into a new file. file: as in `record`."""

    file: FileName = ""


class Written(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """A file is begun or written. file: its name within the folder of the performance."""

    file: str = ""

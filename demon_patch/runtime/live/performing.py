"""What all methods of a host share: the performance that plays, and what the host has beside it."""

from __future__ import annotations

from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.runtime.live.edit_thread import EditThread
from demon_patch.runtime.live.live_performance import LivePerformance
from demon_patch.runtime.live.messages import Messages
from demon_patch.runtime.live.scheduled_edits import ScheduledEdits
from demon_patch.runtime.live.tick_loop import TickLoop
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.resources import Resources


class Performing:
    """The base of a host.

    playing: the performance that plays; another one takes its place at a takeover.
    document: the patch, edited by all clients.
    link: the audio process.
    """

    playing: LivePerformance
    document: LiveDocument
    link: AudioLink
    _messages: Messages

    @property
    def performer(self) -> Performer:
        """From any thread. The performer of what plays; only the tick thread may use it."""
        return self.playing.performer

    @property
    def tick_loop(self) -> TickLoop:
        """From any thread. The tick loop of what plays."""
        return self.playing.tick_loop

    @tick_loop.setter
    def tick_loop(self, loop: TickLoop) -> None:
        self.playing.tick_loop = loop

    @property
    def _scheduled(self) -> ScheduledEdits:
        return self.playing.scheduled

    @property
    def _edit_thread(self) -> EditThread:
        return self.playing.edit_thread

    @property
    def _resources(self) -> Resources:
        return self.playing.resources

"""What a client asks about nodes, models and renders, and what it holds: methods of `Client`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages import files, live, rendering, session, showing, transport
from demon_patch.runtime.remote.messages.base import Reply, Request

R = TypeVar("R", bound=Reply)


class Questions(ABC):
    """The methods of `Client` that need nothing but `ask`. All raise DemonError for what the host refuses."""

    @abstractmethod
    def ask(self, request: Request, reply: type[R] = Reply, seconds: float | None = None) -> R:
        """See `Client.ask`."""

    # -- what is held -------------------------------------------------------------------------------------------
    def live_mute(self, on: bool, *targets: str | CableKey) -> live.Turned:
        """Mutes nodes (by id) and cables (by their ends) while this client holds them, or lets go of them."""
        cables = tuple(target for target in targets if isinstance(target, CableKey))
        nodes = tuple(target for target in targets if isinstance(target, str))
        return self.ask(live.LiveMute(on=on, nodes=nodes, cables=cables), live.Turned)

    def focus(self, stretch: Literal["auto", "song", "20 s", "8 s"]) -> live.Turned:
        """Says how much of the song is generated round the coming playhead."""
        return self.ask(live.Focus(stretch=stretch), live.Turned)

    def safe_mode(self, on: bool) -> None:
        """Mutes the sound, drops what is live and hears no devices, or ends this."""
        self.ask(transport.SafeMode(on=on))

    def clear(self, until: int) -> None:
        """Forgets the notices up to a number, for all clients."""
        self.ask(session.Clear(until=until))

    # -- what is shown ------------------------------------------------------------------------------------------
    def prompts(self) -> tuple[showing.Wording, ...]:
        """Returns the words of all prompts and styles, with those that the model does not read."""
        return self.ask(showing.Prompts(), showing.PromptList).prompts

    def peaks(self, node: str, columns: int = 512, known: str = "") -> showing.PeakList:
        """Returns the peaks of the clip that a node brings. known: the hash of the clip whose peaks are there."""
        return self.ask(showing.Peaks(node=node, columns=columns, known=known), showing.PeakList, 120.0)

    def curve(self, node: str, columns: int = 512) -> NDArray[np.float32]:
        """Returns a curve over the song, [columns], in the curve's unit."""
        found = self.ask(showing.Curve(node=node, columns=columns), showing.CurveValues)
        return np.frombuffer(found.values, "<f4")

    def models(self) -> tuple[showing.ModelFile, ...]:
        """Returns the models that can play a patch."""
        return self.ask(showing.Models(), showing.ModelList).models

    def about(self, file: str) -> files.FileFacts:
        """Returns what a patch, a pack or a sound file of the patch's folder is."""
        return self.ask(files.About(file=file), files.FileFacts)

    def sketch(self, file: str) -> str:
        """Returns a sketch of the patch in a file of the patch's folder, as the text of a patch file."""
        return self.ask(files.Sketch(file=file), files.Sketched).patch

    def hurries(self) -> tuple[showing.Hurry, ...]:
        """Returns the controls that are moved faster than they can follow, each with the cables into it."""
        return self.ask(showing.Hurries(), showing.HurryList, 60.0).hurries

    # -- renders ------------------------------------------------------------------------------------------------
    def render(
        self, seconds: float, file: str = "", *, format: Literal["wav", "flac"] = "wav", seed: int | None = None
    ) -> str:
        """Begins to render what sounds now; returns the file's name on the host's machine. Events tell its progress."""
        request = rendering.Render(seconds=seconds, file=file, format=format, seed=seed)
        return self.ask(request, rendering.Rendering).file

    def cancel_render(self) -> None:
        """Ends the render, which leaves no file."""
        self.ask(rendering.CancelRender(), Reply, 60.0)

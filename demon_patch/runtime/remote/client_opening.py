"""The methods of a client that have the host play another song while one plays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from demon_patch.errors import DemonError
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.progress import OVER
from demon_patch.runtime.remote.messages import opening
from demon_patch.runtime.remote.messages.base import Fault, Reply, Request, as_error

R = TypeVar("R", bound=Reply)


class OpensSongs(ABC):
    """The part of `Client` for other songs.

    opening: how far the performance is that is prepared; None before the first.
    """

    opening: opening.Opening | None = None
    _opening_number = 1  # of what this client has asked for last

    @abstractmethod
    def ask(self, request: Request, reply: type[R] = Reply, seconds: float | None = None) -> R:
        """Sends a request and returns the reply."""

    @abstractmethod
    def wait(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Waits until a condition on what is received holds."""

    def open(self, file: str = "", *, patch: Patch | None = None, pack: str = "", discard: bool = False) -> str:
        """Prepares another song while this one plays: a file of the host's machine, a patch, or an uploaded pack.
        `opening` tells how far it is. Returns what becomes of the edits that no file holds."""
        text = "" if patch is None else dumps(patch)
        return self._prepare(opening.Open(file=file, patch=text, pack=pack, discard=discard))

    def new(self, *, discard: bool = False) -> str:
        """Prepares a new song; returns as `open`."""
        return self._prepare(opening.New(discard=discard))

    def set_model(self, model: str) -> None:
        """Prepares the document on another model."""
        self._prepare(opening.SetModel(model=model))

    def cancel_opening(self) -> None:
        """Ends what is prepared, unless it takes over already."""
        self.ask(opening.CancelOpening())

    def wait_for_opening(self, seconds: float = 300.0) -> opening.Opening:
        """Waits until what was asked for last plays, and returns the last event of it. Raises DemonError where it has
        failed, was replaced, or does not play within `seconds`."""
        number = self._opening_number

        def over() -> bool:
            found = self.opening
            return found is not None and found.number >= number and found.stage in OVER

        if not self.wait(over, seconds):
            raise DemonError(f"nothing else played within {seconds:g} s", mend="ask again")
        found = self.opening
        assert found is not None
        if found.stage != "playing":
            fault = found.fault or Fault(text=f"{found.title} was {found.stage}")
            raise as_error(fault)
        return found

    def _prepare(self, request: Request) -> str:
        begun = self.ask(request, opening.Begun, 120.0)
        self._opening_number = begun.number
        return begun.kept

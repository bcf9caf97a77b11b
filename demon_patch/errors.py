"""The one error a person sees: what is wrong, where, and how to mend it."""

from __future__ import annotations


class DemonError(Exception):
    """A mistake in what was given to us, told in one line.

    `what` says what is wrong; `file`, `node` and `port` say where, as far as they are known; `mend` says
    what to do about it. `str(error)` puts them together: "patch.json: node lfo1: port rate: ... (mend)".
    """

    def __init__(
        self,
        what: str,
        *,
        file: object = None,
        node: str | None = None,
        port: str | None = None,
        mend: str = "",
    ) -> None:
        self.what, self.file, self.node, self.port, self.mend = what, file, node, port, mend
        super().__init__(what)

    def __str__(self) -> str:
        where = [str(self.file)] if self.file is not None else []
        where += [f"node {self.node}"] if self.node else []
        where += [f"port {self.port}"] if self.port else []
        return ": ".join([*where, self.what]) + (f" ({self.mend})" if self.mend else "")

    def at(self, *, file: object = None, node: str | None = None, port: str | None = None) -> DemonError:
        """The same error with the places filled in that it did not know yet."""
        self.file = self.file if self.file is not None else file
        self.node, self.port = self.node or node, self.port or port
        return self


class PatchError(DemonError):
    """A patch, or a command on a patch, that cannot be read, checked or compiled."""


class SourceError(DemonError):
    """An audio file that cannot serve as a source."""


class WeightsError(DemonError):
    """Model weights that are missing or damaged."""


class DeviceError(DemonError):
    """A sound card or MIDI device that is missing or refuses."""

"""What is written after the terminal was closed is dropped."""

from __future__ import annotations

import errno
import io
import sys

from demon_patch.terminal.lasting_output import LastingOutput, lasting_output


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")

    def flush(self) -> None:
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_is_gone_takes_writes_without_an_error() -> None:
    output = LastingOutput(Gone("kept"))
    assert output.write("gone") == 4
    output.flush()
    assert output.getvalue() == "kept"


def test_the_outputs_of_the_program_are_given_back() -> None:
    before = sys.__stdout__, sys.__stderr__
    with lasting_output():
        assert isinstance(sys.__stderr__, LastingOutput)
    assert (sys.__stdout__, sys.__stderr__) == before

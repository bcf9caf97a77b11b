"""Writes a stream of sound to a new WAV or FLAC file that carries its patch, at a rate of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import soundfile

from demon_patch.arrays import Samples
from demon_patch.engine.sound.output_stage import Ceiling, OutputStage
from demon_patch.errors import DemonError
from demon_patch.patch.files import embed
from demon_patch.patch.files.atomic_file import reason
from demon_patch.runtime.assets.growing_files import BLOCK, Flac, GrowingFile, Wav
from demon_patch.runtime.assets.new_file import NewFile

FORMATS = {".wav": Wav, ".flac": Flac}
MEND = "name a .wav or .flac file in a folder with room for it"


class Spoilt(DemonError):
    """Another program has written over a file while we wrote it."""


class Recorder:
    """An open sound file, 24 bits a sample, resampled and limited as it is written; a context manager, of one thread.

    The file replaces nothing: where its name is taken it counts on, and `path` says which name it has. It carries the
    patch from its first sample on, and can be read after every `write`, also where the program is killed.

    source_rate: of the blocks. rate: of the file. patch: the text of the patch that the file carries. kind: what the
    file says that it is; after each `write` of a recording all is on the disk, so that it outlives a loss of power.
    shelter: a folder for the sound of a file that is deleted while it is written, where its own is gone. Raises
    DemonError for another kind of file than .wav or .flac, and where the file cannot be written; what was written until
    then stays. notes: what the player should know of the file.
    """

    def __init__(
        self,
        path: str | Path,
        source_rate: int,
        channels: int,
        rate: int = 48_000,
        *,
        patch: str = "",
        kind: embed.Kind = "render",
        shelter: Path | None = None,
    ) -> None:
        self.notes: list[str] = []
        self._patch, self._shelter, self._durable = patch, shelter, kind == "recording"
        self._rate, self._channels = rate, channels
        self._output_stage = OutputStage(source_rate, rate, channels)
        self._spoilt = self._ended = self._full = False
        made = format_of(path)
        self._file = NewFile(path)
        try:
            self._sound: GrowingFile = made(self._file, rate, channels, patch if embed.fits(patch) else "", kind)
        except (OSError, soundfile.LibsndfileError) as error:
            self._file.discard()
            raise self._error(error) from error

    @property
    def path(self) -> Path:
        """The present name of the file."""
        return self._file.path

    @property
    def seconds(self) -> float:
        """How much sound can be read in the file."""
        return self._sound.frames / self._rate

    @property
    def holes(self) -> int:
        """Samples, of any channel, that came and were no numbers: the last good ones are held in the file."""
        return self._output_stage.holes

    def write(self, block: Samples, ceiling: Ceiling = float("inf")) -> None:
        """Adds a block [n, channels]; ceiling: dBFS, of all of it or for each sample [n], which true peaks in the file
        do not pass; without one only samples are cut off, at full scale."""
        self._put(self._output_stage.push(block, ceiling))

    def check_disk(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Checks the file: one that was moved is written on where it is now; what lay in one that was deleted or
        replaced is written into a new one, which goes on from there. `notes` says so.

        meanwhile: called during a long rescue; may write. Raises DemonError where the sound cannot be saved, Spoilt
        where another program has written over it.
        """
        before = self.path
        try:
            spoilt, gone = self._file.spoilt(), self._file.gone()
        except OSError:
            return  # the folder cannot be seen now, but the file is open: the next look may tell more
        if spoilt:
            self._spoilt = True
            raise Spoilt("another program has written over it", file=before)
        if gone is None:
            return
        if gone == "moved" and (there := self._file.found()) is not None:
            self.notes.append(f"{before} was moved while it was written; it goes on as {there}")
            return
        try:
            self._file.rescue(self._shelter, meanwhile)
        except DemonError as error:
            raise DemonError(f"it was {gone} while it was written, and {error.what}", file=before) from error
        self.notes.append(f"{before} was {gone} while it was written; all of its sound is in {self.path}")

    def close(self) -> None:
        """Writes what is still on its way, ends the file and reads it back; a second time it does nothing. Raises
        DemonError where the file is not good, or carries no patch; a file without any sound is taken away."""
        if self._ended:
            return
        try:
            self._put(self._output_stage.finish())
            self._sound.end()
            self._file.sync()
            self.check_disk()
            self._ended = True
            self._file.close()
        except DemonError:
            raise
        except Exception as error:
            raise self._error(error) from error
        finally:
            self._stop()
        if not self._sound.frames:
            self.path.unlink(missing_ok=True)
            raise DemonError("no sound came, so that there is no file", file=self.path)
        if fault := self._read_back():
            raise DemonError(f"it was written, but {fault}", file=self.path, mend="look after the disk")
        if not embed.fits(self._patch):
            what = f"the sound is whole, but carries no patch: it takes more than {embed.LARGEST // 2**20} MiB"
            raise DemonError(what, file=self.path, mend="save the patch beside it")

    def abandon(self) -> str:
        """Ends a file that has a fault as it stands, to its last whole block; says what is left. One without sound
        is taken away. Raises nothing."""
        ours = False
        with suppress(OSError, ValueError):  # it cannot be seen, or is closed
            ours = not self._spoilt and self._file.gone() is None
        self._stop()
        if ours and not self._sound.frames:
            with suppress(OSError):
                self.path.unlink()
                return "no sound is in it, so that it is taken away"
        if self._spoilt or not self._sound.frames or self._read_back():
            return "nothing of it can be read"
        return f"its first {self.seconds:.1f} s are good"

    def discard(self) -> None:
        """Ends the file, and takes it away unless another one has its name now."""
        with suppress(OSError):
            if not self._ended and self._file.gone() is None:
                self._stop()
                self.path.unlink()
        self._stop()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _put(self, sound: Samples) -> None:
        try:
            self._sound.put(sound)
            if self._durable:
                self._file.sync()  # before the header counts it
            if not self._file.spoilt():  # which the next look tells
                self._sound.keep()
        except Exception as error:  # the libraries raise what they like where a disk is full
            self._full = True
            raise self._error(error) from error

    def _stop(self) -> None:
        """Ends the file as it stands."""
        if not self._ended:
            self._ended = True
            rest = () if self._full else (lambda: self._put(self._output_stage.finish()),)
            for step in (*rest, self._sound.end, self._sound.keep, self._file.sync, self._file.close):
                with suppress(Exception):
                    step()

    def _read_back(self) -> str:
        """What is wrong with the file that is on the disk, by its header and its last block; empty where it is good."""
        frames = self._sound.frames
        try:
            with soundfile.SoundFile(self.path) as file:
                if (file.samplerate, file.channels, file.frames) != (self._rate, self._channels, frames):
                    return f"it holds {file.frames} samples in place of {frames}"
                file.seek(max(frames - BLOCK, 0))
                missing = min(frames, BLOCK) - len(file.read(BLOCK, dtype="float32"))
        except (OSError, RuntimeError) as error:
            return f"it cannot be read: {_words(error)}"
        return f"its last {missing} samples cannot be read" if missing else ""

    def _error(self, error: Exception) -> DemonError:
        return DemonError(f"cannot be written: {_words(error)}", file=self.path, mend=MEND)


def format_of(path: str | Path) -> type[Wav] | type[Flac]:
    """How a file of that name is written; raises DemonError for another kind of name."""
    kind = FORMATS.get(Path(path).suffix.lower())
    if kind is None:
        raise DemonError("cannot be written as sound", file=path, mend=MEND)
    return kind


def _words(error: Exception) -> str:
    """What an error says, in a few words."""
    said = reason(error) if isinstance(error, OSError | ValueError) else str(error)
    return said or type(error).__name__

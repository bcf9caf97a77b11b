"""Writes a stream of sound to a new WAV or FLAC file that carries its patch, at a sample rate of its own."""

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
    """Another program has written over a file while the recorder was writing it."""


class Recorder:
    """An open sound file, 24 bits a sample, resampled and limited as it is written; a context manager, for one thread.

    source_rate: sample rate of the blocks, Hz.
    rate: sample rate of the file, Hz.
    patch: text of the patch that the file carries, from its first sample on.
    kind: what the file says that it is. A "recording" is on the disk after each `write`, so that it survives a loss of
    power.
    shelter: a folder for the sound of a file that is deleted while it is written, if its own folder is gone.
    notes: what the player should know of the file.

    The file replaces none: where its name is taken it gets the next free one, which `path` gives. It can be read after
    every `write`, even if the program is killed. Raises DemonError for a file that is not .wav or .flac, and where the
    file cannot be written; the sound written so far stays.
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
        """The present path of the file."""
        return self._file.path

    @property
    def seconds(self) -> float:
        """Seconds of sound that can be read in the file."""
        return self._sound.frames / self._rate

    @property
    def holes(self) -> int:
        """How many samples (moments with all their channels) had a channel that was not finite. The file has the
        channel's last good number in place of each."""
        return self._output_stage.holes

    def write(self, block: Samples, ceiling: Ceiling = float("inf")) -> None:
        """Adds a block [n, channels].

        ceiling: dBFS that true peaks in the file do not exceed, for the block or for each sample [n]. Without it,
        samples are only clipped at full scale.
        """
        self._put(self._output_stage.push(block, ceiling))

    def check_disk(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Checks that the file is still at its path. A moved file is continued at its new path; the sound of a deleted
        or replaced file is copied into a new file, which is continued. `notes` says so.

        meanwhile: called during a long copy; it may write.

        Raises DemonError where the sound cannot be saved, Spoilt where another program has written over it.
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
        """Writes the remaining samples, ends the file and reads its end back. A second call does nothing. A file
        without any sound is deleted.

        Raises DemonError where the file is faulty, carries no patch or has no sound.
        """
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
        """Ends a file after an error, at its last whole block; returns a sentence on what can be read of it. A file
        without sound is deleted. Raises nothing."""
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
        """Ends the file and deletes it, unless another file has its path now."""
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
            if not self._file.spoilt():  # `check_disk` raises Spoilt then
                self._sound.keep()
        except Exception as error:  # the libraries raise what they like where a disk is full
            self._full = True
            raise self._error(error) from error

    def _stop(self) -> None:
        """Ends and closes the file, past any error."""
        if not self._ended:
            self._ended = True
            rest = () if self._full else (lambda: self._put(self._output_stage.finish()),)
            for step in (*rest, self._sound.end, self._sound.keep, self._file.sync, self._file.close):
                with suppress(Exception):
                    step()

    def _read_back(self) -> str:
        """Returns what is wrong with the file on the disk, by its header and its last block; empty where it is good."""
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
    """Returns the class that writes files with the suffix of a path. Raises DemonError for another suffix than .wav or
    .flac."""
    kind = FORMATS.get(Path(path).suffix.lower())
    if kind is None:
        raise DemonError("cannot be written as sound", file=path, mend=MEND)
    return kind


def _words(error: Exception) -> str:
    """Returns the message of an error, or the name of its type where it has none."""
    said = reason(error) if isinstance(error, OSError | ValueError) else str(error)
    return said or type(error).__name__

"""What the denoiser learns from: latents, hints and tags of all renders of clips, computed once and held in memory.

In a folder of clips, `described-HASH/000123.npy` holds the latents and the structure hints of a clip's renders
([renders, T, 101] float16), and `heard-HASH/000123.npy` the score hints that the transcriber heard ([renders, T, 144]
float16). The hashes are those of the codec's components and of the transcriber's weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.hints import structure_hints
from demon_patch.engine.families.nano.magnitudes import LATENT
from demon_patch.engine.families.nano.score import PARTS, Score
from demon_patch.engine.families.nano.sound_tags import ABSENT, tokens
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.synth import RATE
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from tools.train_nano2.data.store import ClipFolder

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """A clip: a score in several renders.

    latents: [renders, T, 64]. hints: [renders, T, 37]. score: its exact score hints [T, 144]. heard: what the
    transcriber heard of each render [renders, T, 144], None if it has not listened.
    tokens: int64 [renders, 14].
    """

    latents: Half
    hints: Half
    score: Half
    heard: Half | None
    tokens: NDArray[np.int64]

    @property
    def frames(self) -> int:
        """Latent frames of the loop."""
        return len(self.score)


def components_hash(codec: StereoCodec) -> str:
    """The name of the latents that a codec makes: they depend on its components alone."""
    return _hash(codec.pca_mean, codec.pca_encode)


def weights_hash(net: Transcriber) -> str:
    """The name of what a transcriber hears."""
    return _hash(*net.state_dict().values())


def _hash(*tensors: Tensor) -> str:
    found = sha256()
    for tensor in tensors:
        found.update(np.ascontiguousarray(tensor.detach().numpy()).tobytes())
    return found.hexdigest()[:8]


def describe(clips: ClipFolder, number: int, codec: StereoCodec, transcriber: Transcriber | None) -> None:
    """Computes what is missing of a clip, and stores it whole or not at all."""
    latents = _path(clips, "described", components_hash(codec), number)
    heard = _path(clips, "heard", weights_hash(transcriber), number) if transcriber else None
    if latents.exists() and (heard is None or heard.exists()):
        return
    sounds = [clips.audio(number, render) for render in range(len(clips.tags(number)))]
    if not latents.exists():
        _store(latents, np.stack([_described(codec, sound) for sound in sounds]))
    if transcriber and heard and not heard.exists():
        _store(heard, np.stack([transcriber.hints(sound.T) for sound in sounds]))


def _described(codec: StereoCodec, sound: Samples) -> Samples:
    latent = codec.encode(np.ascontiguousarray(sound.T)).numpy()
    return np.concatenate([latent, structure_hints(sound.mean(0), RATE)], 1)


def _store(path: Path, array: Samples) -> None:
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    with open(partial, "wb") as file:
        np.save(file, array.astype(np.float16))
    partial.replace(path)


def _path(clips: ClipFolder, kind: str, name: str, number: int) -> Path:
    return clips.folder.parent / f"{kind}-{name}" / f"{number:06d}.npy"


def load(folders: Iterable[Path], codec: str, transcriber: str | None = None) -> list[Song]:
    """Returns all clips that are described, of folders of clips.

    codec, transcriber: hashes. Raises FileNotFoundError where a folder holds no described clip.
    """
    songs: list[Song] = []
    for folder in folders:
        clips = ClipFolder(folder)
        found = [number for number in clips.numbers() if _path(clips, "described", codec, number).exists()]
        if not found:
            raise FileNotFoundError(f"{folder} holds no latents of this codec: run tools.train_nano2.denoiser.describe")
        songs += [song_of(clips, number, codec, transcriber) for number in found]
    return songs


def song_of(clips: ClipFolder, number: int, codec: str, transcriber: str | None = None) -> Song:
    """Returns one clip that is described; codec, transcriber: hashes."""
    described: Half = np.load(_path(clips, "described", codec, number))
    heard = _path(clips, "heard", transcriber, number) if transcriber else None
    said = [sound_tags(clips.score(number), tags) for tags in clips.tags(number)]
    return Song(
        described[..., :LATENT],
        described[..., LATENT:],
        clips.hints(number).astype(np.float16)[: described.shape[1]],
        np.load(heard) if heard and heard.exists() else None,
        np.array(said, np.int64),
    )


def sound_tags(score: Score, tags: dict[str, Any]) -> Sequence[int]:
    """The tokens of a render of a score, whose tags these are."""
    players = {part: tags["families"].get(part, ABSENT) for part in PARTS}
    finish = "mastered" if tags["mastered"] else "plain"
    drums = tags["kit"] if "drums" in tags["families"] else None
    said = {name: tags[name] for name in ("style", "brightness", "energy", "room")}
    song = {"mode": score.mode, "tempo": score.bpm, "key": score.key}
    return tokens({**song, **said, **players, "kit": drums, "finish": finish})

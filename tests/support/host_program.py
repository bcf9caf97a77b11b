"""A host to be killed: starts playing a song on the default device and waits. `python host.py SONG.npy`."""

from __future__ import annotations

import sys
import time

import numpy as np

from demon_patch.runtime.audio.link import AudioLink


def main(path: str) -> None:
    song = np.load(path)
    link = AudioLink(48_000, song.shape[1], len(song))
    link.start()
    link.write(0, song)
    link.set_playing(True)
    print("playing", flush=True)
    while True:
        time.sleep(1.0)


if __name__ == "__main__":
    main(sys.argv[1])

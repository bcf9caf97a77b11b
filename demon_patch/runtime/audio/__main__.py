"""`python -m demon_patch.runtime.audio`: the audio process; started by `link`, not by hand."""

from demon_patch.runtime.audio.process import main

if __name__ == "__main__":
    main()

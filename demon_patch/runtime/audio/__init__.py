"""The audio process, a small process that owns the sound device, and the host's link to it.

Nothing here loads torch. `link` is the host's side, `process` the other side; both map the same `song_memory`.
"""

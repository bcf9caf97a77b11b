"""The audio process: a small process of its own that owns the sound device, and the host's link to it.

Nothing here loads torch. `link` is the host's side; `process` runs the other one; both share `memory`.
"""

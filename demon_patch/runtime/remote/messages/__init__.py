"""Every message of the wire as a declared struct, one module for each group. Torch-free.

A client sends requests (`base.Request`), each with a number of its own choice; the host answers each with one reply
(`base.Reply`) of the same number, in order. Besides, the host sends events (`base.Event`). What is received is decoded
into one of these structs or refused: nothing else of it is looked at.
"""

from __future__ import annotations

VERSION = 1
"""The version of the wire. Host and client must have the same one."""

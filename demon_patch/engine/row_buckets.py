"""The numbers of rows that a forward on a GPU can have: each has buffers, a captured graph or a profile of its own."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

ROW_BUCKETS = (1, 2, 4, 8)


def bucket_for(rows: int) -> int:
    """Returns the smallest bucket for so many rows, the largest one for more."""
    return next((bucket for bucket in ROW_BUCKETS if bucket >= rows), ROW_BUCKETS[-1])


@runtime_checkable
class FollowsDepth(Protocol):
    """An executor whose forwards have as many rows as the ring that is advanced needs."""

    def follow_depth(self, slots: int) -> None:
        """Between ticks. Makes `Executor.bucket` fit so many slots. Handles and prompt places stay valid."""
        ...

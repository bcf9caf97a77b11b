"""The finished generations that are heard now or later, and the windows that are cut from them."""

from __future__ import annotations

from dataclasses import replace

from demon_patch.engine.sound.window import WindowPlanner
from demon_patch.runtime.performance.trace import QueuedCompletion


class CompletionQueue:
    """Keeps the completions from which windows are decoded, in order of `heard_at`; no two have the same. Every frame
    from the first open one on has a completion, so that its window can always be decoded.

    A frame is *open* while its window may still be decoded: for the first time, or again after a live change.

    planner: cuts the transport into windows.
    replaces: whether windows that begin at the lead or later may be decoded again.
    completions: the newest that has begun at the first open frame, and all later ones.
    """

    def __init__(self) -> None:
        self.planner = WindowPlanner(0)
        self.replaces = False
        self.completions: list[QueuedCompletion] = []

    def add(self, completion: QueuedCompletion, at_lead: int) -> None:
        """Queues a completion, in place of one that is heard from the same frame on. `at_lead`: the transport frame
        at the lead."""
        others = [old for old in self.completions if old.heard_at != completion.heard_at]
        begun = sum(old.heard_at <= self._first_open(at_lead) for old in others)
        self.completions = sorted([*others[max(begun - 1, 0) :], completion], key=lambda old: old.heard_at)

    def decode_again(self, at_lead: int) -> None:
        """Has windows decoded again that begin at transport frame `at_lead` or later, where `replaces` allows and a
        completion is kept: after a live change."""
        kept = self.completions[0].heard_at if self.completions else 0
        self.planner.next_start = max(self._first_open(at_lead), min(self.planner.next_start, kept))

    def begin_again(self) -> None:
        """Has all windows decoded again from transport frame 0 on, which has not been heard yet."""
        self.planner.next_start = 0
        if self.completions and self.completions[0].heard_at > 0:
            self.completions[0] = replace(self.completions[0], heard_at=0)

    def _first_open(self, at_lead: int) -> int:
        return min(self.planner.next_start, max(at_lead, 0)) if self.replaces else self.planner.next_start

"""The display of a map: places in a square, and the listener among them."""

from __future__ import annotations

import math

from demon_patch.editor.canvas.displays.base import Picture
from demon_patch.editor.canvas.scene_brush import Item
from demon_patch.editor.layout.display_sizes import MAP_EDGE as EDGE
from demon_patch.editor.look.theme import SMALL, fade, mix

MOST = 8
LEAST, LARGEST = 3.5, 11.0  # radius of a place by its share


class Map(Picture):
    """Places with their numbers, each as large as its share, joined to the listener as strongly as it is heard."""

    def draw(self) -> None:
        t = self.theme
        a, b = (self.x + EDGE - 4, self.y + EDGE - 4), (self.x + self.w - EDGE + 4, self.y + self.h - EDGE + 4)
        self.bar(a, b, fade(t.track, 0.14), 5)
        self.rays = [self.line([[0, 0], [0, 0]], fade(self.colour, 0.0), 1.6) for _ in range(MOST)]
        self.dots = [self.dot((0, 0), LEAST, fade(self.colour, 0.8)) for _ in range(MOST)]
        self.numbers: list[Item] = [self.text(0, 0, "", SMALL, t.label) for _ in range(MOST)]
        self.glow = self.shine((0, 0), 14, fade(t.text, 0.5))
        self.bead = self.dot((0, 0), 4.4, t.text, mix(t.well, t.text, 0.2), 1.2)
        for item in (*self.rays, *self.dots, *self.numbers, self.glow, self.bead):
            self.put(item, show=False)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Returns where a place (from left to right, from bottom to top, 0 to 1) lies in the picture."""
        x, y = min(1.0, max(0.0, x)), min(1.0, max(0.0, y))
        return self.x + EDGE + x * (self.w - 2 * EDGE), self.y + EDGE + (1 - y) * (self.h - 2 * EDGE)

    def refresh(self) -> None:
        listener, places, weights = self.now("listener"), self.now("place"), self.now("share")
        count = min(MOST, len(places) // 2, len(weights))
        wired = list(self.data.get("wired", ()))
        heard = [weights[n] if not wired or (n < len(wired) and wired[n]) else 0.0 for n in range(count)]
        total = math.fsum(heard)
        ear = self.at(float(listener[0]), float(listener[1])) if len(listener) > 1 else None
        for n in range(MOST):
            here = n < count and (not wired or (n < len(wired) and bool(wired[n])))
            if not here:
                for item in (self.rays[n], self.dots[n], self.numbers[n]):
                    self.put(item, show=False)
                continue
            share = heard[n] / total if total > 0 else 0.0
            x, y = self.at(float(places[n]), float(places[n + len(places) // 2]))
            self.put(self.dots[n], center=(x, y), radius=LEAST + (LARGEST - LEAST) * math.sqrt(share), show=True,
                     fill=fade(self.colour, 0.35 + 0.6 * share))  # fmt: skip
            inward = 1 if x < self.x + self.w / 2 else -1
            self.put(self.numbers[n], text=str(n + 1), pos=(x + inward * 14 - 3, y - SMALL / 2), show=True)
            if ear is not None:
                self.put(self.rays[n], points=[[x, y], list(ear)], color=fade(self.colour, 0.75 * share), show=True)
        if ear is not None:
            self.put(self.glow, pmin=(ear[0] - 14, ear[1] - 14), pmax=(ear[0] + 14, ear[1] + 14), show=True)
            self.put(self.bead, center=ear, show=True)

"""When and how loud notes are played: swing, loose timing, accents."""

from __future__ import annotations

from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.score.habits import Habit
from demon_patch.engine.families.nano.score.notes import PARTS

STEPS = 16
"""Steps of a bar."""

_SPREADS = (0.004, 0.008, 0.014)  # seconds
_LOUDEST = {"drums": 112, "bass": 106, "chords": 92, "arp": 92, "lead": 104}


class Feel:
    """The timing and the loudness with which a part is played.

    draws: choices that the parts of a song share; loose: choices for each note.
    seconds, steps: length of the loop.
    """

    def __init__(self, draws: Draws, loose: Draws, habit: Habit, seconds: float, steps: int) -> None:
        self._draws = loose
        self.seconds, self.step = seconds, seconds / steps
        chance, self._pair, most = habit.swing
        self.swing = draws.between(0.15, most) if draws.chance(chance) and most > 0.15 else 0.0
        self.spread = draws.pick(_SPREADS) if draws.chance(habit.human) else 0.0
        self._lag = {part: 0.0 if part == "drums" else draws.bell(self.spread * 0.7) for part in PARTS}
        self._dynamics = draws.between(3, 10) if self.spread else draws.between(0, 4)
        self._accents = draws.between(0.1, 0.35)

    def warped(self, step: float) -> float:
        """Returns the place of a step after swing, in steps.

        The second half of each pair comes later, and what lies between moves along.
        """
        pair, within = divmod(step, 2 * self._pair)
        half, late = self._pair, self.swing
        bent = within * (half + late) / half if within < half else within + late * (2 * half - within) / half
        return pair * 2 * self._pair + bent

    def time(self, part: str, step: float) -> float:
        """Returns the time of a note written at `step`, in seconds from the loop's start."""
        loose = self._draws.bell(self.spread) if self.spread else 0.0
        return (self.warped(step) * self.step + self._lag[part] + loose) % self.seconds

    def length(self, steps: float) -> float:
        """Returns the seconds of `steps` steps, at least 0.03."""
        return max(steps * self.step, 0.03)

    def velocity(self, part: str, level: float, step: float) -> int:
        """Returns the MIDI velocity, 8 to 127, of a level 0 to 1 at a step; on the beat it is louder than beside it."""
        place = int(step) % 4
        accent = 1 - self._accents * (0, 1, 0.5, 1)[place]
        value = _LOUDEST[part] * (0.25 + 0.75 * level) * accent + self._draws.bell(self._dynamics)
        return min(max(round(value), 8), 127)

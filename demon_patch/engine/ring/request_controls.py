"""The controls that one generation is made with, by the names of the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from torch import Tensor

from demon_patch.engine.check_controls import checked, checked_option
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS, TABLE, Control
from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean

REQUEST_CONTROLS: dict[str, Control] = {row.name: row for row in TABLE if row.propagation == "request"}

RequestValue: TypeAlias = float | str | Tensor


class RequestControls:
    """Numbers, options and curves of a generation, read-only; what is not given has its default (strength: what the
    family has at the default position of its knob).

    given: by control, a number, an option's name, or a curve [T] (None: no curve). spec: the family, which has the
    defaults that the table leaves to it. Raises DemonError that names the control for an unknown name, a number that is
    NaN or out of range, or an option that there is not. Curves are checked with the request, which has a length.
    """

    __slots__ = ("_given", "_spec")

    def __init__(self, given: Mapping[str, RequestValue | None], spec: FamilySpec) -> None:
        self._spec = spec
        self._given: dict[str, RequestValue] = {}
        for name, value in given.items():
            row = request_control(name)
            if row.shape == "choice":
                self._given[name] = checked_option(name, value)
            elif not row.per_frame:
                self._given[name] = checked(name, value)
            elif isinstance(value, Tensor):
                self._given[name] = value
            elif value is not None:
                raise DemonError(f"{value!r} is no curve", port=name, mend="give a float32 tensor [T]")

    def number(self, name: str) -> float:
        """A number as the engine takes it: the one given, or the control's default. The default of a control with the
        family taper is a knob position, and the number is what the family has there, as in a patch."""
        value = self._given[name] if name in self._given else self._default(name)
        assert isinstance(value, float | int)
        return value

    def _default(self, name: str) -> float | str | None:
        row = CONTROLS[name]
        default = self._spec.default(row)
        if row.taper != "family":
            return default
        assert isinstance(default, float | int)
        return self._spec.at_position(row, default)

    def whole(self, name: str) -> int:
        """A whole number, or its default."""
        return int(self.number(name))

    def is_on(self, name: str) -> bool:
        """Whether a switch is on, given or by default."""
        return self.number(name) >= 0.5

    def option(self, name: str) -> str:
        """The chosen option, or the default one."""
        return str(self._given[name] if name in self._given else self._spec.default(CONTROLS[name]))

    def curve(self, name: str) -> Tensor | None:
        """A curve [T]; None where none is given."""
        value = self._given.get(name)
        return value if isinstance(value, Tensor) else None

    @property
    def curves(self) -> dict[str, Tensor]:
        """All curves that are given, by control."""
        return {name: value for name, value in self._given.items() if isinstance(value, Tensor)}

    def changed(self, **given: RequestValue | None) -> RequestControls:
        """These controls with others in their place or beside them; raises DemonError."""
        return RequestControls({**self._given, **given}, self._spec)

    def with_curves(self, change: Callable[[Tensor], Tensor]) -> RequestControls:
        """These controls, each curve changed by a function."""
        return self.changed(**{name: change(curve) for name, curve in self.curves.items()})

    def check_needs(self, there: Collection[str]) -> None:
        """Raises DemonError for a control that is moved from its default while the one that it needs is not there.

        there: the prompts and clips that are.
        """
        for name, value in self._given.items():
            need = CONTROLS[name].needs
            moved = isinstance(value, Tensor) or value != self._default(name)
            if moved and need is not None and need not in there and need not in self._given:
                raise without(name, need)


def without(name: str, need: str) -> DemonError:
    """The error for the control `name` where there is no `need`."""
    article = "an" if need[0] in "aeiou" else "a"
    return DemonError(
        f"there is no {CONTROLS[need].title.lower() if need in CONTROLS else need}",
        port=name,
        mend=f"give {article} {need}, or leave {name} as it is",
    )


def request_control(name: str) -> Control:
    """The row of a control that a generation is made with; raises DemonError where a request does not take it."""
    row = CONTROLS.get(name)
    if row is None:
        known = [each.name for each in REQUEST_CONTROLS.values() if each.becomes is None]
        raise DemonError(
            "there is no such control", port=name, mend=did_you_mean(name, known, f"choose from {', '.join(known)}")
        )
    if row.becomes is not None:
        raise DemonError(
            "a request does not take it as it is", port=name, mend=f"give {row.becomes}, which is made of it"
        )
    if row.propagation != "request":
        how = "give it to Ring.tick" if row.every_step else f"it is a control of the {row.carrier}"
        raise DemonError("no control of a request", port=name, mend=how)
    return row

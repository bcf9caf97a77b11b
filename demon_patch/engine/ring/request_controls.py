"""The controls of propagation class `request` of one generation, by their names in the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from torch import Tensor

from demon_patch.engine.check_controls import checked_number, checked_option
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS, TABLE, Control
from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean

REQUEST_CONTROLS: dict[str, Control] = {row.name: row for row in TABLE if row.propagation == "request"}

RequestValue: TypeAlias = float | str | Tensor


class RequestControls:
    """The numbers, options and curves of one generation, read-only. A control that is not given has its default (for
    strength: the family's strength at the default knob position).

    given: by control, a number in the control's unit, an option's name, or a curve [T] (None for no curve).
    spec: the family, which has the defaults that the table leaves to it.

    Raises DemonError that names the control for an unknown name, a number that is NaN or out of range, or an unknown
    option. Curves are checked later, by `Request.check`, since only the request has a length.
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
                self._given[name] = checked_number(name, value)
            elif isinstance(value, Tensor):
                self._given[name] = value
            elif value is not None:
                raise DemonError(f"{value!r} is no curve", port=name, mend="give a float32 tensor [T]")

    def number(self, name: str) -> float:
        """Returns a control's number in the unit that the engine takes: the one given, or the default.

        The default of a control with the family taper is a knob position; the family's number at that position is
        returned, as in a patch.
        """
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
        """Returns a control's number as an integer: the one given, or the default."""
        return int(self.number(name))

    def is_on(self, name: str) -> bool:
        """Returns whether a switch is on (its number, given or by default, is 0.5 or more)."""
        return self.number(name) >= 0.5

    def option(self, name: str) -> str:
        """Returns the name of a choice's option: the one given, or the default."""
        return str(self._given[name] if name in self._given else self._spec.default(CONTROLS[name]))

    def curve(self, name: str) -> Tensor | None:
        """Returns a control's curve [T]; None if none is given."""
        value = self._given.get(name)
        return value if isinstance(value, Tensor) else None

    @property
    def curves(self) -> dict[str, Tensor]:
        """Returns all curves [T] that are given, by name of the control."""
        return {name: value for name, value in self._given.items() if isinstance(value, Tensor)}

    def changed(self, **given: RequestValue | None) -> RequestControls:
        """Returns a copy in which the controls `given` are set. Raises DemonError as the constructor does."""
        return RequestControls({**self._given, **given}, self._spec)

    def with_curves(self, change: Callable[[Tensor], Tensor]) -> RequestControls:
        """Returns a copy in which `change` is applied to each curve [T]."""
        return self.changed(**{name: change(curve) for name, curve in self.curves.items()})

    def check_needs(self, there: Collection[str]) -> None:
        """Raises DemonError for a control that is moved from its default while the control that it needs is missing.

        there: the names of the prompts and clips that the request has.
        """
        for name, value in self._given.items():
            need = CONTROLS[name].needs
            moved = isinstance(value, Tensor) or value != self._default(name)
            if moved and need is not None and need not in there and need not in self._given:
                raise without(name, need)


def without(name: str, need: str) -> DemonError:
    """Returns the error for the control `name`, which needs `need` (a control, or a thing in words) and has none."""
    article = "an" if need[0] in "aeiou" else "a"
    return DemonError(
        f"there is no {CONTROLS[need].title.lower() if need in CONTROLS else need}",
        port=name,
        mend=f"give {article} {need}, or leave {name} as it is",
    )


def request_control(name: str) -> Control:
    """Returns the row of a control of a request. Raises DemonError for a control that a request does not take."""
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

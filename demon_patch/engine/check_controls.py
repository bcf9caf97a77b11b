"""Checks numbers and options against the table of controls. Torch-free."""

from __future__ import annotations

from math import isfinite
from numbers import Real

from demon_patch.engine.controls import CONTROLS, Control
from demon_patch.errors import DemonError
from demon_patch.nearest import chosen


def out_of_range(control: Control, value: object) -> DemonError:
    """Returns the error for a number that the control's row does not allow."""
    kind = "a whole number" if control.shape == "integer" else "a number"
    return DemonError(
        f"{value!r} is not {kind} from {control.lo:g} to {control.top:g}",
        port=control.name,
        mend=f"give {control.title.lower()} {kind} from {control.lo:g} to {control.top:g}",
    )


def checked_number(name: str, value: object) -> float:
    """Returns `value` as a float, in the unit of the control `name`. Raises DemonError if it is no number, NaN,
    infinite, out of the control's range, or not whole where the control takes whole numbers."""
    control = CONTROLS[name]
    if isinstance(value, bool) or not isinstance(value, Real):
        raise out_of_range(control, value)
    number = float(value)
    if not isfinite(number) or not control.lo <= number <= control.top:
        raise out_of_range(control, value)
    if control.shape == "integer" and number != int(number):
        raise out_of_range(control, value)
    return number


def checked_option(name: str, value: object) -> str:
    """Returns `value` if it is an option of the control `name`. Raises DemonError otherwise."""
    control = CONTROLS[name]
    if not isinstance(value, str) or value not in control.options:
        raise DemonError(f"{value!r} is no option", port=name, mend=chosen(value, control.options))
    return value

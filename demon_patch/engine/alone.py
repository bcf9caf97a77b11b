"""A song that is made from its prompt alone, without a source: what stands in the source's place, and which controls
have no effect then."""

from __future__ import annotations

from demon_patch.engine.contracts import Family, Source
from demon_patch.engine.controls import TABLE
from demon_patch.engine.prompt_contracts import PlaysAlone
from demon_patch.errors import DemonError

OF_SOURCE: frozenset[str] = frozenset(row.name for row in TABLE if row.of_source)
"""The controls that have no effect where a song has no source."""


def alone(family: Family, seconds: float, bpm: float | None) -> Source:
    """Returns what stands in place of a source. `seconds` and `bpm` are those of `PlaysAlone.alone`.

    Raises DemonError for a family that needs a source.
    """
    conditioner = family.conditioner
    if family.spec.needs_source or not isinstance(conditioner, PlaysAlone):
        raise DemonError(
            f"the model {family.spec.name} makes no music from a prompt alone",
            port="source",
            mend="give it a source, or play the patch on a model that needs none",
        )
    return conditioner.alone(seconds, bpm)

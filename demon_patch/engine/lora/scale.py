"""Computes the scale of a LoRA's layers from what its file and its folder state about rank and alpha.

scale = alpha / rank, or alpha / sqrt(rank) where rank-stabilised LoRA is stated (Kalajdzievski 2023).

For one layer, these are read: its `.alpha` tensor, `alpha_pattern`, `networkalphas`. For all layers: `lora_alpha`,
`alpha`, `ss_network_alpha` and `ss_network_dim` of the metadata, `lora_adapter_metadata` of diffusers, and PEFT's
adapter_config.json beside the file. Two statements that contradict each other are an error that names both. Without any
statement the scale is 1, and a note says so.

An alpha is above 0: with 0 a layer would not change, and below 0 it would change the other way. Kohya's
`ss_network_alpha` and `network_alpha` may be 0, which means an alpha as large as the rank.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from demon_patch.engine.lora.names import FLAT, PARTS
from demon_patch.engine.tensor_file import AGAIN, shown
from demon_patch.errors import WeightsError

CONFIG = "adapter_config.json"
IN_METADATA = "adapter_config"
"""The key under which a packed file has adapter_config.json in its metadata."""
MAX_CONFIG = 2**20
MAX_PATTERNS = 2000

_ALPHAS = ("lora_alpha", "alpha", "ss_network_alpha", "network_alpha")
_RANKS = ("r", "rank", "lora_rank", "ss_network_dim", "network_dim")
_AS_RANK = ("ss_network_alpha", "network_alpha")  # of kohya, where 0 means an alpha as large as the rank
_SETTLED = ("None", "none", "null", "Dynamic", "")  # what trainers write where each layer has a number of its own
_LORA = ("LORA", "")
_MOVED = ("pissa", "olora", "corda", "loftq")  # ways to begin that also change the weights of the model
_TOKEN = re.compile(r"\\d\+|\[0-9\]\+|\.\*|\.\+|\\[.\-_/]|[\w.\-/]|[$^]")


@dataclass(frozen=True, slots=True)
class StatedNumber:
    """A number, and in `by` the place where it is stated, in words for a message."""

    number: float
    by: str


@dataclass(slots=True)
class Statements:
    """What a LoRA states about alpha, rank and scale.

    alpha, rank: of all layers; None if it is not stated.
    stabilised: number 1 if rank-stabilised LoRA is stated, 0 if it is denied; None if nothing is stated.
    alphas, ranks: of some layers, by pattern of a layer's name.
    """

    alpha: StatedNumber | None = None
    rank: StatedNumber | None = None
    stabilised: StatedNumber | None = None
    alphas: dict[str, StatedNumber] = field(default_factory=dict)
    ranks: dict[str, StatedNumber] = field(default_factory=dict)

    def scale(self, layer: str, rank: int, own: StatedNumber | None) -> float:
        """Returns the scale of a layer: alpha / rank, or alpha / sqrt(rank) if rank-stabilised LoRA is stated; 1
        without an alpha.

        rank: the rank of the layer's halves. own: the alpha that the layer's own tensor states.
        Raises WeightsError if statements contradict each other or the rank.
        """
        if (stated := self._one(self.ranks, layer) or self.rank) is not None and stated.number != rank:
            raise WeightsError(
                f"{stated.by} states rank {stated.number:g}, and layer {layer} has rank {rank}", mend=_MEND
            )
        pattern = self._one(self.alphas, layer)
        if own and pattern and own.number != pattern.number:
            raise _conflict("alpha", own, pattern)
        alpha = own or pattern or self.alpha
        if alpha is None:
            return 1.0
        return alpha.number / (math.sqrt(rank) if self.stabilised and self.stabilised.number else rank)

    def resolve(self, ranks: Iterable[int], owns: Iterable[StatedNumber]) -> None:
        """Compares the alpha and rank that are stated for all layers with the layers' tensors.

        ranks: the rank of each layer. owns: the alphas that the layers' tensors state.
        Raises WeightsError if no layer's own alpha agrees with the stated one. Some may differ, since a trainer may
        give layers their own numbers. For the same reason a stated `ss_network_dim` is dropped if some layer has this
        rank and no ranks are stated by pattern: other layers may then have other ranks.
        """
        owns, ranks = list(owns), set(ranks)
        if self.alpha and owns and all(own.number != self.alpha.number for own in owns):
            raise _conflict("alpha", self.alpha, owns[0])
        if self.rank and not self.ranks and self.rank.by.endswith(_FREE) and self.rank.number in ranks:
            self.rank = None

    @staticmethod
    def _one(patterns: Mapping[str, StatedNumber], layer: str) -> StatedNumber | None:
        """Returns the number of the first pattern that matches the end of the layer's name, as in PEFT; None without
        one."""
        return next((said for pattern, said in patterns.items() if _matches(pattern, layer)), None)


_FREE = "ss_network_dim"
_MEND = "delete the wrong one of the two, or get the adapter again"


def statements(metadata: Mapping[str, str], config: Path | None) -> Statements:
    """Returns all that a file's metadata and its adapter_config.json state about alpha, rank and scale.

    config: the path of adapter_config.json, if there is one.
    Raises WeightsError for contradictions, and for adapters of another kind than LoRA.
    """
    found = Statements()
    _add_statements(found, metadata, "the file's metadata")
    for name in ("lora_adapter_metadata", IN_METADATA, "networkalphas", "network_alphas"):
        if metadata.get(name):
            inner = _json(metadata[name], f"its {name}")
            _add_statements(
                found, {"networkalphas": inner} if name.startswith("network") else inner, f"the file's {name}"
            )
    if config is not None:
        try:
            with config.open("rb") as stream:
                text = stream.read(MAX_CONFIG + 1)
        except OSError as error:
            raise WeightsError(f"{CONFIG} cannot be read: {error.strerror or error}", mend="check it") from None
        if len(text) > MAX_CONFIG:
            raise WeightsError(f"{CONFIG} has more than {MAX_CONFIG >> 20} MiB", mend=AGAIN)
        facts = _json(text, CONFIG)
        if not isinstance(facts, dict):
            raise WeightsError(f"{CONFIG} is no JSON object", mend=AGAIN)
        _add_statements(found, facts, CONFIG)
    return found


def _json(text: str | bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise WeightsError(f"{what} is no JSON", mend=AGAIN) from None


def _add_statements(found: Statements, given: object, by: str) -> None:
    """Adds to `found` what a JSON object states. Its keys may begin with a part of the model, as in
    transformer.lora_alpha.

    by: the object's name in messages. Raises WeightsError.
    """
    if not isinstance(given, Mapping):
        return
    facts = {name: value for key, value in given.items() if (name := _without_prefix(str(key))) is not None}
    _refuse(facts, by)
    for names, what in ((_ALPHAS, "alpha"), (_RANKS, "rank")):
        for name in names:
            if name in facts and not isinstance(facts[name], Mapping):
                number = _number(facts[name], what, f"{by}: {name}")
                if number is None or (number == 0 and name in _AS_RANK):
                    continue
                if what == "alpha":
                    check_alpha(number, f"its alpha is {number:g} by {by}: {name}")
                _add(found, what, StatedNumber(number, f"{by}: {name}"))
    if facts.get("use_rslora") is not None:
        _add(found, "stabilised", StatedNumber(float(_true(facts["use_rslora"])), f"{by}: use_rslora"))
    pairs = [("alpha_pattern", found.alphas), ("rank_pattern", found.ranks), ("networkalphas", found.alphas)]
    for name, patterns in pairs:
        what = "rank" if patterns is found.ranks else "alpha"
        inner = {} if facts.get(name) in (None, "") else facts[name]
        inner = _json(inner, f"{name} of {by}") if isinstance(inner, str) else inner
        if isinstance(inner, Mapping):
            if len(inner) > MAX_PATTERNS:
                raise WeightsError(f"{name} of {by} holds {len(inner)} patterns", mend=f"keep it to {MAX_PATTERNS}")
            for pattern, number in inner.items():
                _add_pattern(patterns, what, str(pattern), number, f"{by}: {name}")
        elif name == "networkalphas" and (number := _number(inner, "alpha", f"{by}: {name}")) is not None:
            check_alpha(number, f"its alpha is {number:g} by {by}: {name}")
            _add(found, "alpha", StatedNumber(number, f"{by}: {name}"))


def _without_prefix(key: str) -> str | None:
    """Returns the key without the parts of the model before it; None if a part belongs to another model, for example a
    text encoder."""
    *parts, name = key.split(".")
    return name if set(parts) <= set(PARTS) else None


def _refuse(facts: Mapping[str, Any], by: str) -> None:
    """Raises WeightsError if the configuration states another kind of adapter than LoRA, or a start of the training
    that also changes the model's own weights."""
    kind = facts.get("peft_type") or ""
    if str(kind).upper() not in _LORA:
        raise WeightsError(f"it is {shown(str(kind))} by {by}, which is not played", mend="use a plain LoRA")
    if _true(facts.get("use_dora")):
        raise WeightsError(f"it is DoRA by {by} (use_dora), which is not played", mend="use a plain LoRA")
    begun = facts.get("init_lora_weights")
    if isinstance(begun, str) and begun.lower().startswith(_MOVED):
        raise WeightsError(
            f"its training began with {shown(begun)} ({by}: init_lora_weights), which changes the model's own weights",
            mend="convert it to a plain LoRA when it is saved",
        )


def _true(given: object) -> bool:
    return given is True or str(given).lower() in ("true", "1")


def _number(given: object, what: str, by: str) -> float | None:
    """Returns a stated number, which is finite; None for the words with which trainers leave it to the layers.

    what, by: the number's name and place in messages. Raises WeightsError for anything else.
    """
    if given is None or (isinstance(given, str) and given.strip() in _SETTLED):
        return None
    try:
        number = math.nan if isinstance(given, bool) else float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise WeightsError(f"its {what} is {shown(str(given))}, not a number, by {by}", mend=AGAIN)
    return number


def check_alpha(number: float, statement: str) -> None:
    """Raises WeightsError if an alpha is not above 0. statement: says in the error which alpha it is, and where."""
    if number <= 0:
        raise WeightsError(
            f"{statement}, and an alpha must be above 0", mend="set it to the rank, or get the file again"
        )


def _add(found: Statements, what: str, said: StatedNumber) -> None:
    known: StatedNumber | None = getattr(found, what)
    if known is not None and known.number != said.number:
        raise _conflict("rank-stabilised scale" if what == "stabilised" else what, known, said)
    if known is None:
        setattr(found, what, said)


def _add_pattern(patterns: dict[str, StatedNumber], what: str, pattern: str, given: object, by: str) -> None:
    number = _number(given, shown(pattern), by)
    if number is None:
        return
    if what == "alpha":
        check_alpha(number, f"its alpha is {number:g} by {by} {shown(pattern)}")
    said = StatedNumber(number, f"{by} {shown(pattern)}")
    if (known := patterns.get(pattern)) is not None and known.number != number:
        raise _conflict("number", known, said)
    _compiled(pattern)
    patterns[pattern] = said


def _conflict(what: str, one: StatedNumber, other: StatedNumber) -> WeightsError:
    return WeightsError(
        f"two statements of its {what} do not agree: {one.number:g} by {one.by}, {other.number:g} by {other.by}",
        mend=_MEND,
    )


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Returns the compiled pattern of a layer's name, which may have anything and a dot before it.

    pattern: a name, or one of PEFT's simple patterns. Raises WeightsError for others, since matching them might take
    for ever.
    """
    parts = _TOKEN.findall(pattern)
    if "".join(parts) != pattern or len(pattern) > 200 or sum(part in (".*", ".+") for part in parts) > 2:
        raise WeightsError(f"the pattern {shown(pattern)} of layers is not understood", mend="name the layers in full")
    return re.compile(rf"(?:.*\.)?(?:{pattern})")


def _matches(pattern: str, layer: str) -> bool:
    """Returns whether a pattern means a layer. It may begin with a program's prefix, and may have underscores for
    dots."""
    plain = re.sub(r"([._]lora[._](A|B|down|up))?(\.weight)?(\.alpha)?$", "", pattern) or pattern
    if _compiled(plain).fullmatch(layer) is not None:
        return True
    flat, wanted = plain.replace(".", "_"), layer.replace(".", "_")
    while flat != wanted and (prefix := next((p for p in FLAT if flat.startswith(p)), None)):
        flat = flat.removeprefix(prefix)
    return flat == wanted

"""What is said of a prompt and of a formula while they are typed: words of the model, functions, and mistakes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Advice, Advisor, Offered
from demon_patch.errors import DemonError
from demon_patch.nodes import formulas
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.library.math.expression import parse_formula
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.session import Vocabulary, Words

SHOWN = 6
PROMPTS = {("prompt", "text"), ("composed_source", "style")}
_NEAREST = re.compile(r'"([^"]+)"')
_ROW = re.compile(r"^\|\s*(.+?)\s*\|\s*(.+?)\s*\|$")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*$")


def advisor_of(link: Link, type: str, port: Port) -> Advisor | None:
    """Returns who looks at the text of a port; None for a text of which nothing is to be said."""
    if (type, port.name) in PROMPTS:
        return PromptAdvisor(link)
    if (type, port.name) == ("expression", "formula"):
        return FormulaAdvisor()
    return ReadAdvisor(port) if port.type == "text" and port.read is not None else None


def words_of(page: str) -> list[tuple[str, str]]:
    """Returns the words in a page of the model's words, each with what it says: ("boom bap", "style hiphop")."""
    found: dict[str, str] = {}
    for line in page.splitlines():
        row = _ROW.match(line)
        if row is None or row[1] in ("says", "---") or row[1].startswith(("nothing", "without")):
            continue
        says = row[1].replace("**", "").replace("`", "")
        for part in row[2].split(";")[0].split(","):
            word = re.sub(r"\s*\(.*?\)", "", part).replace("`", "").strip()
            if word and len(word) <= 30:
                found.setdefault(word, says)
    return list(found.items())


class PromptAdvisor:
    """Offers the words of the model that plays, and marks those that it does not read."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._words: list[tuple[str, str]] = []
        self._unread: tuple[tuple[str, str], ...] = ()
        self._asked: str | None = None
        self._waits = False

    def look(self, text: str, caret: int) -> Advice:
        """Returns the words that fit what is typed, then those that mean nothing with the nearest that does."""
        if text != self._asked and not self._waits and len(text) <= 10_000:
            self._asked, self._waits = text, True
            self._link.ask(Words(text=text), self._take, self._not)
        unread = list(_unread(text, self._unread, caret))
        offers = (*_completions(text, caret, self._words), *unread)[:SHOWN]
        return Advice(offers=offers, marks=tuple((o.start, o.end) for o in unread))

    def _take(self, reply: Reply) -> None:
        self._waits = False
        if isinstance(reply, Vocabulary):
            self._words, self._unread = words_of(reply.page) or self._words, reply.unread

    def _not(self, fault: Fault) -> None:
        self._waits = False


def _completions(text: str, caret: int, words: Sequence[tuple[str, str]]) -> Iterator[Offered]:
    """Yields the words of which a beginning stands before the caret: of the part after the last comma, or of the last
    word; where nothing stands there, words of what the prompt does not say yet."""
    start = max(text.rfind(sign, 0, caret) for sign in ",\n") + 1
    start += len(text[start:caret]) - len(text[start:caret].lstrip())
    there = text.lower()
    for begun in dict.fromkeys((start, text.rfind(" ", start, caret) + 1 or start)):
        typed = text[begun:caret].lower()
        if not typed.strip():
            continue
        fitting = [(word, says) for word, says in words if word.lower().startswith(typed) and word.lower() != typed]
        yield from (Offered(word, says, word, begun, caret) for word, says in fitting[: SHOWN - 2])
        if fitting:
            return
    if text[start:caret].strip():
        return
    said: set[str] = {says.split(" ")[0] for word, says in words if word.lower() in there}
    firsts: dict[str, tuple[str, str]] = {}
    for word, says in words:
        kind = says.split(" ")[0]
        if kind not in said:
            firsts.setdefault(says if len({*said}) == 0 and kind == "style" else kind, (word, says))
    gap = "" if not text[:caret].strip() or text[:caret].endswith((" ", "\n")) else " "
    for word, says in list(firsts.values())[: SHOWN - 2]:
        yield Offered(word, says, gap + word, caret, caret)


def _unread(text: str, unread: Sequence[tuple[str, str]], caret: int) -> Iterator[Offered]:
    for word, advice in unread:
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
        if found is None or found.start() < caret == found.end():  # that is still being typed
            continue
        near = _NEAREST.search(advice)
        put = near[1] if near is not None and advice.startswith("the nearest") else ""
        yield Offered(f"{word} says nothing", advice, put or found[0], found.start(), found.end(), "fault")


class FormulaAdvisor:
    """Offers names and functions with their arguments, and says what the compiler would."""

    def look(self, text: str, caret: int) -> Advice:
        """Returns what is wrong, and what fits what is typed."""
        wrong = ""
        if text.strip():
            try:
                parse_formula(text)
            except DemonError as error:
                wrong = error.what.split(": ", 1)[-1] if error.what.startswith("formula ") else error.what
        begun = _IDENTIFIER.search(text[:caret])
        offers: list[Offered] = []
        if (function := _called(text, caret)) is not None:
            offers.append(Offered(function[0], function[1], "", caret, caret, "accent"))
        start = begun.start() if begun else caret
        offers += _fitting(text[start:caret], start, caret)
        if not text.strip():
            offers += [Offered(t, meaning, t, 0, len(text)) for t, meaning in formulas.EXAMPLES]
        return Advice(wrong, tuple(offers[:SHOWN]))


def _fitting(typed: str, start: int, caret: int) -> Iterator[Offered]:
    """Yields the names and functions that begin as typed."""
    if not typed:
        return
    for spelled, meaning in formulas.FUNCTIONS:
        name = spelled.split("(")[0]
        if name.startswith(typed):
            yield Offered(spelled, meaning, f"{name}(", start, caret)
    for spelled, meaning in formulas.NAMES:
        for name in spelled.split():
            if name.startswith(typed) and name != typed:
                yield Offered(name, meaning, name, start, caret)


def _called(text: str, caret: int) -> tuple[str, str] | None:
    """Returns the function inside whose brackets the caret is, as it is written, and what it means."""
    deep = 0
    for place in range(caret - 1, -1, -1):
        if text[place] == ")":
            deep += 1
        elif text[place] == "(":
            name = _IDENTIFIER.search(text[:place])
            if deep == 0 and name is not None:
                return next((entry for entry in formulas.FUNCTIONS if entry[0].startswith(f"{name[0]}(")), None)
            deep = max(deep - 1, 0)
    return None


class ReadAdvisor:
    """Says what is wrong with the text of a port that reads its text, such as a pattern."""

    def __init__(self, port: Port) -> None:
        self._read = port.read

    def look(self, text: str, caret: int) -> Advice:
        """Returns what is wrong."""
        try:
            if self._read is not None:
                self._read(text)
        except DemonError as error:
            return Advice(f"{error.what}: {error.mend}" if error.mend else error.what)
        return Advice()

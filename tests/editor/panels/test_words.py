"""A prompt offers the words of the model, a formula its functions; mistakes show while they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.panels.advice_list import AdviceList
from demon_patch.editor.panels.line_editor import LineEditor
from demon_patch.editor.panels.words_panel import FormulaAdvisor, PromptAdvisor, ReadAdvisor, advisor_of, words_of
from demon_patch.engine.families import NAMES, unread
from demon_patch.engine.families import words_of as page_of
from demon_patch.nodes import formulas
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.remote.messages.session import Vocabulary, Words
from tests.support.noting_link import FakeLink


def prompt(text: str) -> tuple[PromptAdvisor, FakeLink]:
    """An advisor that has had its answer to a text."""
    link = FakeLink()
    advisor = PromptAdvisor(link)
    advisor.look(text, len(text))
    assert link.asked == [Words(text=text)]
    answer = link.then[0]
    assert answer is not None
    answer(Vocabulary(page=page_of("nano"), unread=tuple(unread("nano", text))))
    return advisor, link


def test_the_words_of_the_page_are_read() -> None:
    words = dict(words_of(page_of("nano")))
    assert words["boom bap"] == "style hiphop"
    assert words["slow"] == "tempo"
    assert "loop" not in words
    for name in NAMES:
        words_of(page_of(name))


def test_a_beginning_is_completed() -> None:
    advisor, _ = prompt("deep ho")
    offers = advisor.look("deep ho", 7).offers
    assert (offers[0].title, offers[0].start, offers[0].end) == ("deep house", 0, 7)
    offers = advisor.look("acid, boo", 9).offers
    assert (offers[0].text, offers[0].start) == ("boom bap", 6)


def test_words_that_say_nothing_are_marked_and_replaced() -> None:
    text = "grumpy techo, acid"
    advisor, _ = prompt(text)
    advice = advisor.look(text, len(text))
    marked = [text[a:b] for a, b in advice.marks]
    assert "grumpy" in marked
    wrong = next(offer for offer in advice.offers if offer.title.startswith("techo"))
    line = LineEditor.over(text, chosen=False)
    chosen = AdviceList(advisor, line)
    chosen.take(advice.offers.index(wrong))
    assert line.text == "grumpy techno, acid"


def test_one_question_waits_at_a_time() -> None:
    link = FakeLink()
    advisor = PromptAdvisor(link)
    for text in ("a", "ac", "aci"):
        advisor.look(text, len(text))
    assert len(link.asked) == 1
    answer = link.then[0]
    assert answer is not None
    answer(Vocabulary())
    advisor.look("aci", 3)
    assert link.asked[-1] == Words(text="aci")


@pytest.mark.parametrize("spelled", [entry[0] for entry in formulas.FUNCTIONS])
def test_each_function_is_offered_and_explained_within_its_brackets(spelled: str) -> None:
    name = spelled.split("(", maxsplit=1)[0]
    advisor = FormulaAdvisor()
    offer = next(offer for offer in advisor.look(f"a + {name[:2]}", 4 + len(name[:2])).offers if offer.title == spelled)
    assert (offer.text, offer.start) == (f"{name}(", 4)
    inside = f"{name}(a, (b + 1), "
    assert advisor.look(inside, len(inside)).offers[0].title == spelled


def test_the_mistake_of_a_formula_is_the_compilers() -> None:
    advisor = FormulaAdvisor()
    assert advisor.look("a * 2", 5).wrong == ""
    assert advisor.look("", 0).wrong == ""
    assert advisor.look("a +", 3).wrong
    assert "import" not in advisor.look("open('x')", 0).wrong
    assert advisor.look("open('x')", 0).wrong
    assert all(advisor.look(example, 0).wrong == "" for example, _ in formulas.EXAMPLES)


@given(st.text(max_size=40), st.integers(0, 40))
def test_nothing_that_is_typed_breaks_the_advice(text: str, caret: int) -> None:
    advisor, at = FormulaAdvisor(), min(caret, len(text))
    line = LineEditor(text, at, at)
    chosen = AdviceList(advisor, line)
    for name in ("down", "up", "tab"):
        chosen.key(KeyPress(name, "", False, False, False, True))
    prompts = PromptAdvisor(FakeLink())
    prompts._words = words_of(page_of("nano"))
    prompts._unread = tuple(unread("nano", text))
    advice = prompts.look(text, at)
    for offer in advice.offers:
        assert 0 <= offer.start <= offer.end <= len(text)


def test_who_looks_at_which_port() -> None:
    link = FakeLink()
    kinds = {
        ("prompt", "text"): PromptAdvisor, ("composed_source", "style"): PromptAdvisor,
        ("expression", "formula"): FormulaAdvisor, ("pattern", "pattern"): ReadAdvisor,
        ("osc_in", "address"): type(None),
    }  # fmt: skip
    for (type_, port), kind in kinds.items():
        assert isinstance(advisor_of(link, type_, CATALOGUE[type_].by_name[port]), kind)
    pattern = ReadAdvisor(CATALOGUE["pattern"].by_name["pattern"])
    assert pattern.look("x..x", 0).wrong == ""
    assert pattern.look("x?!", 0).wrong

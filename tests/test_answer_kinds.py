"""Kinds of answers that math-verify alone gets wrong: many spellings of one answer, and answers that only look alike."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from answer_cases import KINDS as CASES
from answer_spellings import KINDS as SPELLINGS
from answer_units import KINDS as UNITS
from answer_values import KINDS as VALUES
from answer_words import KINDS as WORDS
from conftest import SHARED, needs_shared
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reins.eval.verify.answers import shortcut
from reins.eval.verify.answers.numerals import exact_numbers
from reins.eval.verify.answers.spelling import spell
from reins.train.reward_selftest import answer_kinds

KINDS = CASES | SPELLINGS | UNITS | VALUES | WORDS
FIELD = SHARED / "field" / "eval"
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(grader, kind):
    found = grader.grade_many([(gold, text) for gold, text, _ in KINDS[kind]])
    asked = zip(KINDS[kind], found, strict=True)
    assert [(*case, outcome) for case, outcome in asked if case[2] != outcome] == []


@needs_shared
def test_the_cases_from_the_field(grader):
    lines = [line for file in sorted(FIELD.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    cases = [case for case in map(json.loads, lines) if case["expected"] and "outcome" in case["expected"]]
    cases = [case for case in cases if "think" not in case["kind"] and "tags" not in case["kind"]]
    found = grader.grade_many([(case["row"]["answer"], case["response"]["text"]) for case in cases])
    wrong = [
        (case["kind"], case["case"], outcome)
        for case, outcome in zip(cases, found, strict=True)
        if outcome != case["expected"]["outcome"]
    ]
    assert len(cases) > 50 and wrong == []


decimals = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=9) | st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-999, 999), st.integers(0, 12)
)


@given(decimals, decimals)
def test_no_shortcut_calls_two_different_numbers_equal(one, other):
    gold, text = format(one, "f"), format(other, ",f")
    if shortcut(gold, text, True) == "right":
        assert one == other


@quick
@given(st.integers(-20, 20), st.integers(1, 40), st.integers(-20, 20), st.integers(1, 40), st.integers(0, 60))
def test_two_different_fractions_are_never_equal_however_small(grader, a, b, c, d, zeros):
    small = f"10^{{-{zeros}}}"
    gold, text = rf"\frac{{{a}}}{{{b}}} \cdot {small}", rf"\boxed{{\frac{{{c}}}{{{d}}} \cdot {small}}}"
    assert grader.grade(gold, text) == ("right" if Fraction(a, b) == Fraction(c, d) else "wrong")


@quick
@given(st.integers(1, 999), st.integers(1, 999), st.integers(7, 40))
def test_two_different_small_decimals_are_never_equal(grader, one, other, places):
    gold, text = (format(Decimal(digits).scaleb(-places), "f") for digits in (one, other))
    assert grader.grade(gold, rf"\boxed{{{text}}}") == ("right" if one == other else "wrong")


@quick
@given(
    st.text("0123456789", max_size=3),
    st.text("0123456789", max_size=4),
    st.text("0123456789", min_size=1, max_size=6),
)
def test_a_repeating_decimal_is_its_fraction_exactly(whole, start, period):
    found = exact_numbers(rf"{whole}.{start}\overline{{{period}}}").removeprefix(r"\frac{").removesuffix("}")
    value = Fraction(*map(int, found.split("}{")))
    size = len(start) + len(period)
    assert value * 10**size - value * 10 ** len(start) == int(whole + start + period) - int(
        whole + start or "0"
    )


CLOTHES = [
    lambda text: f"**{text}**",
    lambda text: f"{text}.",
    lambda text: rf"\underline{{{text}}}",
    lambda text: f"${text}$",
    lambda text: rf"{text}\ ",
    lambda text: rf"\mathbf{{{text}}},",
    lambda text: rf"\text{{The answer is }} {text}",
    lambda text: text.translate(str.maketrans("0123456789", "०१२३४५६७८९")),
]


@quick
@given(
    st.integers(1, 10**9),
    st.lists(st.sampled_from(CLOTHES), max_size=4, unique=True),
    st.sampled_from(["{:,}", "{:_}"]),
)
def test_clothes_come_off_in_any_order_and_leave_the_number(number, clothes, form):
    text = form.format(number).replace("_", r"\,")
    for put_on in clothes:
        text = put_on(text)
    bare = spell(text)
    assert bare.replace(",", "") == str(number)
    assert spell(bare) == bare


@pytest.mark.parametrize("kind", KINDS)
def test_spelling_twice_is_spelling_once(kind):
    once = [spell(answer) for case in KINDS[kind] for answer in case[:2]]
    assert list(map(spell, once)) == once


@pytest.mark.parametrize("number", [1, 9, 2001])
def test_the_sentinel_batch_knows_one_right_and_one_wrong_answer_of_each_kind(grader, number):
    asked = answer_kinds(number)
    assert grader.grade_many([(gold, right) for gold, right, _ in asked]) == ["right"] * len(asked)
    assert grader.grade_many([(gold, wrong) for gold, _, wrong in asked]) == ["wrong"] * len(asked)

"""Kinds of answers that math-verify alone gets wrong: many spellings of one answer, and answers that only look alike."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reins.eval.verify.answers import shortcut
from reins.eval.verify.answers.numerals import exact_numbers
from reins.eval.verify.answers.spelling import spell
from reins.train.reward_selftest import answer_kinds

FIELD = Path(__file__).parents[2] / "shared" / "field" / "eval"
needs_field = pytest.mark.skipif(not FIELD.is_dir(), reason=f"the cases from the field are not at {FIELD}")
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Of each kind: gold answer, reply, outcome.
KINDS = {
    "base": [
        ("2314_5", r"\boxed{2314_6}", "wrong"),
        ("110_{2}", r"\boxed{110_{8}}", "wrong"),
        ("(77)_8", r"\boxed{77_9}", "wrong"),
        ("1201_3", r"\boxed{1201_{\text{four}}}", "wrong"),
        ("1201_3", r"\boxed{1201_{\text{three}}}", "right"),
        ("2A_{16}", r"\boxed{2A_{12}}", "wrong"),
        ("2A_{16}", r"\boxed{2a_{16}}", "right"),
        ("4343_6", r"\boxed{4343}", "right"),
        ("4343_6", r"\boxed{4343 \text{ base } 7}", "wrong"),
        ("4343_6", r"\boxed{4343 \text{ (base 6)}}", "right"),
    ],
    "modulus": [
        (r"x \equiv 3 \pmod 7", r"\boxed{x \equiv 3 \pmod{5}}", "wrong"),
        (r"x \equiv 3 \pmod 7", r"\boxed{x \equiv 10 \pmod{7}}", "right"),
        (r"5 \pmod{12}", r"\boxed{5 \pmod{13}}", "wrong"),
        (r"5 \pmod{12}", r"\boxed{5}", "right"),
        ("5", r"\boxed{5 \pmod{12}}", "right"),
        (r"2 \bmod 9", r"\boxed{2 \bmod 9}", "right"),
        (r"2 \bmod 9", r"\boxed{2 \mod 8}", "wrong"),
        ("3", r"\boxed{x \equiv 3 \pmod{10}}", "right"),
    ],
    "dots": [
        (r"1, 4, 9, \ldots, n^2", r"\boxed{1, 4, 16, \ldots, n^2}", "wrong"),
        (r"2, 4, \ldots, 2n", r"\boxed{2, 4, 6, \dots, 2n}", "right"),
        (r"2, 4, \ldots, 2n", r"\boxed{2, 4, 8, \dots, 2n}", "wrong"),
        (r"1 + 2 + \cdots + n", r"\boxed{1 + 3 + \cdots + n}", "wrong"),
        (r"1 + 2 + \cdots + n", r"\boxed{1 + 2 + 3 + \ldots + n}", "right"),
        (r"1, 2, 3, \ldots", r"\boxed{1, 2, 3}", "wrong"),
        ("1, 2, 3, 4, 5", r"\boxed{1, 2, \ldots, 5}", "right"),
        ("1, 2, 3, 4, 5", r"\boxed{1, 3, \ldots, 5}", "wrong"),
        (r"\{0, 1, \ldots, n-1\}", r"\boxed{\{1, 2, \ldots, n\}}", "wrong"),
        (r"n, n+1, \ldots, 2n", r"\boxed{n, n+1, \ldots, 3n}", "wrong"),
        ("1, 2, ..., 10", r"\boxed{1, 2, 3, \cdots, 10}", "right"),
    ],
    "units": [
        (r"3\text{ km}", r"\boxed{3\text{ m}}", "wrong"),
        (r"3\text{ km}", r"\boxed{3000\text{ m}}", "right"),
        (r"12\text{ cm}^2", r"\boxed{12\text{ cm}}", "wrong"),
        (r"5\text{ kg}", r"\boxed{5 \, \mathrm{g}}", "wrong"),
        (r"60 \text{ km/h}", r"\boxed{60 \text{ m/s}}", "wrong"),
        (r"90 \text{ km/h}", r"\boxed{25 \text{ m/s}}", "right"),
        (r"40\text{ cents}", r"\boxed{\$40}", "wrong"),
        (r"\$0.40", r"\boxed{40\text{ cents}}", "right"),
        ("2t", r"\boxed{2}", "wrong"),
        ("7h", r"\boxed{7s}", "wrong"),
        ("5 m", r"\boxed{5}", "right"),
        ("5", r"\boxed{5 \text{ apples}}", "right"),
        ("5000000", r"\boxed{5 \text{ million}}", "right"),
        ("5", r"\boxed{5 \text{ million}}", "wrong"),
        (r"20^\circ\text{C}", r"\boxed{20^\circ\text{F}}", "wrong"),
        (r"2 \text{ hours}", r"\boxed{120 \text{ minutes}}", "right"),
        (r"2 \text{ hours}", r"\boxed{2}", "right"),
    ],
    "very small numbers": [
        ("10^{-20}", r"\boxed{10^{-21}}", "wrong"),
        (r"\frac{1}{3^{70}}", r"\boxed{3^{-70}}", "right"),
        (r"\frac{x}{2^{60}}", r"\boxed{\frac{x}{2^{61}}}", "wrong"),
        ("0.000012", r"\boxed{0.0000124}", "wrong"),
        ("0.00000045", r"\boxed{4.5 \times 10^{-7}}", "right"),
        ("0.00000045", r"\boxed{4.6 \times 10^{-7}}", "wrong"),
        (r"1.6 \times 10^{-19} \text{ C}", r"\boxed{1.7 \times 10^{-19} \text{ C}}", "wrong"),
        (r"1.6 \times 10^{-19} \text{ C}", r"\boxed{1.6e-19}", "right"),
        ("(10^{-18}, 2)", r"\boxed{(10^{-19}, 2)}", "wrong"),
        ("e^{-50}", r"\boxed{e^{-51}}", "wrong"),
        (r"\frac{1}{300}", r"\boxed{0.003333}", "right"),
        ("2^{-80}, 1", r"\boxed{2^{-81}, 1}", "wrong"),
    ],
    "numbers too large to compute": [
        ("12", r"\boxed{9^{9^{9}}}", "wrong"),
        ("3^{100}", r"\boxed{3^{3^{100}}}", "wrong"),
        ("0", r"\boxed{10^{-10^{12}}}", "wrong"),
        ("7", r"\boxed{10^{10^{10}} + 7}", "wrong"),
        ("1", r"\boxed{(10^{9})!}", "wrong"),
        ("2", r"\boxed{2^{2^{2^{2^{2^{2}}}}}}", "wrong"),
        ("10^{10^{10}}", r"\boxed{10^{10^{10}}}", "right"),
    ],
    "several boxes": [
        ("2, 5", r"Roots: $\boxed{2}$ and $\boxed{5}$.", "right"),
        ("2, 5", r"Roots: $\boxed{5}$, then also $\boxed{2}$", "right"),
        ("(3, 4)", r"So $x=\boxed{3}$, $y=\boxed{4}$.", "right"),
        ("(3, 4)", r"So $x=\boxed{4}$, $y=\boxed{3}$.", "wrong"),
        ("5", r"Roots: $\boxed{2}$ and $\boxed{5}$.", "right"),
        ("2, 5", r"First \boxed{2}, no wait, \boxed{5}", "wrong"),
        ("2, 5", r"\boxed{2}, \boxed{5}, \boxed{7}", "wrong"),
        (r"\{1, 4\}", r"\boxed{1} \quad \boxed{4}", "right"),
        (r"\pm 3", r"\boxed{3}, \boxed{-3}", "right"),
        (r"x=1 \text{ or } x=6", r"\boxed{x=1} or \boxed{x=6}", "right"),
        ("2, 5", r"First \boxed{5}. So all: \boxed{2, 5}", "right"),
        ("1,234", r"\boxed{1} and \boxed{234}", "wrong"),
    ],
    "digits of other scripts": [
        ("47", r"\boxed{๔๗}", "right"),
        ("47", r"\boxed{۴۷}", "right"),
        ("47", r"\boxed{４７}", "right"),
        ("47", r"\boxed{௪௭}", "right"),
        ("47", r"\boxed{৪৮}", "wrong"),
        ("3.5", r"\boxed{٣٫٥}", "right"),
        (r"\frac{1}{2}", r"\boxed{\frac{१}{२}}", "right"),
        ("47", "उत्तर: **४७**", "right"),
    ],
    "ornaments": [
        ("21", r"\boxed{21^{\text{st}}}", "right"),
        ("21", r"\boxed{21st}", "right"),
        ("21", r"\boxed{21;}", "right"),
        ("21", r"\boxed{\mathbf{21}}", "right"),
        ("21", r"\boxed{\textbf{21}.}", "right"),
        ("21", r"\boxed{$21$}", "right"),
        ("21", r"\boxed{\(21\)}", "right"),
        ("21", r"\boxed{`21`}", "right"),
        ("21", r"\boxed{\textcolor{blue}{21}}", "right"),
        ("21", r"\boxed{\color{red}{21}}", "right"),
        ("21", r"\boxed{\boxed{21}}", "right"),
        ("21", r"\boxed{\text{21}}", "right"),
        ("21", r"\boxed{\displaystyle 21}", "right"),
        ("21", r"\boxed{= 21}", "right"),
        ("21", r"\boxed{21\quad}", "right"),
        ("21", r'\boxed{"21"}', "right"),
        ("21", r"\boxed{\large 21}", "right"),
        ("21", r"\boxed{\therefore 21}", "right"),
        ("21", r"\boxed{__21__}", "right"),
        ("24", r"\boxed{4!}", "right"),
        ("4", r"\boxed{4!}", "wrong"),
        ("x^2+1", r"\boxed{\underline{x^2+1}}", "right"),
        (r"\frac{3}{4}", r"\boxed{\boldsymbol{\frac{3}{4}}.}", "right"),
        (r"\sqrt{7}", r"\boxed{**\sqrt{7}**}", "right"),
    ],
    "spaces and braces in a number": [
        ("12345", r"\boxed{12\,345}", "right"),
        ("1234567", r"\boxed{1 234 567}", "right"),
        ("1234567", r"\boxed{1{,}234{,}567}", "right"),
        ("1234567", r"\boxed{1\;234\;567}", "right"),
        ("1234567.5", r"\boxed{1\,234\,567.5}", "right"),
        ("1234", r"\boxed{1'234}", "right"),
        ("12:45", r"\boxed{12{:}45}", "right"),
        ("234", r"\boxed{1 234}", "wrong"),
        ("1234", r"\boxed{1,\!234}", "right"),
        ("3.141592", r"\boxed{3.141\,592}", "right"),
        ("3.14", r"\boxed{3{.}14}", "right"),
        ("1234", r"\boxed{1 235}", "wrong"),
        ("1000000", r"\boxed{1 000 000}", "right"),
    ],
    "plain text": [
        (r"2\sqrt{3}", r"\boxed{2*sqrt(3)}", "right"),
        (r"2\sqrt{3}", r"\boxed{2sqrt(3)}", "right"),
        (r"\frac{\sqrt{5}-1}{2}", r"\boxed{(sqrt(5)-1)/2}", "right"),
        ("x^{12}", r"\boxed{x**12}", "right"),
        ("x^{n+1}", r"\boxed{x^(n+1)}", "right"),
        (r"\frac{11}{4}", r"\boxed{2 3/4}", "right"),
        (r"\ln 2", r"\boxed{ln(2)}", "right"),
        (r"\frac{1}{2}", r"\boxed{sin(pi/6)}", "right"),
        (r"\infty", r"\boxed{infinity}", "right"),
        (r"\sqrt[3]{2}", r"\boxed{cbrt(2)}", "right"),
        (r"x \ge 3", r"\boxed{x >= 3}", "right"),
        ("e^{2x}", r"\boxed{exp(2x)}", "right"),
        ("e^{2x}", r"\boxed{e^(2x)}", "right"),
        (r"(-\infty, 2)", r"\boxed{(-inf, 2)}", "right"),
        (r"(-\infty,1)\cup(2,\infty)", r"\boxed{(-oo,1) U (2,oo)}", "right"),
        (r"\frac{\pi}{2}", r"\boxed{pi/3}", "wrong"),
        (r"2\theta", r"\boxed{2theta}", "right"),
        (r"\pm 4", r"\boxed{+-4}", "right"),
        (r"\sqrt{2}+\sqrt{3}", r"\boxed{sqrt2 + sqrt3}", "right"),
        (r"-\frac{7}{2}", r"\boxed{-3 1/2}", "right"),
        (r"\sqrt{x+\sqrt{y}}", r"\boxed{sqrt(x+sqrt(y))}", "right"),
    ],
    "typographic signs": [
        ("-12", r"\boxed{−12}", "right"),
        (r"2\sqrt{3}", r"\boxed{2√3}", "right"),
        (r"\sqrt{15}", r"\boxed{√15}", "right"),
        (r"\sqrt{x+1}", r"\boxed{√(x+1)}", "right"),
        ("x^{10}", r"\boxed{x¹⁰}", "right"),
        (r"3\pi", r"\boxed{3π}", "right"),
        (r"\frac{1}{2}", r"\boxed{½}", "right"),
        (r"\frac{7}{2}", r"\boxed{3½}", "right"),
        (r"x \le 4", r"\boxed{x ≤ 4}", "right"),
        (r"(-\infty,1]\cup[3,\infty)", r"\boxed{(−∞, 1] ∪ [3, ∞)}", "right"),
        ("6x", r"\boxed{2·3·x}", "right"),
        ("6", r"\boxed{12 ÷ 2}", "right"),
        (r"60^\circ", r"\boxed{60°}", "right"),
        (r"\pm 2", r"\boxed{±2}", "right"),
        ("25", r"\boxed{２５}", "right"),
        ("a_1", r"\boxed{a₁}", "right"),
        (r"\theta+\alpha", r"\boxed{θ + α}", "right"),
        (r"3 \times 10^{8}", r"\boxed{3 × 10⁸}", "right"),
        ("50", r"\boxed{50 %}", "right"),
        ("12", r"\boxed{12 }", "right"),
        ("x^2", r"\boxed{x³}", "wrong"),
    ],
    "roots of products": [
        (r"\sqrt{xy}", r"\boxed{\sqrt{y}\sqrt{x}}", "right"),
        (r"\sqrt{\frac{a}{b}}", r"\boxed{\frac{\sqrt{a}}{\sqrt{b}}}", "right"),
        (r"\sqrt{12k}", r"\boxed{2\sqrt{3}\sqrt{k}}", "right"),
        (r"\frac{1}{\sqrt{gh}}", r"\boxed{\frac{1}{\sqrt{g}\sqrt{h}}}", "right"),
        ("x", r"\boxed{\sqrt{x^2}}", "wrong"),
        (r"x\sqrt{y}", r"\boxed{\sqrt{x^2y}}", "wrong"),
        (r"\sqrt{ab}", r"\boxed{\sqrt{a}+\sqrt{b}}", "wrong"),
        (r"2\pi\sqrt{\frac{L}{g}}", r"\boxed{\frac{2\pi\sqrt{L}}{\sqrt{g}}}", "right"),
        (r"\sqrt[3]{ab}", r"\boxed{\sqrt[3]{a}\sqrt[3]{b}}", "right"),
        (r"\ln(ab)", r"\boxed{\ln a + \ln b}", "right"),
    ],
    "repeating decimals": [
        (r"\frac{1}{6}", r"\boxed{0.1\overline{6}}", "right"),
        (r"\frac{1}{7}", r"\boxed{0.\overline{142857}}", "right"),
        (r"\frac{5}{11}", r"\boxed{0.\dot{4}\dot{5}}", "right"),
        (r"\frac{2}{3}", r"\boxed{0.(6)}", "right"),
        (r"\frac{2}{3}", r"\boxed{0.666...}", "right"),
        (r"\frac{2}{3}", r"\boxed{0.666\ldots}", "right"),
        ("1", r"\boxed{0.\overline{9}}", "right"),
        (r"\frac{1}{3}", r"\boxed{0.\overline{4}}", "wrong"),
        (r"0.\overline{36}", r"\boxed{\frac{4}{11}}", "right"),
        (r"\frac{25}{6}", r"\boxed{4.1\bar{6}}", "right"),
        ("0.3", r"\boxed{0.\overline{3}}", "wrong"),
        (r"66\frac{2}{3}\%", r"\boxed{66.\overline{6}\%}", "right"),
        (r"\frac{1}{9}", r"\boxed{.\overline{1}}", "right"),
    ],
    "upright letters": [
        (r"2\mathrm{e}", r"\boxed{2e}", "right"),
        (r"\mathrm{e}^{2}", r"\boxed{e^2}", "right"),
        (r"1-2\mathrm{i}", r"\boxed{1-2i}", "right"),
        ("4i", r"\boxed{4\imath}", "right"),
        (r"\mathrm{e}^{x}+1", r"\boxed{e^x+1}", "right"),
        (r"\ln 3", r"\boxed{\mathrm{ln}\, 3}", "right"),
        (r"\arctan 2", r"\boxed{\operatorname{arctan} 2}", "right"),
        ("x", r"\boxed{\mathrm{y}}", "wrong"),
        (r"3+2\mathrm{i}", r"\boxed{3}", "wrong"),
        ("2e", r"\boxed{2\text{e}}", "right"),
    ],
    "other values": [
        (r"\frac{\sqrt{3}}{2}", r"\boxed{\cos 30^\circ}", "right"),
        ("1", r"\boxed{\tan 45^{\circ}}", "right"),
        (r"\begin{pmatrix}3\\-1\\2\end{pmatrix}", r"\boxed{(3,-1,2)}", "right"),
        ("(3,-1,2)", r"\boxed{\begin{pmatrix}3\\-1\\2\end{pmatrix}}", "right"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\boxed{(2,1)}", "wrong"),
        ("i", r"\boxed{e^{i\pi/2}}", "right"),
        ("1", r"\boxed{e^{2\pi i}}", "right"),
        ("-1", r"\boxed{i^2}", "right"),
        ("45", r"\boxed{45 \text{ m}^3}", "right"),
        ("45", r"\boxed{45 kg}", "right"),
        (r"\frac{1}{2}", r"\boxed{\sin 30}", "wrong"),
        (r"\begin{bmatrix}1&2\end{bmatrix}", r"\boxed{(1,2)}", "right"),
    ],
    "words round a number": [
        ("15", r"\boxed{\text{The total is } 15}", "right"),
        ("15", r"\boxed{The answer is 15}", "right"),
        ("15", r"\boxed{15 = x}", "right"),
        ("15", r"\boxed{\text{Answer: } 15}", "right"),
        ("15", r"\boxed{15 \text{ square units}}", "right"),
        ("15", r"\boxed{15 students}", "right"),
        ("15", r"\boxed{15\ \mathrm{kg}}", "right"),
        ("15", r"\boxed{x = 15}", "right"),
        ("15", r"\boxed{16 = x}", "wrong"),
        ("15", r"\boxed{15\,\Omega}", "right"),
        (r"2+\sqrt{3}", r"\boxed{2+\sqrt{3} = a}", "right"),
        ("15", r"\boxed{15 \text{ dozen}}", "wrong"),
        ("180", r"\boxed{15 \text{ dozen}}", "right"),
        ("15", r"\boxed{\text{not } 15}", "wrong"),
    ],
    "no box": [
        (r"2\sqrt{7}", "**Answer:** 2√7", "right"),
        (r"\frac{\pi}{4}", "Final answer: π/4", "right"),
        ("3", "**Answer:** 10 - 2√5", "wrong"),
        ("x^2+1", "The answer is: x^2 + 1", "right"),
        ("42", "Answer: 42", "right"),
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(grader, kind):
    found = grader.grade_many([(gold, text) for gold, text, _ in KINDS[kind]])
    asked = zip(KINDS[kind], found, strict=True)
    assert [(*case, outcome) for case, outcome in asked if case[2] != outcome] == []


@needs_field
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

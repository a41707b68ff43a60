"""The process that asks math-verify: one JSON [gold, text, boxed] a line in, one outcome a line out.

It is a process of its own, because sympy can hang in places no exception reaches: the kernel kills it when its deadline
in processor seconds is over, so the verdict does not depend on how busy the machine is, and nothing is left behind
when the parent dies. A wall-clock alarm of a hundred deadlines stands behind it.
"""

import json
import logging
import re
import signal
import sys
from typing import Any

from latex2sympy2_extended import NormalizationConfig
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify
from math_verify.parser import convert_to_pct
from sympy import Equality, Expr, Float, Integer

from .bases import same_base
from .choices import same_choice, without_choice
from .notation import (
    INTEGER,
    same_date,
    same_ratio,
    same_residue,
    with_left_side,
    with_mixed_number,
    without_lakhs,
)
from .sequences import same_sequence, without_endless_dots
from .signs import latex_signs
from .sizes import apart_by_size
from .spelling import COMMAND, spell, stated
from .units import is_number, joined_measures, split_unit
from .values import differ, in_letters_of, same, unnamed
from .words import ARTICLE, UPRIGHT

BLANK = re.compile(r"(?<![\w.,^_}])\d+(?:\.\d+)? +\d+(?![\d./])")
TIMES_TEN = re.compile(
    r"\s*([+-]?\d*\.?\d+)\s*(?:[eE]|(?:\\times|\\cdot|\*)\s*10\s*\^)\s*\{?\s*([+-]?\d+)\s*\}?\s*"
)
E_NOTATION = re.compile(r"(?<![\w.])(\d*\.?\d+)[eE]([+-]?\d+)(?!\w)")
INDEXED_E = re.compile(
    r"(?<![\\A-Za-z])[eE]\s*_\s*(?:\{\s*(\w+)\s*\}|(\w))"
)  # a letter, and not Euler's number
# Emphasis, and no power: 2**3.
BOLD = re.compile(r"(?<![\w*)])\*\*(?![\s*])((?:[^*\n]|\*(?!\*))+)(?<!\s)\*\*(?![\w*(])")
WORDS = re.compile(r"[A-Za-z]?[a-z]{2,}(?: [A-Za-z]?[a-z]+)*")  # of capitals alone: a product of letters
PERCENT = re.compile(r"\\?%\s*$")
UNIT_LETTERS = re.compile(r"(?<=[\d}])\s+[A-Za-z](?:\^\d)?(?:\s*/\s*[A-Za-z](?:\^\{?\d\}?)?)?$")
NORMAL = NormalizationConfig(  # math-verify drops single letters as units (2t is 2), so units are ours
    basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all", equations=False
)
LATEX = [LatexExtractionConfig(normalization_config=NORMAL, try_extract_without_anchor=False)]
KEEPING_UNITS = [LatexExtractionConfig(normalization_config=NORMAL), ExprExtractionConfig()]
# What only LaTeX can read, and what stands before a value that it is the value of
FORMAL = re.compile(r"\\(?!text|mathrm|mbox)[A-Za-z]+|[\^_]")
LAST = re.compile(r"=|\\approx(?![a-z])")


def outcome(gold: str, text: str, boxed: bool) -> str:
    """`right`, `wrong`, `missing` (no answer found in the text) or `unparsed` (one that could not be read)."""
    if not boxed:
        text = BOLD.sub(r"\1", text)
    gold = spell(gold)
    answer = spell(text) if boxed else stated(text, gold)
    if answer is not None:
        return compared(gold, answer)
    if text.isupper():
        text = COMMAND.sub(lambda command: command[0].lower(), text)
    return judged(gold, latex_signs(text), boxed=False)


def compared(gold: str, text: str) -> str:
    """The outcome of two answers in one spelling: by word, by notation, by unit, then by math-verify."""
    if WORDS.fullmatch(gold) and _bare_word(gold) == _bare_word(text) or _unset(gold) == _unset(text) != "":
        return "right"
    gold, text = without_lakhs(gold, text), without_lakhs(text, gold)
    gold, text = without_endless_dots(gold), with_mixed_number(without_endless_dots(text), gold)
    for verdict in (
        same_choice(gold, text),
        same_ratio(gold, text),
        same_date(gold, text),
        same_base(gold, text, _equal),
        same_residue(gold, text, _equal),
        same_sequence(gold, text, _equal),
    ):
        if verdict is not None:
            return "right" if verdict else "wrong"
    if BLANK.search(UPRIGHT.sub("|", text)):
        return "unparsed"  # math-verify adds what stands side by side: 4 8 is 12
    gold, text = without_choice(gold, text), without_choice(text, gold)
    gold, text = with_left_side(gold, text), with_left_side(text, gold)
    values = _in_one_unit(gold, text)
    return "wrong" if values is None else judged(*values)


def _bare_word(text: str) -> str:
    return ARTICLE.sub("", text.lower(), count=1) if ARTICLE.match(text) else text.lower()


def _unset(text: str) -> str:
    """The text in one face: `Group 3` may be set as text in whole, in part or not at all."""
    bare = " ".join(UPRIGHT.sub(r" \1 ", text).split())
    return bare.replace(" \\", "\\") if re.search(r"\w", text) else ""


def _equal(gold: str, text: str) -> bool:
    return gold == text or judged(gold, text) == "right"


def _in_one_unit(gold: str, text: str) -> tuple[str, str] | None:
    """Both without their units, the second converted to the first's; None where the units are of two kinds."""
    gold, text = joined_measures(gold), joined_measures(text)
    letters = UNIT_LETTERS.search(gold)
    value, units = split_unit(gold, letters=bool(letters and is_number(gold[: letters.start()])))
    its_value, its_units = split_unit(text, letters=is_number(value))
    if its_units and not units:
        value, units = split_unit(gold, letters=True)
    if units and PERCENT.search(its_value) or its_units and PERCENT.search(value):
        return None
    if not units or not its_units:
        return value, its_value
    ratio = next((b.size / a.size for a in units for b in its_units if a.kinds == b.kinds), None)
    if ratio is None or ratio == 1:
        return None if ratio is None else (value, its_value)
    its_value = rf"({its_value.rpartition('=')[2]}) \cdot \frac{{{ratio.numerator}}}{{{ratio.denominator}}}"
    return value, its_value


def judged(gold: str, text: str, *, boxed: bool = True) -> str:
    """The outcome by math-verify, and by what it takes for equal or unequal and is not."""
    if INTEGER.fullmatch(gold.strip()) and INTEGER.fullmatch(text.strip()):
        return "right" if int(gold) == int(text) else "wrong"  # math-verify is slow on ten thousand digits
    answer = _parsed(text, boxed)
    if not answer:
        return "unparsed" if boxed else "missing"
    truth = _parsed(gold, True)
    if not any(isinstance(value, Equality) for value in truth):
        answer = [unnamed(value) for value in answer]
    answer = [in_letters_of(truth, value) for value in answer]
    if number := TIMES_TEN.fullmatch(gold):
        truth, answer = _mantissas(number[1], int(number[2]), answer)
    read = [next((value for value in side if not isinstance(value, str)), None) for side in (truth, answer)]
    if None not in read and apart_by_size(*read):
        return "wrong"
    if verify(truth, answer, timeout_seconds=None):
        return "wrong" if None not in read and differ(*read) else "right"
    if None in read:
        return "unparsed"
    return "right" if same(*read) else "wrong"


def _parsed(text: str, boxed: bool) -> list[Any]:
    text = E_NOTATION.sub(r"\1*10^(\2)", text)
    if not boxed:
        return list(parse(text, parsing_timeout=None))
    text = INDEXED_E.sub(r"X_{E\1\2}", text)
    last = LAST.split(text)[-1]
    for formula in dict.fromkeys((text, last)):
        read = list(parse(rf"\boxed{{{formula}}}", LATEX, parsing_timeout=None))
        if any(not isinstance(value, str) for value in read):
            return read
    if FORMAL.search(last):
        if percent := PERCENT.search(last):  # which LaTeX does not read
            number = _parsed(last[: percent.start()], boxed)
            return [convert_to_pct(value) for value in number if isinstance(value, Expr)]
        return read  # a number inside a formula that LaTeX cannot read is not its value: 3 of `\foo 3`
    return list(parse(rf"\boxed{{{text}}}", KEEPING_UNITS, parsing_timeout=None))


def _mantissas(mantissa: str, exponent: int, answer: list[Any]) -> tuple[list[Any], list[Any]]:
    """Both sides divided by the gold's power of ten: the mantissas are compared to six decimals."""
    values = [value.rhs if isinstance(value, Equality) else value for value in answer]
    shifted = [value / Integer(10) ** exponent if isinstance(value, Expr) else value for value in values]
    return [Float(mantissa)], shifted


def serve(deadline: float) -> None:
    sys.set_int_max_str_digits(0)  # a number of more digits is read too; the deadline bounds what it may cost
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        gold, text, boxed = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, deadline)
        signal.alarm(int(100 * deadline) + 1)
        reply = outcome(gold, text, boxed)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        print(reply, flush=True)


if __name__ == "__main__":
    serve(float(sys.argv[1]))

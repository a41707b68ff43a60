"""The process that asks math-verify: one JSON [gold, text, boxed] a line in, one outcome a line out.

It is run as a script in its own process, because sympy can hang in places no exception reaches: the kernel
kills the process when its deadline in processor seconds is over, so the verdict does not depend on how busy the
machine is, and nothing is left behind when the parent dies. A wall-clock alarm of a hundred deadlines stands behind it.
"""

import json
import logging
import re
import signal
import sys
from typing import Any

TIMES_TEN = re.compile(
    r"\s*([+-]?\d*\.?\d+)\s*(?:[eE]|(?:\\times|\\cdot|\*)\s*10\s*\^)\s*\{?\s*([+-]?\d+)\s*\}?\s*"
)
COMMAND = re.compile(r"\\[A-Z]+")
E_NOTATION = re.compile(r"(?<![\w.])(\d*\.?\d+)[eE]([+-]?\d+)(?!\w)")


def outcome(gold: str, text: str, boxed: bool) -> str:
    """`right`, `wrong`, `missing` (no answer found in the text) or `unparsed` (one that could not be read)."""
    from math_verify import parse, verify

    if text.isupper():  # a reply in capitals writes \FRAC
        text = COMMAND.sub(lambda command: command[0].lower(), text)
    answer = parse(_box(E_NOTATION.sub(r"\1*10^(\2)", text), boxed), parsing_timeout=None)
    if not answer:
        return "unparsed" if boxed else "missing"
    truth = parse(_box(gold, True), parsing_timeout=None)
    if number := TIMES_TEN.fullmatch(gold):
        truth, answer = _mantissas(number[1], int(number[2]), answer)
    if verify(truth, answer, timeout_seconds=None):
        return "right"
    both_read = all(any(not isinstance(one, str) for one in side) for side in (truth, answer))
    return "wrong" if both_read else "unparsed"


def _box(text: str, boxed: bool) -> str:
    return rf"\boxed{{{text}}}" if boxed else text


def _mantissas(mantissa: str, exponent: int, answer: list[Any]) -> tuple[list[Any], list[Any]]:
    """Both sides divided by the gold's power of ten.

    math-verify reads 2.88e16 as a product with Euler's number, and compares to six decimals whatever the
    size, so that every number below 1e-15 equals every other.
    """
    from sympy import Equality, Expr, Float, Integer

    values = [one.rhs if isinstance(one, Equality) else one for one in answer]
    shifted = [one / Integer(10) ** exponent if isinstance(one, Expr) else one for one in values]
    return [Float(mantissa)], shifted


def serve(deadline: float) -> None:
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        gold, text, boxed = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, deadline)
        signal.alarm(int(100 * deadline) + 1)
        found = outcome(gold, text, boxed)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        print(found, flush=True)


if __name__ == "__main__":
    serve(float(sys.argv[1]))

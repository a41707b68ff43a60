"""Numbers of over a million digits, told apart by how many digits they have, without computing them."""

import math
from typing import Any

from sympy import Add, E, Equality, Float, Mul, Pow, Rational, UnevaluatedExpr, exp, factorial, pi

HUGE = 10**6  # digits from which on a number is compared by their number
LARGEST = 300  # log10 up to which a float holds a number


def apart_by_size(gold: Any, answer: Any) -> bool:
    """Whether two values are numbers, one of them huge, with certainly not the same number of digits."""
    logs = [_log10(value.rhs if isinstance(value, Equality) else value) for value in (gold, answer)]
    known = [log for log in logs if log is not None]
    huge = any(log > HUGE or -math.inf < log < -HUGE for log in known)
    return len(known) == 2 and huge and not math.isclose(*known, rel_tol=1e-6)


def _log10(value: Any) -> float | None:
    """log10 of the size of a number, infinite where no float holds even that; None where it cannot be told."""
    if isinstance(value, Rational | Float):
        return _log10_rational(Rational(value))
    if value in (pi, E):
        return math.log10(float(value))
    if isinstance(value, UnevaluatedExpr):
        return _log10(value.args[0])
    if isinstance(value, exp):
        return _power(math.log10(math.e), value.args[0])
    if isinstance(value, Pow):
        return _power(_log10(value.base), value.exp)
    if isinstance(value, factorial):
        size = _log10(value.args[0])
        return None if size is None or size < 0 else _log10_factorial(size)
    if isinstance(value, Mul | Add):
        logs = [_log10(part) for part in value.args]
        known = [log for log in logs if log is not None]
        joined = _product if isinstance(value, Mul) else _sum
        return joined(known) if len(known) == len(logs) else None
    return None


def _log10_rational(value: Rational) -> float | None:
    if not value.is_finite:
        return None
    return (math.log2(abs(value.p)) - math.log2(value.q)) * math.log10(2) if value else -math.inf


def _log10_factorial(size: float) -> float:
    return math.lgamma(10**size + 1) / math.log(10) if size < LARGEST else math.inf


def _power(base: float | None, exponent: Any) -> float | None:
    size = _log10(exponent)
    if base is None or size is None or not base or not exponent.is_real:
        return None
    times = 10**size if size < LARGEST else math.inf
    return -base * times if exponent.could_extract_minus_sign() else base * times


def _product(logs: list[float]) -> float | None:
    return None if {math.inf, -math.inf} <= set(logs) else sum(logs)


def _sum(logs: list[float]) -> float | None:
    """Of a sum that one summand decides, as the others are twenty digits shorter."""
    first, second = sorted(logs, reverse=True)[:2]
    return first if first > second + 20 else None

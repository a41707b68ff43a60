"""Values that math-verify has parsed: which it calls equal and are not, and which it calls unequal and are.

It compares to six decimals and to 1e-15 whatever the size, so that every small number equals every other; it does not
know that letters under a root are not negative, nor that `i` is the imaginary unit.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from sympy import (
    Equality,
    Expr,
    Float,
    I,
    Interval,
    MatrixBase,
    Pow,
    Rational,
    Symbol,
    Tuple,
    UnevaluatedExpr,
    log,
    preorder_traversal,
    simplify,
)
from sympy import FiniteSet as Set

SMALL = 0.01  # below it, six decimals are fewer than four digits
DECIMALS, DECIMAL = (
    1e-6,
    1.01e-4,
)  # how far apart, for their size, two small decimals or one and an exact number may be
DIGITS = 30  # to which two exact numbers must agree
MOST_LETTERS = 4  # whose signs are all tried
POINTS = [Rational(n, 7) for n in (3, 5, 8, 11, 13, 17)]  # values of letters


def differ(one: Any, other: Any) -> bool:
    """Whether two values that math-verify calls equal are certainly different numbers, or lists of them."""
    one, other = _right_side(one), _right_side(other)
    if isinstance(one, Set | Tuple | Interval | MatrixBase) and type(one) is type(other):
        return any(itertools.starmap(differ, _paired(one, other)))
    if not all(isinstance(side, Expr) and not isinstance(side, Symbol) for side in (one, other)):
        return False
    if one.free_symbols != other.free_symbols or len(one.free_symbols) > len(POINTS):
        return False
    at = dict(zip(sorted(one.free_symbols, key=str), POINTS, strict=False))
    readings = [(one, other)]
    if one.has(UnevaluatedExpr) or other.has(UnevaluatedExpr):  # 9 % answers both 9 and 0.09
        readings += [(one * 100, other), (one, other * 100)]
    return all(_apart(a.subs(at), b.subs(at)) for a, b in readings)


def _right_side(value: Any) -> Any:
    return value.rhs if isinstance(value, Equality) else value


def _paired(one: Any, other: Any) -> Iterable[tuple[Any, Any]]:
    """The elements of two lists side by side: as they stand in a tuple, by size in a set."""
    if isinstance(one, Interval):
        return [(one.start, other.start), (one.end, other.end)]
    sides = [
        list(side.flat()) if isinstance(side, MatrixBase) else [_right_side(a) for a in side.args]
        for side in (one, other)
    ]
    if isinstance(one, Set):
        if not all(isinstance(a, Expr) and a.is_real and not a.free_symbols for side in sides for a in side):
            return []
        sides = [sorted(side, key=lambda a: a.evalf(DIGITS)) for side in sides]
    return zip(*sides, strict=False)


def _apart(a: Expr, b: Expr) -> bool:
    """Whether two numbers without letters are apart by more than their spelling allows."""
    exact = not a.has(Float), not b.has(Float)
    a, b = a.doit(), b.doit()
    if a.is_Rational and b.is_Rational:
        return bool(a != b)
    x, y = a.evalf(DIGITS + 10), b.evalf(DIGITS + 10)
    if not (x.is_number and y.is_number and x.is_finite and y.is_finite):
        return False
    size, distance = max(abs(x), abs(y)), abs(x - y)
    if all(exact):
        return bool(distance > size * Rational(1, 10**DIGITS))
    return bool(size < SMALL and distance > size * (DECIMAL if any(exact) else DECIMALS))


def same(one: Any, other: Any) -> bool:
    """Whether two values that math-verify calls unequal are equal.

    A vector and its tuple, roots of letters, numbers with the imaginary unit.
    """
    one, other = _right_side(one), _right_side(other)
    one, other = _tuple(one, other), _tuple(other, one)
    if isinstance(one, Tuple) and isinstance(other, Tuple):
        return len(one) == len(other) and all(a == b or same(a, b) for a, b in zip(one, other, strict=True))
    if not isinstance(one, Expr) or not isinstance(other, Expr) or one.has(Float) or other.has(Float):
        return False
    letters = one.free_symbols | other.free_symbols
    if letters and all(letter.name == "i" for letter in letters):
        return _same_complex(*(side.subs(dict.fromkeys(letters, I)).doit() for side in (one, other)))
    if not letters or len(letters) > MOST_LETTERS or not any(map(_has_roots, (one, other))):
        return False  # math-verify has compared them in full
    return _same_where_real(one, other)


def _has_roots(value: Expr) -> bool:
    return value.has(log) or any(not power.exp.is_Integer for power in value.atoms(Pow))


def _same_complex(one: Expr, other: Expr) -> bool:
    """Whether two numbers without letters are equal, to sympy and to all digits."""
    if one.is_Rational and other.is_Rational:
        return bool(one == other)
    return simplify(one - other).equals(0) is True


def _tuple(value: Any, beside: Any) -> Any:
    """A row or column as a tuple beside something that is no matrix; a pair, which is read as an open interval, too."""
    if isinstance(value, MatrixBase) and not isinstance(beside, MatrixBase) and 1 in value.shape:
        return Tuple(*value.flat())
    if isinstance(value, Interval) and value.is_open and isinstance(beside, MatrixBase):
        return Tuple(value.start, value.end)
    return value


def _same_where_real(one: Expr, other: Expr) -> bool:
    """Whether two formulas are equal for positive letters, and at every choice of signs where all of both is real.

    So √(ab) is √a √b, but √(x²) is not x: at x < 0 both are real and differ.
    """
    names = sorted({letter.name for letter in one.free_symbols | other.free_symbols})
    positive = {name: Symbol(name, positive=True) for name in names}
    if simplify(_at(one, positive).doit() - _at(other, positive).doit()) != 0:
        return False
    for signs in itertools.product((1, -1), repeat=len(names)):
        values = {name: sign * value for name, sign, value in zip(names, signs, POINTS, strict=False)}
        apart = abs((_at(one, values) - _at(other, values)).evalf(DIGITS)) > 1e-9
        if apart and _real(one, values) and _real(other, values):
            return False
    return True


def _at(expression: Expr, values: Mapping[str, Any]) -> Any:
    return expression.subs({letter: values[letter.name] for letter in expression.free_symbols})


def _real(expression: Expr, values: Mapping[str, Any]) -> bool:
    return all(_at(part, values).evalf().is_real for part in preorder_traversal(expression))

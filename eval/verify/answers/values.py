"""Values that math-verify has parsed: which it calls equal and are not, and which it calls unequal and are.

It compares to six decimals and to 1e-15 whatever the size, so that every small number equals every other; it does not
know that letters under a root are not negative, nor that `i` is the imaginary unit.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from sympy import (
    Abs,
    And,
    Basic,
    Complement,
    Equality,
    Expr,
    Float,
    I,
    Interval,
    MatrixBase,
    Mul,
    Or,
    Pow,
    Rational,
    S,
    Symbol,
    Tuple,
    UnevaluatedExpr,
    Union,
    log,
    oo,
    preorder_traversal,
    simplify,
)
from sympy import FiniteSet as Set
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

SMALL = 0.01  # below it, six decimals are fewer than four digits
DECIMALS, DECIMAL = (
    1e-6,
    1.01e-4,
)  # how far apart, for their size, two small decimals or one and an exact number may be
DIGITS = 30  # to which two exact numbers must agree
MOST_LETTERS = 8  # which are tried negative, one by one
POINTS = [Rational(n, 7) for n in (3, 5, 8, 11, 13, 17, 19, 23)]  # values of letters


def differ(gold: Any, answer: Any) -> bool:
    """Whether two values that math-verify calls equal are certainly different numbers, or lists of them."""
    gold, answer = _values(gold, answer)
    if isinstance(gold, Set | Tuple | Interval | MatrixBase) and type(gold) is type(answer):
        return any(itertools.starmap(differ, _paired(gold, answer)))
    if not all(isinstance(side, Expr) and not isinstance(side, Symbol) for side in (gold, answer)):
        return False
    if gold.free_symbols != answer.free_symbols or len(gold.free_symbols) > len(POINTS):
        return False
    values = dict(zip(sorted(gold.free_symbols, key=str), POINTS, strict=False))
    readings = [(gold, answer)]
    if gold.has(UnevaluatedExpr) or answer.has(UnevaluatedExpr):  # 9 % answers both 9 and 0.09
        readings += [(gold * 100, answer), (gold, answer * 100)]
    return all(_apart(a.subs(values), b.subs(values)) for a, b in readings)


def _values(gold: Any, answer: Any) -> tuple[Any, Any]:
    """Both without their left sides, where these only name the value: two curves have many equations each."""
    equations = isinstance(gold, Equality) and isinstance(answer, Equality)
    if equations and not (_is_named(gold) and _is_named(answer)) and gold.lhs != answer.lhs:
        return gold, answer
    return _right_side(gold), _right_side(answer)


def in_letters_of(others: Iterable[Any], value: Any) -> Any:
    """The value with the letters of others: beside an `i`, if only in V_i, a letter is read as one that is not real."""
    if not isinstance(value, Basic | MatrixBase):
        return value
    theirs = {
        letter.name: letter
        for other in others
        if isinstance(other, Basic | MatrixBase)
        for letter in other.free_symbols
    }
    # Only what differs: what is replaced is computed anew, and x² = -1 is false for a real x
    other = {letter: theirs.get(letter.name, letter) for letter in value.free_symbols}
    return value.xreplace({ours: letter for ours, letter in other.items() if ours != letter})


def unnamed(value: Any) -> Any:
    """What a quotient or product of functions is said to be, V(s)/U(s) = …: math-verify takes one alone for a name."""
    if not isinstance(value, Equality) or not isinstance(value.lhs, Mul):
        return value
    named = all(isinstance(part.as_base_exp()[0], AppliedUndef) for part in value.lhs.args)
    return value.rhs if named else value


def _is_named(value: Any) -> bool:
    return isinstance(value, Equality) and isinstance(value.lhs, Symbol)


def _right_side(value: Any) -> Any:
    return value.rhs if isinstance(value, Equality) else value


def _paired(gold: Any, answer: Any) -> Iterable[tuple[Any, Any]]:
    """The elements of two lists side by side: as they stand in a tuple, by size in a set."""
    if isinstance(gold, Interval):
        return [(gold.start, answer.start), (gold.end, answer.end)]
    sides = [
        list(side.flat()) if isinstance(side, MatrixBase) else list(side.args) for side in (gold, answer)
    ]
    if isinstance(gold, Set):
        sides = [[a.rhs if _is_named(a) else a for a in side] for side in sides]
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


def same(gold: Any, answer: Any) -> bool:
    """Whether two values that math-verify calls unequal are equal.

    A vector and its tuple, inequalities and the set that they leave, roots of letters, numbers with the imaginary unit,
    and lists of such.
    """
    gold, answer = _values(gold, answer)
    gold, answer = _tuple(gold, answer), _tuple(answer, gold)
    if _ends(gold) and _ends(gold) == _ends(answer):
        gold, answer = Tuple(gold.start, gold.end), Tuple(answer.start, answer.end)
    if any(map(_leaves_numbers, (gold, answer))):
        left = _numbers_left(gold) if len(gold.free_symbols | answer.free_symbols) < 2 else None
        return left is not None and left == _numbers_left(answer)
    if isinstance(gold, Tuple | Set) and type(gold) is type(answer):
        return len(gold.args) == len(answer.args) and _same_elements(gold, answer)
    if not isinstance(gold, Expr) or not isinstance(answer, Expr):
        return False
    letters = gold.free_symbols | answer.free_symbols
    if not letters:
        return False  # math-verify has compared them in full
    gold, answer = _exact(gold), _exact(answer)
    if all(letter.name == "i" for letter in letters):
        return _same_complex(*(side.subs(dict.fromkeys(letters, I)).doit() for side in (gold, answer)))
    if len(letters) > MOST_LETTERS or not any(map(_has_roots, (gold, answer))):
        return False
    return _same_where_real(gold, answer)


def _exact(value: Expr) -> Any:
    """The value with its decimals as the fractions that they are."""
    return value.replace(lambda part: part.is_Float, lambda part: Rational(str(part)))


def _ends(value: Any) -> tuple[bool, bool] | None:
    return (bool(value.left_open), bool(value.right_open)) if isinstance(value, Interval) else None


def _same_elements(gold: Any, answer: Any) -> bool:
    """Whether the elements of two lists of one length are the same: in their order in a tuple, in any in a set."""
    left = list(answer.args)
    for one in gold.args:
        beside = left if isinstance(gold, Set) else left[:1]
        found = next((other for other in beside if one == other or same(one, other)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _leaves_numbers(value: Any) -> bool:
    if isinstance(value, Union | Interval | Complement) or value == S.Reals:
        return True
    return isinstance(value, Relational) and value.has(Abs)


def _numbers_left(value: Any) -> Any:
    """The numbers that a set, or inequalities between one letter and numbers, leave; None of anything else."""
    if isinstance(value, Union | Interval | Complement) or value == S.Reals:
        return Interval(-oo, oo) if value == S.Reals else value.subs(S.Reals, Interval(-oo, oo)).doit()
    parts = value.args if isinstance(value, Set | And | Or) else (value,)
    bounds = all(isinstance(part, Relational) and _bounds_a_letter(part) for part in parts)
    if not bounds or len(value.free_symbols) != 1:
        return None
    join = And if isinstance(value, And) else Or
    return join(*parts).as_set()


def _bounds_a_letter(part: Relational) -> bool:
    sides = (part.lhs, part.rhs)
    return any(isinstance(a, Symbol | Abs) and b.is_number for a, b in (sides, sides[::-1]))


def _has_roots(value: Expr) -> bool:
    return value.has(log) or any(not power.exp.is_Integer for power in value.atoms(Pow))


def _same_complex(gold: Expr, answer: Expr) -> bool:
    """Whether two numbers without letters are equal, to sympy and to all digits."""
    if gold.is_Rational and answer.is_Rational:
        return bool(gold == answer)
    return simplify(gold - answer).equals(0) is True


def _tuple(value: Any, beside: Any) -> Any:
    """A row or column as a tuple beside something that is no matrix; a pair, which is read as an open interval, too."""
    if isinstance(value, MatrixBase) and not isinstance(beside, MatrixBase) and 1 in value.shape:
        return Tuple(*value.flat())
    pair = (
        isinstance(value, Interval) and value.left_open == value.right_open
    )  # (1,2) and [1,2], but not (1,2]
    if pair and isinstance(beside, MatrixBase):
        return Tuple(value.start, value.end)
    return value


def _same_where_real(gold: Expr, answer: Expr) -> bool:
    """Whether two formulas are equal for positive letters, and where one of them is negative and all of both is real.

    So √(ab) is √a √b, but √(x²) is not x: at x < 0 both are real and differ. √(k/m) is √(km)/m, though these
    differ where both letters are negative: of two that are nobody thinks.
    """
    names = sorted({letter.name for letter in gold.free_symbols | answer.free_symbols})
    positive = {name: Symbol(name, positive=True) for name in names}
    if simplify(_at(gold, positive).doit() - _at(answer, positive).doit()) != 0:
        return False
    for negative in (None, *names):
        values = {
            name: -value if name == negative else value for name, value in zip(names, POINTS, strict=False)
        }
        # Far above the error of DIGITS digits, far below a difference that a wrong answer makes
        apart = abs((_at(gold, values) - _at(answer, values)).evalf(DIGITS)) > 1e-9
        if apart and _real(gold, values) and _real(answer, values):
            return False
    return True


def _at(expression: Expr, values: Mapping[str, Any]) -> Any:
    return expression.subs({letter: values[letter.name] for letter in expression.free_symbols})


def _real(expression: Expr, values: Mapping[str, Any]) -> bool:
    return all(_at(part, values).evalf().is_real for part in preorder_traversal(expression))

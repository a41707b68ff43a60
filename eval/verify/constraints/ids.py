"""Constraint ids: IFEval's spelling is ours; the other spellings in circulation are read."""

from difflib import get_close_matches

from ...io.errors import InputError
from .types import JUDGED

_ALIASES = {"length_constraint_checkers:number_words": "length_constraints:number_words"}


def canonical(name: str) -> str:
    """The id in IFEval's spelling; MathIF's and M-IFEval's (`en:…`) are read.

    Raises InputError on an unknown id, naming the nearest.
    """
    bare = name.removeprefix("en:")
    known = _ALIASES.get(bare, bare)
    if known not in JUDGED:
        nearest = get_close_matches(known, JUDGED, n=1, cutoff=0)
        raise InputError(name, "unknown constraint", f"did you mean {nearest[0]!r}?")
    return known

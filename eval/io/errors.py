"""What ends a process of ours in one line, in every room: bad input (exit status 2), or a guard (3)."""

import difflib
import errno
from collections.abc import Iterable, Sequence


class InputError(ValueError):
    """Bad input from a person, said in one line: `where` (file, key or row), `what` is wrong, and the `fix`."""

    def __init__(self, where: object, what: str, fix: str) -> None:
        super().__init__(str(where), what, fix)  # all three, so that it can be pickled to another process
        self.where, self.what, self.fix = str(where), what, fix

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.fix}"

    def within(self, place: object) -> "InputError":
        """The same error, of something that is part of `place`."""
        return InputError(f"{place}: {self.where}", self.what, self.fix)


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
BARRED = frozenset({
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.EISDIR, errno.ENOTDIR),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE),
})  # fmt: skip


def of_place(error: OSError) -> InputError | None:
    """What the file system says of a place that somebody gave: full, or not to be read or written; else None."""
    if error.errno not in FULL | BARRED:
        return None
    full = "make room there: what is done stays done, and the same command goes on from it"
    fix = full if error.errno in FULL else "give another place, or the right to it"
    return InputError(error.filename or "what is written", f"{error.strerror}", fix)


class Stopped(Exception):
    """A guard has stopped training: one line, with the last good checkpoint."""


def listed(names: Sequence[object], most: int) -> str:
    """Names in a row, the first of them where there are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def nearest(name: object, known: Iterable[str]) -> str:
    """The fix for an unknown name: the known one most like it, or all of them."""
    known = list(known)
    close = difflib.get_close_matches(str(name), known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"

"""Lines of text files, decoded strictly: no byte is replaced, and the line that cannot be read is named."""

from collections.abc import Iterator
from pathlib import Path

from .errors import InputError


def iter_lines(path: str | Path, newline: str | None = None) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line with its end) of a UTF-8 file; `newline` as for `open`.

    Raises InputError on a file that cannot be opened, bytes that are not UTF-8, or NUL, which no text holds.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline=newline) as lines:
            for number, line in enumerate(lines, 1):
                _check(line, f"{path}:{number}")
                yield number, line
    except OSError as error:
        raise InputError(path, f"{error.strerror}", "name a file that can be read") from None


def read_text(path: str | Path) -> str:
    """The whole of a UTF-8 file; raises as `iter_lines`."""
    return "".join(line for _, line in iter_lines(path, newline=""))


def _check(line: str, where: str) -> None:
    try:
        line.encode()
    except UnicodeEncodeError as error:  # a byte that did not decode stands as a lone surrogate
        byte = ord(line[error.start]) & 0xFF
        raise InputError(
            where,
            f"not UTF-8 (byte 0x{byte:02x})",
            "save the file as UTF-8; `iconv -f cp1252 -t utf-8` turns Windows' encoding into it",
        ) from None
    if "\0" in line:
        raise InputError(where, "holds a NUL byte", "give a text file that is whole, saved as UTF-8")

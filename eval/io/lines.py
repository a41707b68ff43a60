"""Lines of text files, decoded strictly: no byte is replaced, and the line that cannot be read is named."""

from collections.abc import Iterator
from pathlib import Path

from .errors import InputError

# What other files begin with: what they are, and how they become text.
FORMATS = {
    b"\x1f\x8b": ("compressed by gzip", "unpack it: gunzip"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "unpack it: unzstd"),
    b"\xff\xfe": ("UTF-16", "save the file as UTF-8: iconv -f utf-16 -t utf-8"),
    b"\xfe\xff": ("UTF-16", "save the file as UTF-8: iconv -f utf-16 -t utf-8"),
    b"PAR1": (
        "a parquet table",
        "write it as JSON lines: pandas.read_parquet(…).to_json(…, orient='records', lines=True)",
    ),
    b"PK\x03\x04": ("a zip", "unpack it"),
}


def iter_lines(path: str | Path, newline: str | None = None) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line with its end) of a UTF-8 file; `newline` as for `open`.

    Raises InputError on a file that cannot be opened, bytes that are not UTF-8, or NUL, which no text holds.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline=newline) as lines:
            for number, line in enumerate(lines, 1):
                if number == 1:
                    _refuse_other_format(line, path)
                _check(line, f"{path}:{number}")
                yield number, line
    except OSError as error:
        raise InputError(path, f"{error.strerror}", "name a file that can be read") from None


def read_text(path: str | Path) -> str:
    """The whole of a UTF-8 file; raises as `iter_lines`."""
    return "".join(line for _, line in iter_lines(path, newline=""))


def _refuse_other_format(first_line: str, path: str | Path) -> None:
    """Say by its first bytes what a file is that is no text in UTF-8."""
    begins = first_line[:4].encode(errors="surrogateescape")
    for mark, (what, fix) in FORMATS.items():
        if begins.startswith(mark):
            raise InputError(path, what, fix)


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

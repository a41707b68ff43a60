"""Files written whole or not at all, and JSON whose equal contents are equal bytes."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

from .terminal import shown

DIGITS = 6


@contextmanager
def writing(path: str | Path) -> Iterator[IO[str]]:
    """A text file that appears at `path`, folder included, when all of it is written and on the disk.

    A lone surrogate, which UTF-8 cannot hold, is written as its escape.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with naming(path), open(partial, "w", encoding="utf-8", errors="backslashreplace") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())  # or a power cut leaves the name without the contents
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say of a file that cannot be written which one it is: a full disk does not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a text whole or not at all."""
    with writing(path) as out:
        out.write(text)


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON with sorted keys, whole or not at all. Raises ValueError on NaN, which is no JSON."""
    write_text(
        path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def read_state(path: str | Path) -> dict[str, Any] | None:
    """The JSON object in a file that says how far something came; None where there is no such file.

    One that cannot be read (empty, cut off, zeros after a power cut) says nothing, so it is taken as empty: what it
    spoke of is not done. That is said on stderr.
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        return content
    _say_unreadable(str(path))
    return {}


@cache
def _say_unreadable(path: str) -> None:
    """Once in a process."""
    said = f"{path}: cannot be read, so what it is about counts as not done"
    print(shown(said), file=sys.stderr, flush=True)


def rounded(content: Any) -> Any:
    """The same content with every float rounded to 6 digits, and no negative zero."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    return round(content, DIGITS) + 0.0 if isinstance(content, float) else content


def sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(files: Iterable[Path]) -> str:
    """Over the names and bytes of files."""
    return hashlib.sha256(json.dumps([[file.name, sha256(file)] for file in files]).encode()).hexdigest()


def model_files(folder: Path) -> list[Path]:
    """What a model's folder is made of: weights, settings, tokenizer and template, not its card."""
    return sorted(
        file for file in folder.iterdir() if file.suffix in (".json", ".safetensors", ".jinja", ".txt")
    )

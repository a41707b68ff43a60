"""A folder that was saved to its end: the list of its files, written last, tells later what was cut off or lost.

Of every file its size, and samples of its contents: a power cut leaves sizes without the contents.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import read_state, write_json
from .run_paths import WHOLE

BLOCKS, BLOCK = 64, 1 << 14  # how many pieces of a file are looked at, and their bytes


def flush(folder: Path) -> None:
    """Have everything in a folder on the disk, names and contents, before it is said to be there."""
    for path in (*folder.rglob("*"), folder):
        place = os.open(path, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def put_in_place(beside: Path, folder: Path) -> None:
    """`folder` becomes what was written beside it, whole: a power cut leaves the one or the other."""
    flush(beside)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(beside, folder)


def mark_whole(folder: Path, facts: Mapping[str, Any]) -> None:
    """Say that a folder is finished; `facts` are kept beside the list of its files."""
    (folder / WHOLE).unlink(missing_ok=True)
    flush(folder)
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    sizes = {name: path.stat().st_size for name, path in files.items()}
    samples = {name: _sampled(path) for name, path in files.items()}
    write_json(folder / WHOLE, {**facts, "files": sizes, "samples": samples})


def changed_since(folder: Path) -> list[str]:
    """The files of a folder that are not what they were when it was marked; its list, where that cannot be read."""
    listed = read_state(folder / WHOLE) or {}
    files, samples = listed.get("files"), listed.get("samples", {})
    if not isinstance(files, dict):
        return [WHOLE]
    return [name for name, size in files.items() if _differs(folder / name, size, samples.get(name))]


def _differs(file: Path, size: int, sample: str | None) -> bool:
    if not file.is_file() or file.stat().st_size != size:
        return True
    return sample is not None and sample != _sampled(file)


def _sampled(file: Path) -> str:
    """sha256 of a file's ends and of blocks evenly between them: what a disk lost shows, at the cost of few reads."""
    size, seen = file.stat().st_size, hashlib.sha256()
    with open(file, "rb") as content:
        for place in range(BLOCKS):
            content.seek(max(size - BLOCK, 0) * place // (BLOCKS - 1))
            seen.update(content.read(BLOCK))
    return seen.hexdigest()

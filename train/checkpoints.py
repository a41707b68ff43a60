"""Checkpoints that can be trusted after `kill -9`.

A checkpoint counts once its list of files, written last and atomically, is there and true: every file with the size
it had, and with what it had in samples of its contents. Anything else is a save that was cut off, and is removed, so that training goes on from the last whole one.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..eval.io.errors import InputError
from ..eval.io.files import read_state, write_json
from ..eval.io.run_paths import DONE, WHOLE

BLOCKS, BLOCK = 64, 1 << 14  # how many pieces of a file are looked at, and their bytes


def is_done(folder: Path, stage: str) -> bool:
    """Whether a stage's folder holds its done.json.

    Raises InputError where something there was left by another stage than this one (by digest): a run that went on
    from it would be neither.
    """
    done = folder / DONE
    for marker in (done, *folder.glob(f"checkpoint-*/{WHOLE}")):
        if _read(marker).get("stage", stage) != stage:
            raise InputError(marker, "left by another config or other rows", "remove it, or give another out")
    return bool(_read(done))


def mark_whole(checkpoint: Path, stage: str, counts: Mapping[str, int]) -> None:
    """Say that a stage's checkpoint is finished; `counts` are what the trainer itself does not keep."""
    files = {str(path.relative_to(checkpoint)): path for path in checkpoint.rglob("*") if path.is_file()}
    for path in files.values():
        with open(path, "rb") as written:
            os.fsync(written.fileno())  # or a power cut leaves sizes without the contents
    sizes = {name: path.stat().st_size for name, path in files.items()}
    samples = {name: _sampled(path) for name, path in files.items()}
    said = {"stage": stage, "files": sizes, "samples": samples, "counts": dict(counts)}
    write_json(checkpoint / WHOLE, said)


def counts_of(checkpoint: Path) -> dict[str, int]:
    """What `mark_whole` was given."""
    return _read(checkpoint / WHOLE)["counts"]


def last_whole(folder: Path) -> Path | None:
    """The whole checkpoint of the highest step in a stage's folder, or None."""
    whole = [checkpoint for checkpoint in _checkpoints(folder) if _is_whole(checkpoint)]
    return max(whole, key=_step, default=None)


def remove_broken(folder: Path) -> list[str]:
    """Remove what was cut off while it was saved; return the names."""
    broken = [checkpoint for checkpoint in _checkpoints(folder) if not _is_whole(checkpoint)]
    for checkpoint in broken:
        shutil.rmtree(checkpoint)
    return [checkpoint.name for checkpoint in broken]


def _read(path: Path) -> dict[str, Any]:
    """Empty where there is no such file, or it cannot be read, as after a power cut."""
    return read_state(path) or {}


def _checkpoints(folder: Path) -> list[Path]:
    return [path for path in folder.glob("checkpoint-*") if path.is_dir()]


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _is_whole(checkpoint: Path) -> bool:
    said = _read(checkpoint / WHOLE)
    files, samples = said.get("files"), said.get("samples", {})
    return isinstance(files, dict) and all(
        (file := checkpoint / name).is_file()
        and file.stat().st_size == size
        and samples.get(name) in (None, _sampled(file))
        for name, size in files.items()
    )


def _sampled(file: Path) -> str:
    """sha256 of a file's ends and of blocks evenly between them: what a disk lost shows, at the cost of few reads."""
    size, seen = file.stat().st_size, hashlib.sha256()
    with open(file, "rb") as content:
        for place in range(BLOCKS):
            content.seek(max(size - BLOCK, 0) * place // (BLOCKS - 1))
            seen.update(content.read(BLOCK))
    return seen.hexdigest()

"""Checkpoints that can be trusted after `kill -9`, a power cut, or a step that left no numbers.

A checkpoint counts once its list of files, written last and atomically, is there and true, and while weights and
optimizer hold numbers. Any other is a save that was cut off or spoilt, and is removed, so that training goes on from the
last good one.
"""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..eval.io import whole
from ..eval.io.errors import InputError
from ..eval.io.files import read_state, sha256
from ..eval.io.run_paths import DONE, WHOLE
from ..eval.weights.values import fault_of

# What training goes on from. DeepSpeed's and FSDP's own pieces are theirs to read.
NUMBERS = ("*.safetensors", "adapter/*.safetensors", "optimizer*.pt", "optimizer*.bin", "pytorch_model*.bin")


def is_done(folder: Path, stage: str) -> bool:
    """Whether a stage's folder holds its done.json.

    Raises InputError where something there was left by another stage than this one (by digest): a run that went on
    from it would be neither.
    """
    done = read_state(folder / DONE) or {}
    marks = {file: read_state(file) or {} for file in folder.glob(f"checkpoint-*/{WHOLE}")}
    for file, facts in {folder / DONE: done, **marks}.items():
        if facts.get("stage", stage) != stage:
            raise InputError(file, "left by another config or other rows", "remove it, or give another out")
    return bool(done)


def grown(inputs: str, final: Path) -> str:
    """What a stage hands on, as one hash: what went in, and the weights, which on a GPU are not the same ones twice."""
    weights = [sha256(file) for file in sorted(final.glob("*.safetensors"))]
    return hashlib.sha256("".join((inputs, *weights)).encode()).hexdigest()


def mark_whole(checkpoint: Path, stage: str, counts: Mapping[str, int]) -> None:
    """Say that a stage's checkpoint is finished; `counts` are what the trainer itself does not keep."""
    whole.mark_whole(checkpoint, {"stage": stage, "counts": dict(counts)})


def counts_of(checkpoint: Path) -> dict[str, int]:
    """What `mark_whole` was given."""
    return (read_state(checkpoint / WHOLE) or {})["counts"]


def last_whole(folder: Path) -> Path | None:
    """The whole checkpoint of the highest step in a stage's folder, or None. Its numbers are not looked at."""
    return next(
        (checkpoint for checkpoint in _checkpoints(folder) if not whole.changed_since(checkpoint)), None
    )


def remove_broken(folder: Path) -> dict[str, str]:
    """Remove what was cut off while it was saved, and what holds no numbers down to the first that does.

    Returns the names of what was removed, with the reasons.
    """
    broken, good = {}, False
    for checkpoint in _checkpoints(folder):
        fault = "not whole" if whole.changed_since(checkpoint) else "" if good else _fault(checkpoint)
        good = good or not fault
        if fault:
            broken[checkpoint.name] = fault
            shutil.rmtree(checkpoint)
    return broken


def _fault(checkpoint: Path) -> str:
    """Why nothing can go on from a whole checkpoint, or nothing."""
    files = sorted(file for pattern in NUMBERS for file in checkpoint.glob(pattern))
    faults = ((file.name, fault) for file in files if (fault := fault_of(file)))
    return next((f"{name}: {fault}" for name, fault in faults), "")


def _checkpoints(folder: Path) -> list[Path]:
    """Of a stage, the last one first."""
    there = [path for path in folder.glob("checkpoint-*") if path.is_dir()]
    return sorted(there, key=lambda checkpoint: int(checkpoint.name.rpartition("-")[2]), reverse=True)

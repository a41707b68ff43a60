"""Numbers that are none, in files of weights and of optimizers."""

import pickle
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor


def not_finite(weight: Tensor) -> int:
    """How many of a tensor's values are no finite numbers. Their sum is none then, which is quick to look at."""
    if not weight.is_floating_point() or weight.sum(dtype=torch.float32).isfinite():
        return 0
    return int((~weight.isfinite()).sum())


def fault_of(file: Path, beside: Collection[str] = ()) -> str:
    """What is wrong with the numbers in a file (safetensors, or torch's own), in words; empty where nothing is.

    Not looked at are the weights named `beside`. Nothing but zeros in all matrices of a file is wrong as well. One
    tensor at a time is in memory.
    """
    matrices, zeros = 0, 0
    try:
        for name, weight in _tensors(file):
            if name in beside:
                continue
            if count := not_finite(weight):
                return f"{name}: {count} of its {weight.numel()} values are no finite numbers"
            if weight.dim() > 1 and weight.is_floating_point():
                matrices, zeros = matrices + 1, zeros + (not weight.any())
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        return f"cannot be read ({' '.join(str(error).split()):.160})"
    if matrices and zeros == matrices and file.suffix == ".safetensors":
        return "nothing but zeros"
    return ""


def _tensors(file: Path) -> Iterator[tuple[str, Tensor]]:
    if file.suffix == ".safetensors":
        with safe_open(file, framework="pt") as weights:
            names = weights.keys()
            for name in names:
                yield name, weights.get_tensor(name)
    else:
        yield from _inside(torch.load(file, map_location="cpu", weights_only=True, mmap=True), "")


def _inside(content: Any, where: str) -> Iterator[tuple[str, Tensor]]:
    """The tensors in a state of dicts and lists, each with its place."""
    if isinstance(content, Tensor):
        yield where, content
    elif isinstance(content, dict | list | tuple):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in pairs:
            yield from _inside(value, f"{where}.{key}".lstrip("."))

"""What went in, as one hash: recipe parts, files by content, our own sources and the versions of what we call."""

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..recipe.files import ROOT

DATA = ("reins",)
EVAL = ("reins", "torch", "transformers", "tokenizers", "math-verify", "langdetect")
REPORT = ("reins", "numpy", "scipy", "matplotlib")
TRAIN = ("reins", "torch", "transformers", "tokenizers", "trl", "accelerate", "peft", "datasets")


def digest(content: Any) -> str:
    """sha256 of JSON content, the same whatever the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def of_file(path: Path) -> str:
    """sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(files: Iterable[Path]) -> str:
    """sha256 over the names and bytes of files."""
    return digest([[file.name, of_file(file)] for file in files])


def model_files(folder: Path) -> list[Path]:
    """What a model's folder is made of: weights, settings, tokenizer and template, not its card."""
    return sorted(
        file for file in folder.iterdir() if file.suffix in (".json", ".safetensors", ".jinja", ".txt")
    )


def of_sources(*places: str) -> str:
    """sha256 over our own Python files in these rooms, so that changed code is changed input."""
    return of_files(
        file for place in places for file in sorted((ROOT / place).rglob("*.py")) or [ROOT / place]
    )


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Installed versions, read without importing anything."""
    return {name: importlib.metadata.version(name) for name in packages}

"""What went in, as one hash: recipe parts, and files by content."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


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

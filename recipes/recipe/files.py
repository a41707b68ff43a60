"""Where the files that a recipe names are, and small files written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def locate(path: str) -> Path:
    """A path of a recipe: from the current folder, or else from the package, which ships bases and launch files."""
    return Path(path) if Path(path).exists() or not (ROOT / path).exists() else ROOT / path


def write_text(path: Path, text: str) -> None:
    """Write whole or not at all, folder included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")

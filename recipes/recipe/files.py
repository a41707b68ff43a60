"""Where the files that a recipe names are, and the recipe itself."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...eval.io.errors import InputError, nearest
from ...eval.io.lines import read_text

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = ROOT / "recipes"


def locate(path: str) -> Path:
    """A path of a recipe: from the current folder, or else from the package, which ships bases and launch files."""
    return Path(path) if Path(path).exists() or not (ROOT / path).exists() else ROOT / path


def recipe_file(name: str | Path) -> Path:
    """A recipe's file: in the current folder, or one of those that come with the package, by path or as `micro/ablation`.

    Raises InputError, with the nearest name, where there is none.
    """
    path = Path(name)
    if "\0" in str(path):
        return path  # refused where it is read, as below
    inside = [] if path.is_absolute() else [ROOT / path, SHIPPED / path]
    for place in (path, *inside):
        for file in (place, Path(f"{place}.yaml")):
            if file.is_file():
                return file
    if os.path.lexists(path):
        return path
    raise InputError(path, "No such file or directory", nearest(path, recipe_names()))


def recipe_names() -> Iterator[str]:
    """What a recipe can be called: files here, and recipes of the package; those without a name are parts of others."""
    yield from (str(file) for file in sorted(Path().glob("*.yaml")))
    for file in sorted(SHIPPED.glob("*/*.yaml")):
        if "\nname: " in file.read_text("utf-8"):
            yield str(file.relative_to(SHIPPED).with_suffix(""))


def json_object(file: Path) -> dict[str, Any]:
    """The object in a JSON file of a model, which may hold Infinity; raises InputError on anything else."""
    text = read_text(file)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(file, f"no JSON ({error})", "copy the model's files again") from None
    if not isinstance(content, dict):
        raise InputError(file, f"{type(content).__name__}, not an object", "copy the model's files again")
    return content


def text_of(file: Path, key: str) -> str:
    """The text of a file that a key of the recipe names; raises InputError, opening with the key."""
    try:
        return read_text(file)
    except InputError as error:
        raise error.within(key) from None

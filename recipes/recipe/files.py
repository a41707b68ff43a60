"""Where the files that a recipe names are."""

from pathlib import Path

from ...eval.io.errors import InputError
from ...eval.io.lines import read_text

ROOT = Path(__file__).resolve().parent.parent.parent


def locate(path: str) -> Path:
    """A path of a recipe: from the current folder, or else from the package, which ships bases and launch files."""
    return Path(path) if Path(path).exists() or not (ROOT / path).exists() else ROOT / path


def text_of(file: Path, key: str) -> str:
    """The text of a file that a key of the recipe names; raises InputError, opening with the key."""
    try:
        return read_text(file)
    except InputError as error:
        raise error.within(key) from None

"""Where the files that a recipe names are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def locate(path: str) -> Path:
    """A path of a recipe: from the current folder, or else from the package, which ships bases and launch files."""
    return Path(path) if Path(path).exists() or not (ROOT / path).exists() else ROOT / path

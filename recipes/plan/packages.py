"""Installed packages and those that they need in turn, with their versions; nothing is imported for it."""

import importlib.metadata
import re
from collections.abc import Container, Iterable
from functools import cache

from packaging.requirements import Requirement

NAMED_OTHERWISE = {
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
}  # imported by another name than they are installed by


def versions(names: Iterable[str], left_out: Container[str] = ()) -> dict[str, str]:
    """Versions of these packages and, all the way, of those they need, by the names that they are installed by.

    Neither what is not installed, nor what is `left_out` and is needed by nothing else.
    """
    versions_by_name: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(normal(NAMED_OTHERWISE.get(name, name)), "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or name in left_out or (package := _installed(name)) is None:
            continue
        seen.add((name, extra))
        versions_by_name[name] = package[0]
        for needed in package[1]:
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(normal(needed.name), extra_needed) for extra_needed in ("", *needed.extras)]
    return dict(sorted(versions_by_name.items()))


def normal(name: str) -> str:
    """A package's name as the index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _installed(name: str) -> tuple[str, list[Requirement]] | None:
    """Version and requirements; only the head of the metadata is read, whose description can be a book."""
    try:
        package = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    head = (package.read_text("METADATA") or "").partition("\n\n")[0]
    version = re.search(r"^Version: (.+)$", head, re.MULTILINE)
    needed = re.findall(r"^Requires-Dist: (.+)$", head, re.MULTILINE)
    return version[1] if version else package.version, [Requirement(line) for line in needed]

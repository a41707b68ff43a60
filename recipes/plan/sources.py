"""Our own modules as the parser sees them: what each leads to, and a hash that only what it does can change.

The graph of imports is read, not run, so an import that is new is in the graph without anybody remembering it.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..recipe.files import ROOT

PACKAGE = "reins"
_NAME = re.compile(rf"{PACKAGE}(\.\w+)+")
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A module of ours: sha256 of what it does, the modules of ours and the other packages that it imports anywhere,
    and sha256 of the files beside it that it names."""

    sha256: str
    modules: frozenset[str]
    packages: frozenset[str]
    files: tuple[tuple[str, str], ...]


def reach(entries: Iterable[str], left_out: Callable[[str], bool]) -> dict[str, Source]:
    """The modules that these lead to, themselves included, by name; not those `left_out`, nor what only they import."""
    reached: dict[str, Source] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        reached[name] = source(name)
        waiting += [other for other in source(name).modules if other not in reached and not left_out(other)]
    return reached


@cache
def source(name: str) -> Source:
    """A module of ours, read once in a process."""
    file = _file(name)
    assert file is not None, name
    tree = ast.parse(file.read_bytes())
    nodes = list(ast.walk(tree))
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    imported = {*_imported(nodes, package), *_named(nodes, package)}
    modules = {part for other in imported if _file(other) for part in _with_parents(other)}
    tops = {other.partition(".")[0] for other in imported} - {PACKAGE} - sys.stdlib_module_names
    beside = sorted(_beside(nodes, file.parent))
    return Source(
        parsed(tree),
        frozenset(modules | {*_with_parents(name)} - {name}),
        frozenset(tops),
        tuple((data_file.name, _bytes(data_file)) for data_file in beside),
    )


def parsed(tree: ast.AST) -> str:
    """sha256 of a syntax tree without docstrings: comments, layout and wording leave it, a changed constant does not."""
    for node in ast.walk(tree):
        if isinstance(node, Documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()


def _imported(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """Full names of all that is imported, in functions too; of `from x import y`, x and, as it may be one, x.y."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _named(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """Modules of ours that a text names, as a process to start: in full, or beside this one (`.worker`, `worker.py`)."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            beside = f"{package}.{node.value.removeprefix('.').removesuffix('.py')}"
            is_beside = node.value.startswith(".") or node.value.endswith(".py")
            if _NAME.fullmatch(name := beside if is_beside else node.value) and _file(name):
                yield name


def _beside(nodes: Iterable[ast.AST], folder: Path) -> Iterator[Path]:
    """Files of data that a module names and that lie beside it, or in a folder there: a page's templates."""
    entries = {entry.name: entry for entry in folder.iterdir()}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and node.value in entries}
    for path in (entries[text] for text in texts):
        if path.is_file() and path.suffix != ".py":
            yield path
        elif path.is_dir() and not (path / "__init__.py").exists():
            yield from (
                file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts
            )


def _with_parents(name: str) -> Iterator[str]:
    """A module, and the packages that are imported before it."""
    while name:
        yield name
        name = name.rpartition(".")[0]


@cache
def _file(name: str) -> Path | None:
    """Where a module of ours is; None where there is none of this name."""
    top, _, rest = name.partition(".")
    path = ROOT / rest.replace(".", "/")
    choices = [path / "__init__.py", path.with_suffix(".py")] if rest else [ROOT / "__init__.py"]
    return next((file for file in choices if top == PACKAGE and file.is_file()), None)


def _bytes(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

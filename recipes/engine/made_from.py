"""What a task was made from, kept beside its config.yaml, so that it can be said later which of it has changed.

Beside the hashes that decide whether a task is done: parts of the recipe as they were, and of our own code, whose hash
is one word, the sources and packages behind it, once in a run folder.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...eval.io.errors import listed
from ...eval.io.files import read_state, write_json
from ...eval.io.run_paths import RunPaths
from ..plan.outcome import sources_of
from ..plan.task import Task

NOTE = "made_from.json"
SHOWN = 48  # letters of a value
CODE = ("spec.code", "judge")  # the keys whose value is a hash of our code


def note(task: Task, outputs: Mapping[str, str], run: RunPaths) -> None:
    """Keep what goes into a task that is about to start."""
    write_json(task.folder / NOTE, _facts(task, outputs))
    for hashed, decides in sources_of([task.spec.get("code"), task.judge]).items():
        if not (file := run.code(hashed)).exists():
            write_json(file, decides)


def changes(task: Task, outputs: Mapping[str, str], run: RunPaths) -> list[str]:
    """What goes into a task now and did not when it was started, a phrase each; all that it needs must be done."""
    before = read_state(task.folder / NOTE)
    if not before:
        return []
    old, new = dict(_flat(before)), dict(_flat(_facts(task, outputs)))
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return [phrase for key in keys for phrase in _phrases(key, old.get(key), new.get(key), run)]


def _facts(task: Task, outputs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "spec": task.spec,
        "needs": {name: outputs[name] for name in task.needs},
        "sets": {part.folder.name: {**part.spec, "of": part.members} for part in task.parts},
        "judge": task.judge,
    }


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping) and before != "needs.":
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", list(value) if isinstance(value, tuple) else value


def _phrases(key: str, old: Any, new: Any, run: RunPaths) -> Iterator[str]:
    if key in CODE:
        yield from _of_code(key, read_state(run.code(old or "")), sources_of([new]).get(new))
    elif key.startswith("needs."):
        yield f"{key.removeprefix('needs.')} gave something else"
    elif _is_hash(old) and _is_hash(new):
        yield f"{key.removeprefix('spec.')}: other files"
    else:
        yield f"{key.removeprefix('spec.')}: {_shown(old)} → {_shown(new)}"


def _of_code(key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    if not old or not new:
        yield "reins itself" + " (how answers are judged)" * (key == "judge")
        return
    if modules := _differing(old["sources"], new["sources"]):
        yield f"the code of {listed(modules, 3)}"
    for package in _differing(old["packages"], new["packages"]):
        versions = old["packages"].get(package), new["packages"].get(package)
        yield f"{package} {' → '.join(version or 'none' for version in versions)}"
    if old["python"] != new["python"]:
        yield f"Python {_version(old['python'])} → {_version(new['python'])}"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {**old, **new} if old.get(name) != new.get(name))


def _version(python: list[int]) -> str:
    return ".".join(map(str, python))


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

"""Two results.json of one run, by an older and a newer `reins report`: equal but for what was changed on purpose.

    python -m tests.compare_results OLD NEW        (exit status 1 where anything else differs, each printed)

Entries are compared in their order, so a list that was sorted otherwise differs too. What changed on purpose is
listed here, by list.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RENAMED = {"bins": {"from": "from_tokens", "to": "to_tokens"}}
ADDED = {"arms": {"role"}, "contrasts": {"question"}, "flips": {"question"}}
NEW_LISTS = {"states"}
OF_THE_CODE = {"schema", "versions"}  # these say which code wrote the file


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """One line for each difference that is not listed above."""
    for name in sorted((old.keys() | new.keys()) - OF_THE_CODE - NEW_LISTS):
        if name not in old or name not in new:
            yield f"{name}: only in the {'new' if name in new else 'old'} file"
        elif name in RENAMED or name in ADDED:
            yield from _of_list(name, [_renamed(name, one) for one in old[name]], new[name])
        elif isinstance(old[name], list):
            yield from _of_list(name, old[name], new[name])
        elif old[name] != new[name]:
            yield f"{name}: {old[name]!r} is now {new[name]!r}"


def _renamed(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    names = RENAMED.get(name, {})
    return {names.get(key, key): value for key, value in entry.items()}


def _of_list(name: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    if len(old) != len(new):
        yield f"{name}: {len(old)} entries, now {len(new)}"
    for i, (was, now) in enumerate(zip(old, new, strict=False)):
        if isinstance(was, dict):
            now = {key: value for key, value in now.items() if key in was or key not in ADDED.get(name, ())}
        if was != now:
            yield f"{name}[{i}]: {_first(was, now)}"


def _first(was: Any, now: Any) -> str:
    if not isinstance(was, dict):
        return f"{was!r} is now {now!r}"
    keys = [key for key in {**was, **now} if was.get(key, "absent") != now.get(key, "absent")]
    where = {key: was[key] for key in ("set", "arm", "mode", "metric", "group") if key in was}
    changes = (f"{key} {was.get(key, 'absent')!r} is now {now.get(key, 'absent')!r}" for key in keys)
    return f"{where}: {', '.join(changes)}"


def main(old: str, new: str) -> int:
    found = list(differences(*(json.loads(Path(file).read_text("utf-8")) for file in (old, new))))
    print("\n".join(found) or "the same, but for what was renamed and added on purpose")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Rows that a published preset cannot judge: their texts are patterns there, and not every text is one."""

from pathlib import Path

from ..io.errors import InputError
from ..io.jsonl import iter_jsonl
from .constraints.ids import canonical
from .constraints.types import JUDGED
from .rows import Files


def refuse_patterns(files: Files, preset: str) -> None:
    """Look at the patterns of rows that were read, before anything is spent on them; `reins` has none.

    Raises InputError naming file, line and constraint where a keyword, a splitter or a marker is no pattern, or one
    that may never come to an end.
    """
    if preset == "reins":
        return
    for source in [files] if isinstance(files, str | Path) else files:
        for file in sorted(Path(source).glob("*.jsonl")) if Path(source).is_dir() else [Path(source)]:
            for number, line in iter_jsonl(file):
                names = line.get("constraint_name") or line.get("instruction_id_list") or []
                kwargs = line.get("constraint_args") or line.get("kwargs") or []
                for name, values in zip(names, kwargs, strict=True):
                    _refuse_pattern(name, values, f"{file}:{number}")


def _refuse_pattern(name: str, kwargs: dict[str, object] | None, where: str) -> None:
    try:
        JUDGED[canonical(name)].check_patterns(kwargs)
    except InputError as error:
        raise error.within(where) from None

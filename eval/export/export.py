"""Writes rows as a task that runs in another harness, with these prompts and these verdicts.

Each harness gets a folder of its own kind: the rows, and a few lines that hand them and the replies to `Judged`. So reins
has to be installed there too.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from ..io.errors import InputError, nearest
from ..io.files import write_text
from ..io.jsonl import write_jsonl
from ..verify.constraints.verdict import PRESETS
from ..verify.published import refuse_patterns
from ..verify.rows import Row, read_rows

# What each harness gets: files by their path in the folder, with the template of each; `{name}` is the task's.
HARNESSES: dict[str, dict[str, str]] = {
    "lm-eval": {"{name}.yaml": "lm_eval.yaml.jinja", "utils.py": "lm_eval.py.jinja"},
    "inspect": {"{name}.py": "inspect.py.jinja"},
    "verifiers": {
        "pyproject.toml": "verifiers.toml.jinja",
        "{name}/__init__.py": "verifiers_init.py.jinja",
        "{name}/taskset.py": "verifiers.py.jinja",
    },
}
ROWS = "rows.jsonl"
ROWS_IN = {"verifiers": "{name}/"}  # where the rows lie in the folder, beside the file that reads them


def export(
    rows_file: str | Path, folders: Mapping[str, Path], *, preset: str = "reins", opened: bool = False
) -> list[Path]:
    """Write the rows for each harness named into its folder, and return the files written.

    `opened` says that the model's chat template opens the thought. Raises InputError on rows that cannot be read or
    judged under the preset, on an unknown harness or preset, and where a file is there already; nothing is written then.
    """
    if preset not in PRESETS:
        raise InputError(f"--preset {preset}", "unknown preset", nearest(preset, PRESETS))
    rows = read_rows(rows_file)
    refuse_patterns(rows_file, preset)
    words = _words(Path(rows_file), rows, preset, opened)
    texts = {
        path: text for harness, folder in folders.items() for path, text in _files(harness, folder, words)
    }
    places = {folder / _rows_path(harness, words["name"]) for harness, folder in folders.items()}
    for path in sorted({*texts, *places}):
        if path.exists():
            raise InputError(path, "is there already", "name a new folder, or take it away")
    for place in sorted(places):
        write_jsonl(place, (row.line() for row in rows))
    for path, text in texts.items():
        write_text(path, text)
    return sorted({*texts, *places})


def _words(file: Path, rows: list[Row], preset: str, opened: bool) -> dict[str, Any]:
    """What the templates are filled with; a metric is one that at least one row has."""
    stem = file.resolve().stem if file.stem != "rows" else file.resolve().parent.name
    constrained, answered = any(row.constraints for row in rows), any(row.answer for row in rows)
    name = "reins_" + (re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower() or "rows")
    return {
        "name": name,
        "title": f"{len(rows)} rows of {name.removeprefix('reins_')}",
        "preset": preset,
        "opened": opened,
        "metrics": ["hacc", "sacc"] * constrained + ["correct"] * answered,
    }


def _rows_path(harness: str, name: str) -> str:
    return ROWS_IN.get(harness, "").format(name=name) + ROWS


def _files(harness: str, folder: Path, words: dict[str, Any]) -> list[tuple[Path, str]]:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    return [
        (folder / path.format(**words), environment.get_template(template).render(words))
        for path, template in HARNESSES[harness].items()
    ]

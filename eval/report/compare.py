"""Two evaluations of the same rows against each other: of two arms, in two modes, or judged by two presets."""

from pathlib import Path
from typing import Any

import numpy as np

from ..analyse.contrasts import differences
from ..analyse.formats import interval, rate
from ..analyse.set_data import ArmMeasure
from ..io.errors import InputError
from ..io.files import rounded
from ..io.lines import read_text
from ..io.run_paths import rows_evaluated
from ..io.strict_json import parse
from ..score.measure import NUMBERS, Cell, Entry, Measure, RowSet, estimates, resample
from ..score.scores import Score, read_scores
from ..stats import intervals
from ..stats.paired import flips
from ..verify.rows import Row, read_rows
from .tables import as_text

RATES = ("hacc", "sacc", "correct")


def compare(
    a_dir: str | Path, b_dir: str | Path, *, metric: str = "hacc", data: str | Path | None = None
) -> tuple[str, Entry]:
    """What `reins compare` prints, and the same as `{metric, a, b, diff, low, high, p, mdd, n, clusters, flips}`.

    The difference is A less B, with the interval of a bootstrap over problems. Problems are those of `data` (a
    set's rows) or of the run that a folder lies in; without either, each row counts as one. Raises InputError on
    folders without scores or of other rows or samples, and on a metric that they do not have.
    """
    if metric not in NUMBERS:
        raise InputError(f"--metric {metric}", "not known", f"give one of {', '.join(NUMBERS)}")
    folders = Path(a_dir), Path(b_dir)
    scores = [_scores(folder) for folder in folders]
    _check_same(folders, scores)
    rows = _rows(folders, data)
    row_set = RowSet.of(rows or _alone(scores[0]))
    if missing := {score.row for score in scores[0]} - row_set.position.keys():
        raise InputError(
            data, f"row {min(missing)!r} of {folders[0]} is not in it", "give the rows of this set"
        )
    cells = [Cell.of(row_set, own) for own in scores]
    found = _compared(row_set, cells, metric, folders)
    sides = {name: _side(folder) for name, folder in zip("ab", folders, strict=True)}
    entry: Entry = rounded(
        {"metric": metric, "a": sides["a"] | found.pop("a"), "b": sides["b"] | found.pop("b")} | found
    )
    return _text(entry, "problems" if rows else "rows (problems not known)"), entry


def _scores(folder: Path) -> list[Score]:
    scores = read_scores(folder / "scores.jsonl")
    if not scores:
        raise InputError(folder / "scores.jsonl", "holds no scores", "score the responses again")
    return scores


def _check_same(folders: tuple[Path, Path], scores: list[list[Score]]) -> None:
    a, b = ({(each.row, each.sample): len(each.verdicts) for each in of_folder} for of_folder in scores)
    if alone := a.keys() ^ b.keys():
        row, sample = min(alone)
        where = folders[0 if (row, sample) in a else 1]
        raise InputError(
            where,
            f"sample {sample} of row {row!r} is not in the other ({len(alone)} such)",
            "compare evaluations of the same rows with as many samples",
        )
    for (row, _), count in a.items():
        if count != b[row, _]:
            raise InputError(
                f"row {row!r}", f"{count} verdicts in {folders[0]}, not in {folders[1]}", "not the same rows"
            )


def _rows(folders: tuple[Path, Path], data: str | Path | None) -> list[Row]:
    """Of `data`, or of the run `<run>/evals/<checkpoint>/<set>.<mode>`; empty where there is neither."""
    if data:
        return read_rows(data)
    for folder in folders:
        file = rows_evaluated(folder)
        if file.exists():
            return read_rows(file)
    return []


def _alone(scores: list[Score]) -> list[Row]:
    names = dict.fromkeys(score.row for score in scores)
    return [Row(name, name, source="", id=name, question="", answer="") for name in names]


def _side(folder: Path) -> Entry:
    metrics = folder / "metrics.json"
    preset = _preset(metrics) if metrics.exists() else None
    return {"folder": str(folder), "preset": preset}


def _preset(metrics: Path) -> str:
    found = parse(read_text(metrics), metrics, fix := "score the responses again")
    if not isinstance(found, dict) or not isinstance(found.get("preset"), str):
        raise InputError(metrics, "names no preset", fix)
    return str(found["preset"])


def _compared(row_set: RowSet, cells: list[Cell], metric: str, folders: tuple[Path, Path]) -> dict[str, Any]:
    found = []
    for cell, folder in zip(cells, folders, strict=True):
        known = ~np.isnan(cell.numbers[metric])
        if not known.any():
            raise InputError(folder, f"no sample has {metric}", "choose another metric")
        clusters = row_set.cluster[cell.row[known]]
        found.append(
            ArmMeasure("", None, None, "", Measure(metric, None, cell.numbers[metric][known], clusters))
        )
    sums = resample([one.measure for one in found], intervals.draw_clusters(row_set.clusters))
    a, b = (one._asdict() for one in estimates([one.measure for one in found], sums))
    (gap,) = differences(found, sums, [(0, 1)])
    flipped = flips(*((cell.numbers[metric], cell.row) for cell in cells)) if metric in RATES else None
    return {"a": a, "b": b, **gap._asdict(), "flips": flipped and flipped._asdict()}


def _text(entry: Entry, units: str) -> str:
    sides = [
        [name, str(one["folder"]), str(one["preset"]), rate(one, 4), str(one["n"])]
        for name, one in (("A", entry["a"]), ("B", entry["b"]))
    ]
    lines = [
        as_text([["", "evaluation", "preset", entry["metric"], "samples"], *sides]),
        _difference(entry, units),
    ]
    if flipped := entry["flips"]:
        lines.append(as_text([
            [f"prompts ({flipped['n']})", "B passes", "B fails"],
            ["A passes", str(flipped["pass_pass"]), str(flipped["fail_pass"])],
            ["A fails", str(flipped["pass_fail"]), str(flipped["fail_fail"])],
        ]))  # fmt: skip
        lines.append(
            f"exact McNemar {_p(flipped['mcnemar_p'])}; by mean over samples A wins {flipped['win']}, "
            f"ties {flipped['tie']}, loses {flipped['lose']}"
        )
    return "\n\n".join(lines)


def _difference(entry: Entry, units: str) -> str:
    text = f"A − B: {entry['diff']:+.4f}{interval(entry, 4)}"
    if entry["p"] is None:
        return f"{text}; {entry['clusters']} {units}: too few for an interval"
    null = entry["low"] <= 0 <= entry["high"]
    seen = f"; a difference below {entry['mdd']:.4f} could go unseen" if null else ""
    return f"{text}, {_p(entry['p'])}, over {entry['clusters']} {units}{seen}"


def _p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.4f}"

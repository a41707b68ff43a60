"""Two evaluations of the same rows against each other: of two arms, in two modes, or judged by two presets."""

from pathlib import Path
from typing import Any

import numpy as np

from ..analyse.differences import differences
from ..analyse.formats import interval, rate
from ..analyse.set_data import ArmMeasure
from ..io.errors import InputError
from ..io.files import rounded
from ..io.lines import read_text
from ..io.run_paths import rows_evaluated
from ..io.strict_json import parse
from ..score.estimates import estimates, resample
from ..score.measure import NUMBERS, Entry, Measure, RowSet, ScoredSamples
from ..score.scores import Score, read_scores
from ..stats import intervals
from ..stats.paired import Side, flips
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
    row_set = RowSet.of(rows or _rows_as_problems(scores[0]))
    if missing := {score.row for score in scores[0]} - row_set.position.keys():
        raise InputError(
            data, f"row {min(missing)!r} of {folders[0]} is not in it", "give the rows of this set"
        )
    samples = [ScoredSamples.of(row_set, of_folder) for of_folder in scores]
    compared = _compared(row_set, samples, metric, folders)
    sides = {name: _evaluation(folder) for name, folder in zip("ab", folders, strict=True)}
    entry: Entry = rounded(
        {"metric": metric, "a": sides["a"] | compared.pop("a"), "b": sides["b"] | compared.pop("b")}
        | compared
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


def _rows_as_problems(scores: list[Score]) -> list[Row]:
    names = dict.fromkeys(score.row for score in scores)
    return [Row(name, name, source="", id=name, question="", answer="") for name in names]


def _evaluation(folder: Path) -> Entry:
    metrics = folder / "metrics.json"
    preset = _preset(metrics) if metrics.exists() else None
    return {"folder": str(folder), "preset": preset}


def _preset(metrics: Path) -> str:
    content = parse(read_text(metrics), metrics, fix := "score the responses again")
    if not isinstance(content, dict) or not isinstance(content.get("preset"), str):
        raise InputError(metrics, "names no preset", fix)
    return str(content["preset"])


def _compared(
    row_set: RowSet, samples: list[ScoredSamples], metric: str, folders: tuple[Path, Path]
) -> dict[str, Any]:
    measured = []
    for scored, folder in zip(samples, folders, strict=True):
        known = ~np.isnan(scored.numbers[metric])
        if not known.any():
            raise InputError(folder, f"no sample has {metric}", "choose another metric")
        clusters = row_set.cluster[scored.row[known]]
        measured.append(
            ArmMeasure("", None, None, "", Measure(metric, None, scored.numbers[metric][known], clusters))
        )
    measures = [arm.measure for arm in measured]
    sums = resample(measures, intervals.draw_clusters(row_set.clusters))
    a, b = (estimate._asdict() for estimate in estimates(measures, sums))
    (gap,) = differences(measured, sums, [(0, 1)])
    verdicts = (Side(scored.numbers[metric], scored.row) for scored in samples)
    flipped = flips(*verdicts) if metric in RATES else None
    return {"a": a, "b": b, **gap._asdict(), "flips": flipped and flipped._asdict()}


def _text(entry: Entry, units: str) -> str:
    sides = [
        [name, str(side["folder"]), str(side["preset"]), rate(side, 4), str(side["n"])]
        for name, side in (("A", entry["a"]), ("B", entry["b"]))
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

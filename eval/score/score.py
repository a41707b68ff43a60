"""Verdicts and answers of every sample, and the figures of one set.

A cut sample and an unclosed thought have no answer: their constraints fail, their outcome is `missing`, and
`cut` and `state` say so in every file and table. Under preset `mathif` (and `ifeval`) the text is judged as the
original judges it, cut or not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..io.files import rounded, write_json
from ..io.jsonl import write_jsonl
from ..stats.intervals import draw_clusters
from ..verify import split_reasoning, verdicts
from ..verify.answers import Grader
from ..verify.rows import Files, Row
from .floors import floors, reply_figures
from .measure import Cell, RowSet, estimates, figure, macro, measures, resample
from .responses import load_pairs

OUTCOMES = {"right": True, "wrong": False, "missing": False, "unparsed": False, "timeout": False}


def score(rows_file: Files, responses_file: Files, out_dir: str | Path, *, preset: str = "reins") -> Path:
    """Score responses and write `scores.jsonl` and `metrics.json` into `out_dir`; return the first's path.

    Several files of responses answer as many files of rows, in their order. Answers that
    are `missing`, `unparsed` or ran into a `timeout` are not right, and `outcome` tells them from wrong ones. Raises
    InputError on rows or responses that do not fit together.
    """
    rows, responses = load_pairs(rows_file, responses_file)
    scores = score_samples(rows, responses, preset=preset)
    out = Path(out_dir)
    write_jsonl(out / "scores.jsonl", scores)
    write_json(out / "metrics.json", rounded(_metrics(rows, scores, preset)))
    return out / "scores.jsonl"


def score_samples(rows: Sequence[Row], responses: Sequence[Row], *, preset: str = "reins") -> list[Row]:
    """The score of every response, in their order."""
    by_name = {row["row"]: row for row in rows}
    scores, to_grade = [], []
    for response in responses:
        row = by_name[response["row"]]
        answer, judged = _judge(row, response, preset)
        scores.append(judged)
        if row["answer"]:
            to_grade.append((judged, row["answer"], answer))
    with Grader() as grader:
        outcomes = grader.grade_many([(gold, answer) for _, gold, answer in to_grade])
    for (judged, _, _), outcome in zip(to_grade, outcomes, strict=True):
        judged.update(outcome=outcome, correct=OUTCOMES[outcome])
    return scores


def _judge(row: Row, response: Row, preset: str) -> tuple[str, Row]:
    """The answer that counts, and its score before grading."""
    split = split_reasoning(response["text"], preset=preset, prefilled=response["state"] == "unclosed")
    no_answer = preset == "reins" and (response["cut"] or split.state == "unclosed")
    answer = "" if no_answer else split.answer
    held = verdicts(row, answer, preset=preset)
    judged = {
        "row": response["row"],
        "sample": response["sample"],
        "verdicts": held,
        "hacc": all(held) if held else None,
        "sacc": sum(held) / len(held) if held else None,
        "correct": None,
        "outcome": None,
        "state": split.state,
        "cut": response["cut"],
        "reasoning_tokens": response["reasoning_tokens"],
        "answer_tokens": response["answer_tokens"],
    }
    if preset == "ifeval":
        judged["loose"] = verdicts(row, answer, preset=preset, loose=True)
    return answer, judged


def _metrics(rows: list[Row], scores: Sequence[Row], preset: str) -> dict[str, Any]:
    row_set = RowSet.of(rows)
    found = list(measures(row_set, Cell.of(row_set, scores)))
    sums = resample(found, draw_clusters(row_set.clusters))
    figures = [figure(measure, one) for measure, one in zip(found, estimates(found, sums), strict=True)]
    if mean := macro(found, sums):
        figures.append({"metric": "macro", "group": None} | mean._asdict())
    return {
        "schema": 1,
        "preset": preset,
        "rows": len(rows),
        "samples": len(scores),
        "clusters": row_set.clusters,
        "figures": figures,
        "outcomes": _shares(score["outcome"] for score in scores),
        "states": _shares(score["state"] for score in scores),
        "floors": floors(reply_figures(row_set, preset=preset)),
    }


def _shares(labels: Iterable[str | None]) -> dict[str, float]:
    counts = Counter(label for label in labels if label is not None)
    return {label: count / counts.total() for label, count in counts.items()}

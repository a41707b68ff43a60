"""Verdicts and answers of every sample, and the figures of one set.

A cut sample and an unclosed thought have no answer: their constraints fail, their outcome is `missing`, and
`cut` and `state` say so in every file and table. Under preset `mathif` (and `ifeval`) the text is judged as the
original judges it, cut or not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ..io.files import rounded, write_json
from ..io.jsonl import write_jsonl
from ..stats.intervals import draw_clusters
from ..verify import verdicts
from ..verify.answers import Grader, grade
from ..verify.published import refuse_patterns
from ..verify.responses import Response
from ..verify.rows import Files, Row
from .estimates import estimates, macro, resample
from .floors import floors, reply_figures
from .measure import RowSet, ScoredSamples, figure, measures
from .responses import load_pairs
from .scores import First, Score


def score(rows_file: Files, responses_file: Files, out_dir: str | Path, *, preset: str = "reins") -> Path:
    """Score responses and write `scores.jsonl` and `metrics.json` into `out_dir`; return the first's path.

    Several files of responses answer as many files of rows, in their order. Answers that
    are `missing`, `unparsed` or ran into a `timeout` are not right, and `outcome` tells them from wrong ones. Raises
    InputError on rows or responses that do not fit together.
    """
    rows, responses = load_pairs(rows_file, responses_file)
    refuse_patterns(rows_file, preset)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    TemporaryFile(dir=out).close()  # a folder that nothing can be written into ends it before the work
    scores = score_samples(rows, responses, preset=preset)
    write_jsonl(out / "scores.jsonl", (each.line() for each in scores))
    write_json(out / "metrics.json", rounded(_metrics(rows, scores, preset)))
    return out / "scores.jsonl"


def score_samples(
    rows: Sequence[Row], responses: Sequence[Response], *, preset: str = "reins"
) -> list[Score]:
    """The score of every response, in their order."""
    by_name = {row.name: row for row in rows}
    judged = [_judge(by_name[response.row], response, preset) for response in responses]
    golds = [by_name[response.row].answer for response in responses]
    to_grade = [(gold, answer) for gold, (answer, _) in zip(golds, judged, strict=True) if gold]
    with Grader() as grader:
        outcomes = iter(grader.grade_many(to_grade))
    return [
        replace(score, outcome=next(outcomes)) if gold else score
        for gold, (_, score) in zip(golds, judged, strict=True)
    ]


def score_one(row: Row, response: Response, *, preset: str = "reins") -> Score:
    """The score of one response to a row, by a grader that this process keeps; from any thread."""
    answer, score = _judge(row, response, preset)
    return replace(score, outcome=grade(row.answer, answer)) if row.answer else score


def _judge(row: Row, response: Response, preset: str) -> tuple[str, Score]:
    """The answer that counts, and its score before grading."""
    split = response.split(preset)
    answer = _answer(response, preset)
    first = None
    if response.first:
        before = _answer(response.first, preset)
        held = verdicts(row.constraints, before, preset=preset)
        first = First(held, bool(answer.strip()) and before.strip() == answer.strip())
    loose = verdicts(row.constraints, answer, preset=preset, loose=True) if preset == "ifeval" else None
    return answer, Score(
        row=response.row,
        sample=response.sample,
        verdicts=verdicts(row.constraints, answer, preset=preset),
        state=split.state,
        format=split.form.name if split.form else None,
        reasoned=split.reasoned,
        truncated=response.truncated,
        reasoning_tokens=response.reasoning_tokens,
        answer_tokens=response.answer_tokens,
        loose=loose,
        calls=response.calls,
        prompt_tokens=response.prompt_tokens,
        drawn_tokens=response.drawn_tokens,
        p_yes=response.p_yes,
        p_word=response.p_word,
        first=first,
    )


def _answer(response: Response, preset: str) -> str:
    """The answer that counts: none, by our preset, of what was cut or never left its thought."""
    split = response.split(preset)
    no_answer = preset == "reins" and (response.truncated or split.state == "unclosed")
    return "" if no_answer else split.answer


def _metrics(rows: list[Row], scores: Sequence[Score], preset: str) -> dict[str, Any]:
    row_set = RowSet.of(rows)
    measured = list(measures(row_set, ScoredSamples.of(row_set, scores)))
    sums = resample(measured, draw_clusters(row_set.clusters))
    figures = [
        figure(measure, estimate)
        for measure, estimate in zip(measured, estimates(measured, sums), strict=True)
    ]
    if mean := macro(measured, sums):
        figures.append({"metric": "macro", "group": None} | mean._asdict())
    return {
        "schema": 1,
        "preset": preset,
        "rows": len(rows),
        "samples": len(scores),
        "clusters": row_set.clusters,
        "figures": figures,
        "outcomes": _shares(score.outcome for score in scores),
        "states": _shares(score.state for score in scores),
        "formats": _shares(score.format for score in scores),
        "floors": floors(reply_figures(row_set, preset=preset)),
    }


def _shares(labels: Iterable[str | None]) -> dict[str, float]:
    counts = Counter(label for label in labels if label is not None)
    return {label: count / counts.total() for label, count in counts.items()}

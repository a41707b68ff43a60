"""ComplexBench's score: questions answered by rules and by a judge, each counting only where its prerequisites hold.

    python -m reins.eval.score.complexbench ROWS RESPONSES JUDGEMENTS OUT

The judge is yours (the published one is GPT-4): any callable, or a file of its judgements, so that no API is called from
here. A question with a rule is judged by the rule, on those parts of the response that the judge says it is about.

As published (evaluation/aggregation.py): a question counts as failed when one that it directly depends on was judged
false, before any such correction; DRFR is the share of questions that count; a group is coherent when every question of
every instruction in it counts. Otherwise than published, both sides of a rule are read with the same punctuation.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..io.command import exit_status
from ..io.errors import InputError
from ..io.fields import COUNT, FLAG, TEXT, list_of, may, need
from ..io.files import rounded, write_json
from ..io.jsonl import Line, iter_jsonl, write_jsonl
from ..stats.intervals import draw_clusters
from ..verify.responses import Response
from ..verify.rows import Row, load_rows
from .complexbench_rules import follows
from .estimates import estimates, resample
from .measure import Entry, Group, Measure, figure
from .responses import load_responses


@dataclass(frozen=True)
class Question:
    """What is asked about one response: the instruction's row, the sample, and the scoring question."""

    row: str
    sample: int
    point: int
    text: str
    instruction: str
    rule: str | None


# Whether the response satisfies the question; which parts of the response a question with a rule is about.
Judge = Callable[[Question, str], bool]
Parts = Callable[[Question, str], list[str]]


def whole(question: Question, response: str) -> list[str]:
    """The response as the only part."""
    return [response]


TEXTS = list_of(TEXT, "texts")


class Judgements:
    """A judge in a file: lines `{row, sample, point, holds}`, or `{row, sample, point, parts}` for rules."""

    def __init__(self, file: str | Path):
        self.file = file
        self.lines: dict[tuple[str, int, int], Line] = {}
        for number, line in iter_jsonl(file):
            if not {"row", "sample", "point"} <= line.keys() or not {"holds", "parts"} & line.keys():
                raise InputError(
                    f"{file}:{number}", "no judgement", "give row, sample, point, and holds or parts"
                )
            where = f"{file}:{number}"
            key = (
                need(line, "row", TEXT, where),
                *(need(line, name, COUNT, where) for name in ("sample", "point")),
            )
            may(line, "holds", FLAG, where)
            may(line, "parts", TEXTS, where)
            if key in self.lines:
                raise InputError(
                    where, f"row {key[0]!r}, sample {key[1]}, point {key[2]} is judged twice", "leave one"
                )
            self.lines[key] = line

    def holds(self, question: Question, response: str) -> bool:
        """Raises InputError where nothing was judged: a question left out is not a failed one."""
        holds = self._line(question).get("holds")
        if not isinstance(holds, bool):
            raise InputError(
                self.file,
                f"row {question.row!r}, sample {question.sample}, point {question.point} is not judged",
                "judge it: holds true or false",
            )
        return holds

    def parts(self, question: Question, response: str) -> list[str]:
        """The parts named, the whole response where none are."""
        parts = self._line(question).get("parts")
        return [response] if parts is None else list(parts)

    def _line(self, question: Question) -> Line:
        return self.lines.get((question.row, question.sample, question.point), {})


def score_complexbench(
    rows_file: str | Path,
    responses_file: str | Path,
    out_dir: str | Path,
    judge: Judge,
    parts: Parts = whole,
    *,
    preset: str = "reins",
) -> Path:
    """Write `points.jsonl` (a line a response) and `complexbench.json` (figures) into `out_dir`; return the second.

    Figures are as in metrics.json, their clusters the groups of instructions: `drfr`, the share of questions that
    count, of all and by category, task, constraint dimension and composition, and the share of `coherent` groups.
    """
    rows = load_rows(rows_file)
    by_name = {row.name: row for row in rows}
    if missing := [row.name for row in rows if not row.extra.get("scoring_questions")]:
        raise InputError(
            rows_file, f"row {missing[0]!r} has no scoring_questions", "build the set by complexbench"
        )
    points = [
        _judged(by_name[response.row], response, judge, parts, preset)
        for response in load_responses(responses_file, rows)
    ]
    out = Path(out_dir)
    write_jsonl(out / "points.jsonl", map(asdict, points))
    write_json(
        out / "complexbench.json",
        rounded({"preset": preset, "responses": len(points), "figures": _figures(by_name, points)}),
    )
    return out / "complexbench.json"


@dataclass(frozen=True, slots=True)
class Points:
    """The questions of one response: as they were judged, and whether each counts."""

    row: str
    sample: int
    raw: list[bool]
    counts: list[bool]


def _judged(row: Row, response: Response, judge: Judge, parts: Parts, preset: str) -> Points:
    answer = "" if response.truncated and preset == "reins" else response.split(preset).answer
    raw = {}
    for scoring in row.extra["scoring_questions"]:
        question = Question(
            row.name,
            response.sample,
            scoring["point_id"],
            scoring["question"],
            row.question,
            scoring["rule"],
        )
        raw[question.point] = bool(answer.strip()) and (
            judge(question, answer)
            if question.rule is None
            else follows(question.rule, parts(question, answer))
        )
    counts = [
        raw[scoring["point_id"]] and all(raw[point] for point in scoring["dep"])
        for scoring in row.extra["scoring_questions"]
    ]
    return Points(row.name, response.sample, list(raw.values()), counts)


def _figures(rows: dict[str, Row], points: Sequence[Points]) -> list[Entry]:
    groups = dict.fromkeys(row.extra["group"] for row in rows.values())
    cluster_of = {group: index for index, group in enumerate(groups)}
    held: dict[tuple[str, Group | None], list[tuple[bool, int]]] = {}
    for judged in points:
        row = rows[judged.row]
        for labels, holds in zip(_labels(row), judged.counts, strict=True):
            for label in labels:
                held.setdefault(("drfr", label), []).append((holds, cluster_of[row.extra["group"]]))
    for kind, group, holds in _coherent(rows, points):
        held.setdefault(("coherent", Group("selections", kind)), []).append((holds, cluster_of[group]))
    measured = [
        Measure(
            metric,
            label,
            np.array([holds for holds, _ in pairs], dtype=float),
            np.array([cluster for _, cluster in pairs]),
        )
        for (metric, label), pairs in held.items()
    ]
    sums = resample(measured, draw_clusters(len(groups)))
    return list(map(figure, measured, estimates(measured, sums)))


def _labels(row: Row) -> Iterator[list[Group | None]]:
    """What each question of a row counts under; None is all of them."""
    for scoring in row.extra["scoring_questions"]:
        labels = [None, Group("category", row.extra["category"]), Group("task", row.extra["task_types"])]
        labels += [Group("dimension", name) for name in scoring["constraint_dimensions"]]
        yield labels + [Group("composition", name) for name in scoring["composition_types"]]


def _coherent(rows: dict[str, Row], points: Sequence[Points]) -> Iterator[tuple[str, str, bool]]:
    """(one or several selections, group, whether every question of every instruction in it counts) a sample.

    The number of selections is that of the group's first instruction; groups without any are no test of it.
    """
    whole_groups: dict[tuple[str, int], bool] = {}
    selections: dict[str, int] = {}
    for row in rows.values():
        chosen = sum("Selection" in each["composition_types"] for each in row.extra["scoring_questions"])
        selections.setdefault(row.extra["group"], chosen)
    for judged in points:
        key = rows[judged.row].extra["group"], judged.sample
        whole_groups[key] = whole_groups.get(key, True) and all(judged.counts)
    for (group, _), holds in whole_groups.items():
        if selections[group]:
            yield ("one" if selections[group] == 1 else "several"), group, holds


def _score_files(rows: str, responses: str, judgements: str, out: str) -> Path:
    judge = Judgements(judgements)
    return score_complexbench(rows, responses, out, judge.holds, judge.parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m reins.eval.score.complexbench", description=__doc__)
    for name in ("rows", "responses", "judgements", "out"):
        parser.add_argument(name)
    files = parser.parse_args()
    return exit_status(lambda: print(_score_files(files.rows, files.responses, files.judgements, files.out)))


if __name__ == "__main__":
    sys.exit(main())

"""The generations that a report lets one browse: evenly spaced rows, the same for every arm, within a byte limit."""

import json
from collections.abc import Sequence
from typing import Any

from ..analyse.results import SetMode
from ..analyse.run_folder import RunFolder
from ..score.scores import Score, read_scores
from ..verify import describe
from ..verify.responses import Response, iter_responses
from ..verify.rows import Row

LIMIT = 4_000_000  # bytes of JSON in a page
MOST = 100  # rows of a set
LONGEST = 6_000  # characters of a reasoning or an answer; longer ones lose their middle

Shown = dict[str, Any]


def generations(runs: Sequence[RunFolder], set_modes: Sequence[SetMode], *, limit: int = LIMIT) -> Shown:
    """`{rows, samples, of}`: what is shown of `of` samples, as the page's script reads it.

    The first sample of every row shown, in every arm, seed, set and mode, so that arms can be compared on a row.
    Every second row is left out until the rest fits the limit.
    """
    parts = [_of_run(run, set_mode, len(runs) > 1) for run in runs for set_mode in set_modes]
    rows = {key: row for part in parts for key, row in part["rows"].items()}
    samples = [sample for part in parts for sample in part["samples"]]
    while len(_bytes(rows)) + len(_bytes(samples)) > limit and len(rows) > 1:
        rows = dict(list(rows.items())[::2])
        samples = [sample for sample in samples if sample["row"] in rows]
    return {"rows": rows, "samples": samples, "of": sum(part["of"] for part in parts)}


def _bytes(content: Any) -> bytes:
    return json.dumps(content).encode()


def _of_run(run: RunFolder, set_mode: SetMode, named: bool) -> Shown:
    """Rows and samples of one run, set and mode; rows are keyed by set, and by run where there are several."""
    prefix = f"{run.name}/" if named else ""
    of_set = f"{prefix}{set_mode.set}/"  # sets may name their rows alike
    part: Shown = {"rows": {}, "samples": [], "of": 0}
    if set_mode.set not in run.row_sets:
        return part
    rows = run.row_sets[set_mode.set].rows
    every = -(-len(rows) // MOST)  # rounded up, so that there are at most MOST
    chosen = {row.name: row for row in rows[::every]}
    for arm in run.answering:
        folder = run.directory(arm.checkpoint, set_mode.set, set_mode.mode)
        if not (folder / "scores.jsonl").exists():
            continue
        scores = read_scores(folder / "scores.jsonl")
        part["of"] += len(scores)
        shown = {score.row: score for score in scores if score.sample == 0 and score.row in chosen}
        about = {"arm": prefix + arm.name, "seed": arm.seed, "set": set_mode.set, "mode": set_mode.mode}
        for response in iter_responses(folder / "responses.jsonl"):
            if response.sample == 0 and response.row in shown:
                sample = _sample(shown[response.row], response, run.preset)
                part["samples"].append(about | sample | {"row": of_set + response.row})
                part["rows"][of_set + response.row] = _row(chosen[response.row])
    return part


def _row(row: Row) -> Shown:
    """The question of a row and its constraints, type and wording."""
    return {
        "question": row.question,
        "gold": row.answer,
        "constraints": [[each.id, describe(each.id, each.kwargs)] for each in row.constraints],
    }


def _sample(score: Score, response: Response, preset: str) -> Shown:
    split = response.split(preset)
    return {
        "verdicts": score.verdicts,
        "state": "cut" if score.truncated else score.state,
        "outcome": score.outcome or "not graded",
        "tokens": [score.reasoning_tokens, score.answer_tokens],
        "reasoning": _shortened(split.reasoning),
        "answer": _shortened(split.answer),
    }


def _shortened(text: str) -> str:
    left_out = len(text) - LONGEST
    if left_out <= 0:
        return text
    return f"{text[: LONGEST // 2]}\n\n[… {left_out:,} characters left out …]\n\n{text[-LONGEST // 2 :]}"

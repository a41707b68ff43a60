"""Measure attention on evaluated sets in one process: `python -m reins.eval.attention.run --config FILE`.

The file: `{model, preset, threads, inputs, parts: [{label, rows, mode, out}]}`. `attention.jsonl` appears in each part's
folder, beside the responses that it is of, once it is whole; what is measured so far lies beside the config, as
`measured.<label>.<mode>.jsonl`, so that a killed process goes on where it was. `progress.json` counts responses, and
`done.json` appears last.
"""

import json
import sys
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict

from ..io.command import of_config, read_plan
from ..io.files import naming, write_json
from ..io.jsonl import iter_jsonl, write_jsonl
from ..io.run_paths import ATTENTION, DONE, PROGRESS
from ..sample.checkpoint import Checkpoint, read_checkpoint
from ..sample.resume import drop_torn
from ..verify.responses import Response, iter_responses
from ..verify.rows import load_rows
from .measure import Answered, Reading, answered_by, measured, probe
from .spans import located

Place = tuple[str, int]  # row and sample


class Part(BaseModel):
    """One set in one mode: its rows, and the folder with the responses."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str
    rows: str
    mode: str
    out: Path


class Plan(BaseModel):
    """A checkpoint and the sets that it has answered. `inputs` is the hash of all that goes in."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str
    preset: str = "reins"
    threads: int = 1
    inputs: str
    parts: list[Part]


def run(file: Path) -> None:
    """Measure every part; raises InputError as `attend` does, before the first response is measured."""
    plan, folder = read_plan(file, Plan, "reins.eval.attention.run"), file.parent
    torch.set_num_threads(plan.threads)
    checkpoint = read_checkpoint(plan.model)
    work = [_opened(plan, checkpoint, part) for part in plan.parts]
    probe(checkpoint)
    total, before = sum(len(answered) for *_, answered in work), 0
    for part, reading, answered in work:
        partial = folder / f"measured.{part.label}.{part.mode}.jsonl"
        done = _done(partial)
        with naming(partial), open(partial, "a", encoding="utf-8") as groups:
            for number, lines in enumerate(measured(reading, answered, done), before + len(done) + 1):
                place = {"row": lines[0]["row"], "sample": lines[0]["sample"]}
                groups.write(json.dumps({**place, "lines": lines}, ensure_ascii=False) + "\n")
                groups.flush()
                write_json(folder / PROGRESS, {"step": number, "steps": total})
        before += len(answered)
        write_jsonl(
            part.out / ATTENTION, (line for _, group in iter_jsonl(partial) for line in group["lines"])
        )
    write_json(folder / DONE, {"inputs": plan.inputs})


def _opened(plan: Plan, checkpoint: Checkpoint, part: Part) -> tuple[Part, Reading, Answered]:
    rows = load_rows(part.rows)
    spans = {row.name: each for row, each in located(rows, part.rows, plan.preset)}
    reading = Reading(checkpoint, {row.name: row for row in rows}, spans, plan.preset, part.mode)
    responses: list[Response] = list(iter_responses(part.out / "responses.jsonl"))
    return part, reading, answered_by(reading, responses)


def _done(partial: Path) -> set[Place]:
    """The responses that are measured already."""
    if not partial.exists():
        return set()
    drop_torn(partial)
    return {(group["row"], group["sample"]) for _, group in iter_jsonl(partial)}


def main() -> int:
    return of_config(run, "reins.eval.attention.run", __doc__)


if __name__ == "__main__":
    sys.exit(main())

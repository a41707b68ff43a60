"""Evaluate checkpoints on several sets in one process: `python -m reins.eval.run --config FILE`.

The file: `{model, seed, preset, engine, threads, world_size, inputs, sets: [{label, rows, out, samples, mode, max_new_tokens,
temperature, top_p, batch_size, with_constraints, model, inputs}]}`. Each set's folder gets responses, scores and
metrics; what is there for the same `inputs` is left alone. Beside the file, `progress.json` counts sets, and
`done.json` appears last.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .io.command import of_config
from .io.errors import InputError
from .io.files import write_json
from .sample.generate import generate
from .sample.processes import Processes
from .score.score import score


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SetPlan(Strict):
    """One set, asked in one way; `model` and `inputs` are the plan's where not said, the rest as in `generate`."""

    label: str
    rows: str | list[str]
    out: Path
    model: str = ""
    inputs: str = ""
    samples: int = 2
    mode: str = "think"
    max_new_tokens: int = 256
    temperature: float = 1.0
    top_p: float = 1.0
    batch_size: int = 64
    with_constraints: bool = True


class Plan(Strict):
    """A checkpoint on its sets. `inputs` is the hash of all that goes in, `threads` are torch's.

    `world_size`, where said, is the number of processes that must have been started.
    """

    model: str
    seed: int
    preset: str = "reins"
    engine: str = "transformers"
    threads: int = 1
    world_size: int | None = None
    inputs: str
    sets: list[SetPlan]


def read_plan(file: Path) -> Plan:
    """Raises InputError naming the file, the key and what is wrong with it."""
    try:
        return Plan.model_validate(yaml.safe_load(file.read_text()))
    except OSError as error:
        raise InputError(file, f"{error.strerror}", "name an evaluation's config.yaml") from None
    except yaml.YAMLError as error:
        raise InputError(file, f"not YAML ({str(error).splitlines()[0]})", "write a mapping") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(file, f"{where}: {first['msg']}", "see the keys in reins.eval.run") from None


def run(file: Path) -> None:
    """Generate and score every set that has no metrics for these inputs yet.

    Under `accelerate launch` all processes generate and the first one scores.
    """
    plan, started = read_plan(file), int(os.environ.get("WORLD_SIZE", "1"))
    if plan.world_size not in (None, started):
        raise InputError(
            file, f"world_size: {plan.world_size}, but {started} started", "start as many, or say so"
        )
    processes = Processes()
    torch.set_num_threads(plan.threads)
    common: dict[str, Any] = {"seed": plan.seed, "preset": plan.preset, "engine": plan.engine}
    for number, one in enumerate(plan.sets):
        if processes.first:
            write_json(file.parent / "progress.json", {"step": number, "steps": len(plan.sets)})
        inputs = one.inputs or plan.inputs
        if not _is_done(one.out, inputs):
            asked = one.model_dump(exclude={"label", "rows", "out", "inputs", "model"})
            responses = generate(one.model or plan.model, one.rows, one.out, **common, **asked)
            if processes.first:
                score(one.rows, responses, one.out, preset=plan.preset)
                write_json(one.out / "inputs.json", {"inputs": inputs})
        processes.wait()
    if processes.first:
        write_json(file.parent / "done.json", {"inputs": plan.inputs})


def _is_done(out: Path, inputs: str) -> bool:
    note = out / "inputs.json"
    return (
        (out / "metrics.json").exists() and note.exists() and json.loads(note.read_text())["inputs"] == inputs
    )


def main() -> int:
    return of_config(run, "reins.eval.run", __doc__)


if __name__ == "__main__":
    sys.exit(main())

"""Evaluate one checkpoint on several sets in one process: `python -m reins.eval.run --config FILE`.

The file: `{model, seed, preset, threads, inputs, sets: [{label, rows, out, samples, mode, max_new_tokens,
temperature, top_p, batch_size, with_constraints}]}`. Each set's folder gets responses, scores and metrics; what is
there for the same `inputs` is left alone. `done.json` appears last, beside the file.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .generate import generate
from .processes import Processes
from .results import write_json
from .score import score
from .verify import InputError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SetPlan(Strict):
    """One set, asked in one way; the defaults are those of `generate`."""

    label: str
    rows: str | list[str]
    out: Path
    samples: int = 2
    mode: str = "think"
    max_new_tokens: int = 256
    temperature: float = 1.0
    top_p: float = 1.0
    batch_size: int = 64
    with_constraints: bool = True


class Plan(Strict):
    """One checkpoint on its sets. `inputs` is the hash of all that goes in, `threads` are torch's."""

    model: str
    seed: int
    preset: str = "reins"
    threads: int = 1
    inputs: str
    sets: list[SetPlan]


def read_plan(file: Path) -> Plan:
    """Raises InputError naming the file, the key and what is wrong with it."""
    try:
        return Plan.model_validate(yaml.safe_load(file.read_text()))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; name an evaluation's config.yaml") from None
    except yaml.YAMLError as error:
        raise InputError(f"{file}: not YAML ({str(error).splitlines()[0]}); write a mapping") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{file}: {where}: {first['msg']}; see the keys in reins.eval.run") from None


def run(file: Path) -> None:
    """Generate and score every set that has no metrics for these inputs yet.

    Under `accelerate launch` all processes generate and the first one scores.
    """
    plan, processes = read_plan(file), Processes()
    torch.set_num_threads(plan.threads)
    for one in plan.sets:
        if not _is_done(one.out, plan.inputs):
            asked = one.model_dump(exclude={"label", "rows", "out"})
            responses = generate(plan.model, one.rows, one.out, seed=plan.seed, preset=plan.preset, **asked)
            if processes.first:
                score(one.rows, responses, one.out, preset=plan.preset)
                write_json(one.out / "inputs.json", {"inputs": plan.inputs})
        processes.wait()
    if processes.first:
        write_json(file.parent / "done.json", {"inputs": plan.inputs})


def _is_done(out: Path, inputs: str) -> bool:
    note = out / "inputs.json"
    return (
        (out / "metrics.json").exists() and note.exists() and json.loads(note.read_text())["inputs"] == inputs
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m reins.eval.run", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    try:
        run(parser.parse_args().config)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

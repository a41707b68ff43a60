"""Evaluate checkpoints on several sets in one process: `python -m reins.eval.run --config FILE`.

The file: `{model, seed, preset, engine, server, vllm, threads, world_size, inputs, parts: [{label, rows, out, samples,
mode, max_new_tokens, temperature, top_p, batch_size, with_constraints, examples, replies, prompt_states, checkpoints, origin,
inputs}]}`. Each part's folder gets responses, scores and metrics, and the states of its prompts where `prompt_states` says so; what is there for the same `inputs` is left alone. Beside the file,
`progress.json` counts parts, and `done.json` appears last.
"""

import os
import sys
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict

from .io.command import of_config, read_plan
from .io.errors import InputError
from .io.files import read_state, write_json, write_text
from .io.run_paths import DONE, INPUTS, ORIGIN, PROGRESS, at_step, saved_checkpoints
from .io.whole import changed_since
from .sample.generate import generate
from .sample.modes.names import parse_mode
from .sample.modes.prompted import Cot
from .sample.processes import Processes, take_cards
from .sample.prompt_states import write_prompt_states
from .sample.resume import RESPONSES
from .sample.settings import Sampling, Server
from .sample.vllm_arguments import VllmArguments
from .score.score import score


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(Sampling):
    """One set, asked in one way; `inputs` are the plan's where not said, the sampling is as in `generate`.

    With `checkpoints`, the plan's model is a stage's folder, and its whole checkpoints of these steps are asked
    instead; `out` then has a `*` for the step. `origin`, where said, is the hash of what the samples grow from; it is
    kept in the part's folder, for who runs this again with other inputs.
    """

    model_config = ConfigDict(strict=False)

    label: str
    rows: str | list[str]
    out: Path
    checkpoints: Literal["all"] | list[int] | None = None
    origin: str = ""
    inputs: str = ""
    mode: str = "think"
    with_constraints: bool = True
    examples: str | None = None
    replies: str | None = None
    prompt_states: bool = False


NOT_SAMPLED = ("label", "rows", "out", "prompt_states", "checkpoints", "origin", "inputs")  # of a part


class Plan(Strict):
    """A checkpoint on its sets. `inputs` is the hash of all that goes in, `threads` are torch's.

    `world_size`, where said, is the number of processes that must have been started. With engine openai, `model` is what
    the `server` calls it.
    """

    model: str
    seed: int
    preset: str = "reins"
    engine: str = "transformers"
    server: Server | None = None
    vllm: VllmArguments = VllmArguments()
    threads: int = 1
    world_size: int | None = None
    inputs: str
    parts: list[Part]


def run(file: Path) -> None:
    """Generate and score every part that has no metrics for these inputs yet.

    Under `accelerate launch` all processes generate and the first one scores.
    """
    plan, started = read_plan(file, Plan, "reins.eval.run"), int(os.environ.get("WORLD_SIZE", "1"))
    if plan.world_size not in (None, started):
        raise InputError(
            file, f"world_size: {plan.world_size}, but {started} started", "start as many, or say so"
        )
    if plan.engine == "vllm":
        take_cards()
    processes = Processes(on_cards=plan.engine != "vllm")
    torch.set_num_threads(plan.threads)
    work = _with_models(plan)
    for number, (model, part) in enumerate(work):
        if processes.first:
            write_json(file.parent / PROGRESS, {"step": number, "steps": len(work)})
        if not _is_done(part.out, part.inputs or plan.inputs):
            before = [each for each_model, each in work[:number] if each_model == model]
            _evaluate(plan, model, part, _first_replies(plan, part, before), processes.first)
        processes.wait()
    if processes.first:
        write_json(file.parent / DONE, {"inputs": plan.inputs})


def _with_models(plan: Plan) -> list[tuple[str, Part]]:
    """Every part with the model that answers it: of parts along a stage each, checkpoint by checkpoint."""
    work = [(plan.model, part) for part in plan.parts if part.checkpoints is None]
    for step, folder in saved_checkpoints(Path(plan.model)).items():
        for part in plan.parts:
            if part.checkpoints == "all" or step in (part.checkpoints or ()):
                _refuse_damaged(folder)
                work.append((str(folder), part.model_copy(update={"out": at_step(part.out, step)})))
    return work


def _refuse_damaged(checkpoint: Path) -> None:
    """Raise InputError where what is asked of a checkpoint along the way is not what was saved; its optimizer is not."""
    kinds = (".safetensors", ".json", ".jinja")
    damaged = [name for name in changed_since(checkpoint) if name.endswith(kinds) and "/" not in name]
    if damaged:
        fix = f"remove {checkpoint.parent}, and the same command trains it again"
        raise InputError(checkpoint, f"{damaged[0]} is not what was saved", fix)


def _first_replies(plan: Plan, part: Part, before: list[Part]) -> Path | None:
    """What the model has said already in mode `cot`, where a mode of two passes would have it say the same again.

    A server's replies are asked for anew: what they took is counted by file.
    """
    if parse_mode(part.mode).passes == 1 or plan.server:
        return None
    settings = {"mode": Cot.name} | {
        key: getattr(part, key) for key in ("label", "with_constraints", *Sampling.model_fields)
    }
    same = [each for each in before if all(getattr(each, key) == value for key, value in settings.items())]
    return same[0].out / RESPONSES if same else None


def _evaluate(plan: Plan, model: str, part: Part, said: Path | None, first: bool) -> None:
    if first and part.origin:
        write_text(part.out / ORIGIN, part.origin)
    common: dict[str, Any] = {"seed": plan.seed, "preset": plan.preset, "engine": plan.engine}
    common |= {"vllm": plan.vllm, "server": plan.server, "first": said}
    sampling = part.model_dump(exclude={*NOT_SAMPLED})
    ours = bool(part.origin) or (part.out / INPUTS).exists()
    responses = generate(model, part.rows, part.out, ours=ours, **common, **sampling)
    if first:
        if part.prompt_states:
            write_prompt_states(model, part.rows, part.out, mode=part.mode, preset=plan.preset)
        score(part.rows, responses, part.out, preset=plan.preset)
        write_json(part.out / INPUTS, {"inputs": part.inputs or plan.inputs})


def _is_done(out: Path, inputs: str) -> bool:
    note = read_state(out / INPUTS) or {}
    return (out / "metrics.json").exists() and note.get("inputs") == inputs


def main() -> int:
    return of_config(run, "reins.eval.run", __doc__)


if __name__ == "__main__":
    sys.exit(main())

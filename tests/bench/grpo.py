"""GRPO on the micro base: where a step's time goes, and samples/s against TRL's GRPOTrainer with plain `generate`.

    python tests/bench/grpo.py [--steps N] [--seeds K]

Both sides train the micro recipe's stage `rl` with the same arguments, prompts, seeds and rewards; they take turns in
one process on one thread. Seconds are processor time of this process and of the grader beside it, so that other work
on the machine hits both sides alike. The rewards of every step are printed: both draw from the same distribution,
not the same tokens, so the curves agree within noise.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any
from unittest import mock

import psutil
import torch
from generate import BASE, by_generate, by_slots, timed
from transformers import TrainerCallback
from trl import GRPOTrainer

from reins.data_builders import BUILDERS
from reins.data_builders.mixture import grpo_row
from reins.eval.io.jsonl import write_jsonl
from reins.eval.sample.checkpoint import Checkpoint, load_model, read_checkpoint
from reins.eval.sample.decode import Limits
from reins.eval.sample.settings import Sampling
from reins.recipes.recipe.schema import load
from reins.train import grpo
from reins.train.rollout import sample
from reins.train.stage import Stage

ROOT = Path(__file__).parents[2]
PARTS = {
    "rollout": "_generate",
    "rewards": "_calculate_rewards",
    "inputs": "_prepare_inputs",
    "step": "training_step",
}


def processor() -> float:
    """Processor seconds of this process and its children."""
    children = [child.cpu_times() for child in psutil.Process().children()]
    return time.process_time() + sum(used.user + used.system for used in children)


class Clock(TrainerCallback):
    """Seconds, by the clock `now`, spent in all and in each of `PARTS`, from the first step to the last."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now, self.spent = now, Counter[str]()

    def watch(self, trainer: Any) -> None:
        trainer.add_callback(self)
        for part, method in PARTS.items():
            setattr(trainer, method, self._timed(part, getattr(trainer, method)))

    def _timed(self, part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            begun = self.now()
            made = method(*args, **kwargs)
            self.spent[part] += self.now() - begun
            return made

        return timed

    def on_train_begin(self, *args: Any, **_: Any) -> None:
        self.begun = self.now()

    def on_train_end(self, *args: Any, **_: Any) -> None:
        self.spent["all"] = self.now() - self.begun

    def breakdown(self) -> dict[str, float]:
        """Seconds by part; they add up to all."""
        spent = self.spent
        return {
            "rollout": spent["rollout"],
            "rewards": spent["rewards"],
            "forward and backward": spent["step"] - spent["inputs"],
            "log-probs, advantages": spent["inputs"] - spent["rollout"] - spent["rewards"],
            "optimizer, log, save": spent["all"] - spent["step"],
        }


def engines(rows: list[dict[str, Any]], rl: dict[str, Any]) -> None:
    """One generation batch by the rollout, by the evaluation's refilled slots, and by `generate`."""
    checkpoint, model = read_checkpoint(BASE), load_model(BASE, "")
    samples = rl["num_generations"]
    count = rl["per_device_train_batch_size"] // samples
    limits = Limits(
        Sampling(max_new_tokens=rl["max_completion_length"], temperature=rl["temperature"]), checkpoint.stops
    )
    asked = argparse.Namespace(samples=samples, batch=count * samples)
    for turn in range(3):
        some = [row["prompt"] for row in rows[turn * count : (turn + 1) * count]]
        prompts = [
            checkpoint.tokenizer.apply_chat_template(one, add_generation_prompt=True)["input_ids"]
            for one in some
        ]
        print(f"{count * samples} completions, batch {turn + 1} of 3")
        timed("the rollout", by_rollout, model, checkpoint, prompts, samples, limits)
        timed("refilled slots", by_slots, model, prompts, samples, asked.batch, limits)
        timed("plain generate", by_generate, model, checkpoint, prompts, asked, limits)


def by_rollout(
    model: Any, checkpoint: Checkpoint, prompts: list[list[int]], samples: int, limits: Limits
) -> dict[tuple[int, int], list[int]]:
    keys = [(index, number) for index in range(len(prompts)) for number in range(samples)]
    made = sample(
        model,
        [prompts[index] for index, _ in keys],
        stops=sorted(limits.stops),
        pad=checkpoint.tokenizer.pad_token_id,
        max_new_tokens=limits.sampling.max_new_tokens,
        temperature=limits.sampling.temperature,
    )
    return dict(zip(keys, made, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    recipe = load(ROOT / "recipes/micro/ablation.yaml")
    given, rl = recipe.data["problems"], recipe.stages["rl"]
    rows = [
        grpo_row(row, "reins") for row in BUILDERS["micro.problems"](given.rows, given.seed, **given.args)
    ]
    found: dict[str, list[tuple[Clock, list[float], int]]] = {"ours": [], "TRL": []}
    with tempfile.TemporaryDirectory() as folder:
        write_jsonl(Path(folder) / "rows.jsonl", rows)
        for seed in range(asked.seeds):
            args = rl.args | {
                "max_steps": asked.steps,
                "save_strategy": "no",
                "seed": seed,
                "data_seed": seed,
            }
            found["ours"].append(train(Path(folder), args, rl.rewards))
            padded = mock.patch.object(grpo, "spend_nothing_on_padding", lambda *_: None)
            with padded, mock.patch.object(grpo, "Trainer", Plain):
                found["TRL"].append(train(Path(folder), args, rl.rewards))
    report(found, asked.steps)
    engines(rows, rl.args)


class Plain(GRPOTrainer):
    """TRL's own trainer, given what ours is given, but for the rollout and what ours overrides."""

    def __init__(self, *args: Any, rollout_func: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


def train(where: Path, args: dict[str, Any], rewards: dict[str, float]) -> tuple[Clock, list[float], int]:
    """(seconds, mean reward of each step, completions) of one stage."""
    clock, held = Clock(processor), []
    run = grpo.run

    def timed(trainer: Any, *rest: Any) -> None:
        clock.watch(trainer)
        held.append(trainer)
        run(trainer, *rest)

    with (
        tempfile.TemporaryDirectory(dir=where) as out,
        mock.patch.object(grpo, "run", timed),
    ):
        grpo.train(
            Stage(
                trainer="grpo",
                model=str(BASE),
                rows=where / "rows.jsonl",
                out=Path(out),
                rewards=rewards,
                args=args,
            )
        )
    curve = [entry["reward"] for entry in held[0].state.log_history if "reward" in entry]
    return clock, curve, args["max_steps"] * args["per_device_train_batch_size"]


def report(found: dict[str, list[tuple[Clock, list[float], int]]], steps: int) -> None:
    for side, runs in found.items():
        each = [clock.spent["all"] / steps for clock, *_ in runs]
        print(
            f"{side}: {median(each):.2f} s a step ({min(each):.2f} to {max(each):.2f}), n {len(runs)} seeds"
        )
        whole = sum(clock.spent["all"] for clock, *_ in runs)
        for part in runs[0][0].breakdown():
            spent = sum(clock.breakdown()[part] for clock, *_ in runs)
            print(f"  {part:<22} {spent / steps / len(runs):.3f} s, {spent / whole:.1%}")
    speeds = {side: [count / clock.spent["all"] for clock, _, count in runs] for side, runs in found.items()}
    ratios = [ours / theirs for ours, theirs in zip(speeds["ours"], speeds["TRL"], strict=True)]
    for side, values in speeds.items():
        print(f"{side}: {median(values):.1f} samples/s ({min(values):.1f} to {max(values):.1f})")
    print(f"ours / TRL, samples/s: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    curves = {side: [curve for _, curve, _ in runs] for side, runs in found.items()}
    for side, made in curves.items():
        print(
            f"{side}: mean reward by step "
            + " ".join(f"{mean(values):.3f}" for values in zip(*made, strict=True))
        )
    ours, theirs = (list(chain.from_iterable(curves[side])) for side in ("ours", "TRL"))
    apart = [a - b for a, b in zip(ours, theirs, strict=True)]
    error = stdev(apart) / len(apart) ** 0.5
    print(f"reward, ours - TRL: {mean(apart):+.4f}, standard error {error:.4f}, n {len(apart)} steps paired")


if __name__ == "__main__":
    main()

"""SFT on the micro base: tokens/s of a stage against a bare PyTorch loop on the same batches, and against TRL's defaults.

    python tests/bench/sft.py [--steps N] [--rounds R]

Rows and arguments are those of the micro recipe's stage `sft`; packed, it takes 4 bins of 512 tokens a step. All sides
take turns in one process on one thread, and seconds are the process's own (CPU), so that other work on the machine
hits them alike: a ratio is of two sides of one round. Counted are the seconds from the first step to the last, and
tokens that are no padding. Loading, tokenizing and saving stand outside.

The bare loop finds its batches made, reads them as TRL collates them, and must end at the stage's weights: it does the
same work. TRL's defaults differ from the stage by a batch of 8 rows for 16, activation checkpointing, which a model
of this size does not need, and bfloat16 autocast, which the stage is measured with too.
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import torch
from datasets import Dataset
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM, TrainerCallback
from transformers.optimization import get_scheduler
from trl import SFTConfig, SFTTrainer

from reins.data_builders import BUILDERS
from reins.data_builders.mixture import sft_row
from reins.eval.io.jsonl import write_jsonl
from reins.recipes.recipe.schema import load
from reins.train import sft
from reins.train.stage import Stage

ROOT = Path(__file__).parents[2]
BASE = str(ROOT / "recipes/micro/base")
PACKED = {"packing": True, "per_device_train_batch_size": 4}
PRODUCTS = ("aten::mm", "aten::bmm", "aten::addmm", "aten::addmm_")
RATIOS = [
    ("stage", "bare loop"),
    ("stage, packed", "bare loop, packed"),
    ("stage", "TRL's defaults, float32"),
    ("stage, bf16", "TRL's defaults"),
    ("stage", "TRL's defaults"),
]


class Clock(TrainerCallback):
    """Seconds of processor time between the first step and the last."""

    def on_train_begin(self, *args: Any, **_: Any) -> None:
        self.begun = time.process_time()

    def on_train_end(self, *args: Any, **_: Any) -> None:
        self.spent = time.process_time() - self.begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    recipe = load(ROOT / "recipes/micro/ablation.yaml")
    given = recipe.data["reasoning"]
    rows = BUILDERS["micro.traces"](asked.steps * 32, given.seed, **given.args)
    with tempfile.TemporaryDirectory() as folder:
        write_jsonl(Path(folder) / "rows.jsonl", [sft_row(row, "reins") for row in rows])
        args = recipe.stages["sft"].args | {"seed": 0, "data_seed": 0, "save_strategy": "no"}
        one_round(Path(folder), args | {"max_steps": 1})  # warm
        args |= {"max_steps": asked.steps}
        rounds = [one_round(Path(folder), args) for _ in range(asked.rounds)]
        explain(Path(folder), args)
    for name in rounds[0]:
        show(f"{name}, tokens/s", [speeds[name] for speeds in rounds])
    for ours, other in RATIOS:
        show(f"{ours} / {other}", [speeds[ours] / speeds[other] for speeds in rounds])


def explain(where: Path, args: dict[str, Any]) -> None:
    """How much of a batch is padding, and which operators take a stage's time."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        _, trainer = stage(where, args)
    masks = [batch["attention_mask"].flatten() for batch in trainer.get_train_dataloader()]
    print(f"{torch.cat(masks).float().mean():.2f} of a batch is no padding")
    spent: Counter[str] = Counter()
    for event in seen.key_averages():
        product, attends = event.key in PRODUCTS, "scaled_dot_product" in event.key
        kind = "matrix products" if product else "attention" if attends else "the rest"
        spent[kind] += event.self_cpu_time_total
    shares = ", ".join(f"{kind} {part / spent.total():.0%}" for kind, part in spent.most_common())
    print(f"operators of a stage: {shares}")


def show(what: str, values: list[float]) -> None:
    digits = 2 if max(values) < 100 else 0
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    print(f"{what}: {middle} ({low} to {high}), n {len(values)}")


def one_round(where: Path, args: dict[str, Any]) -> dict[str, float]:
    """tokens/s of every side."""
    speeds: dict[str, float] = defaultdict(float)
    for name, given in (("", {}), (", packed", PACKED)):
        speeds[f"stage{name}"], trainer = stage(where, args | given)
        speeds[f"bare loop{name}"] = bare_loop(trainer)
    speeds["stage, bf16"], _ = stage(where, args | {"bf16": True})
    speeds["TRL's defaults"] = trl_defaults(where, args["max_steps"])
    speeds["TRL's defaults, float32"] = trl_defaults(where, args["max_steps"], bf16=False)
    return speeds


def stage(where: Path, args: dict[str, Any]) -> tuple[float, SFTTrainer]:
    """tokens/s of a stage as `reins` trains it, and its trainer."""
    clock, run, held = Clock(), sft.run, []

    def timed(trainer: Any, *rest: Any) -> None:
        trainer.add_callback(clock)
        held.append(trainer)
        run(trainer, *rest)

    with tempfile.TemporaryDirectory(dir=where) as out, mock.patch.object(sft, "run", timed):
        sft.train(Stage(trainer="sft", model=BASE, rows=where / "rows.jsonl", out=Path(out), args=args))
    return held[0].counts["train_tokens"] / clock.spent, held[0]


def bare_loop(trainer: SFTTrainer) -> float:
    """tokens/s of the same steps on the same batches by PyTorch alone."""
    args, steps = trainer.args, trainer.args.max_steps
    batches = [batch for batch, _ in zip(trainer.get_train_dataloader(), range(steps), strict=False)]
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=0.0, fused=True)
    schedule = get_scheduler(args.lr_scheduler_type, optimizer, args.get_warmup_steps(steps), steps)
    begun, tokens = time.process_time(), 0
    for batch in batches:
        labels = batch.pop("labels")
        logits = model(**batch, use_cache=False).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), args.max_grad_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        tokens += int(batch["attention_mask"].sum()) if "attention_mask" in batch else labels.numel()
    spent = time.process_time() - begun
    for name, weight in trainer.model.named_parameters():
        torch.testing.assert_close(model.get_parameter(name), weight, rtol=1e-3, atol=1e-4)
    return tokens / spent


def trl_defaults(where: Path, steps: int, **given: Any) -> float:
    """tokens/s of TRL's trainer on the same rows, told only where to write, how long, and that there is no GPU."""
    clock, rows = Clock(), Dataset.from_json(str(where / "rows.jsonl"))
    with tempfile.TemporaryDirectory(dir=where) as out:
        none = {"use_cpu": True, "save_strategy": "no", "report_to": "none", "disable_tqdm": True}
        trainer = SFTTrainer(BASE, SFTConfig(out, max_steps=steps, **none, **given), train_dataset=rows)
        trainer.add_callback(clock)
        trainer.train()
    return trainer._total_train_tokens / clock.spent


if __name__ == "__main__":
    main()

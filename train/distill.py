"""On-policy distillation of one stage, by TRL's DistillationTrainer: the student answers, the teacher says how it would.

accelerate launch --config_file recipes/accelerate/cpu.yaml -m reins.train.distill --config runs/…/stages/distill-s0/config.yaml

Rows are prompts. At every token of a completion that the student has drawn, its distribution moves towards the one that the
`teacher` has there, by a divergence that `beta` chooses (TRL's default 1: reverse KL; Agarwal et al. 2024, section 3). With
the base that a model comes of as teacher this is self-distillation. Rollouts and padding are as in `grpo`.
"""

import sys
from collections.abc import Iterator
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from trl import DistillationConfig, DistillationTrainer

from ..eval.io.errors import InputError
from ..eval.io.templates import asked, prompt_facts
from ..eval.weights.check import check_weights
from .config import check_ids, configure, load_rows, load_tokenizer, refusing
from .loop import run
from .lora import lora_config
from .rolling_out import RollingOut, stop_at_turn_end
from .rollout import completions, is_plain, scored_together
from .stage import Stage, main

Sums = tuple[Tensor, Tensor, Tensor]


class Trainer(RollingOut, DistillationTrainer):
    """TRL's trainer, which counts what it learns from and spends nothing on padding."""

    def _generate_single_turn(
        self, prompt_ids: list[list[int]], *args: Any, **kwargs: Any
    ) -> list[list[int]]:
        if is_plain(self.args):
            return completions(self, prompt_ids)
        return super()._generate_single_turn(prompt_ids, *args, **kwargs)

    def _compute_loss(self, student: Any, inputs: dict[str, Any], tokens: Any) -> Sums:
        """TRL's loss, summed entropy and number of tokens; each is a sum over `tokens`, so slices add up to it."""
        parts = [super(Trainer, self)._compute_loss(student, part, tokens) for part in _slices(inputs)]
        loss, entropy, count = (torch.stack(values).sum() for values in zip(*parts, strict=True))
        return loss, entropy, count


def _slices(inputs: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """The batch, a few completions of like length at a time, without their common padding."""
    lengths = inputs["completion_mask"].sum(1)
    for rows in lengths.argsort(stable=True).split(scored_together(lengths.device, len(lengths))):
        width, last = int(inputs["prompt_mask"][rows].sum(1).max()), int(lengths[rows].max())
        yield {
            **{key: inputs[key][rows, -width:] for key in ("prompt_ids", "prompt_mask")},
            **{key: inputs[key][rows, :last] for key in ("completion_ids", "completion_mask")},
        }


def train(stage: Stage) -> None:
    """Train the stage, from its last whole checkpoint if it has one.

    Raises InputError without a teacher, on one of another vocabulary, and on fewer prompts than an update takes.
    """
    if stage.teacher is None:
        raise InputError(f"{stage.out}/config.yaml", "teacher: none given", "name a model, as the base")
    check_weights(stage.teacher)
    tokenizer, rows = load_tokenizer(stage), load_rows(stage, "prompt")
    args = configure(stage, DistillationConfig)
    stop_at_turn_end(args, tokenizer, stage.args)
    texts = [asked(tokenizer, row["prompt"], **(args.chat_template_kwargs or {})) for row in rows]
    update = args.per_device_train_batch_size * args.world_size * args.gradient_accumulation_steps
    if len(texts) < update:
        raise InputError(stage.rows, f"{len(texts)} rows, but an update takes {update} prompts", "add rows")
    check_ids(stage, tokenizer, tokenizer(texts, add_special_tokens=False)["input_ids"])
    with refusing(stage):
        trainer = Trainer(
            model=stage.model,
            teacher_model=stage.teacher,
            args=args,
            train_dataset=Dataset.from_list([{"prompt": row["prompt"]} for row in rows]),
            processing_class=tokenizer,
            peft_config=lora_config(stage.lora),
        )
    facts = prompt_facts(tokenizer, rows[0]["prompt"], **(args.chat_template_kwargs or {}))
    run(trainer, stage, {"rows": len(rows), "cut_rows": 0}, facts)


if __name__ == "__main__":
    sys.exit(main("distill", train))

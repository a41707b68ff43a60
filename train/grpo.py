"""Reinforcement learning of one stage, by TRL's GRPOTrainer.

accelerate launch --config_file recipes/accelerate/cpu.yaml -m reins.train.grpo --config runs/…/stages/rl-s0/config.yaml

Rows are a prompt and what the rewards read: `solution`, `constraint_name`, `constraint_args` (JSON). Two things are
done otherwise than in TRL, for speed alone: completions that have ended leave the batch (`rollout`; with `use_vllm` or
`use_transformers_continuous_batching` in `args` rollouts are TRL's own), and log-probabilities are computed without
the padding that a long completion brings to short ones.
"""

import sys
from collections.abc import Sequence
from typing import Any, cast

import torch
from accelerate import PartialState
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedTokenizerBase
from trl import GRPOConfig, GRPOTrainer

from ..eval.io.errors import InputError
from ..eval.io.templates import asked, prompt_facts
from ..eval.io.tokenizers import spoken
from ..eval.verify.answers import Grader
from ..eval.verify.thought_formats import THINK, format_of_template
from .config import Row, check_ids, configure, load_rows, load_tokenizer, refusing
from .loop import run
from .lora import lora_config
from .reward_selftest import sentinel
from .rewards import NAMES, Rewards, applies
from .rolling_out import RollingOut, stop_at_turn_end
from .rollout import is_plain, rollout, scored_together
from .stage import Stage, main
from .unpadded import spend_nothing_on_padding

COLUMNS = ("prompt", "solution", "constraint_name", "constraint_args")


class Trainer(RollingOut, GRPOTrainer):
    """TRL's trainer, which counts what it learns from and spends nothing on padding."""

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, ids: list[list[int]]) -> Tensor:
        """TRL's, over completions as evaluation reads them: TRL's own texts lack what a tokenizer's `response_template`
        takes out of them, as thoughts, and tags that are special tokens.

        Logs the share of groups whose completions no reward tells apart, however the rewards are added up.
        """
        texts = [spoken(self.processing_class, tokens, self.eos_token_ids) for tokens in ids]
        said = [[{"role": "assistant", "content": text}] for text in texts]
        rewards = super()._calculate_rewards(inputs, prompts, said, ids)
        equal = told_alike(rewards, cast(int, self.num_generations))
        self._metrics["train"]["zero_variance_groups"].append(equal.float().mean().item())
        return rewards

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        *_: Any,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """TRL's values, [rows, logits_to_keep], in slices of like length, each without its common padding."""
        border = input_ids.shape[1] - logits_to_keep
        logps = torch.zeros(len(input_ids), logits_to_keep, device=input_ids.device)
        entropies, extra = torch.zeros_like(logps), []
        batch = kwargs.pop("batch_size", None) or len(input_ids)
        together = scored_together(input_ids.device, batch)
        for rows in attention_mask[:, border:].sum(1).argsort(stable=True).split(together):
            used = attention_mask[rows].any(0).nonzero()[:, 0]
            first, last = int(used[0]), max(int(used[-1]) + 1, border + 1)
            part, entropy, aux = super()._get_per_token_logps_and_entropies(
                model, input_ids[rows, first:last], attention_mask[rows, first:last], last - border, **kwargs
            )
            logps[rows, : last - border] = part
            if entropy is not None:
                entropies[rows, : last - border] = entropy
            extra.append(aux)
        return logps, entropies, None if extra[0] is None else torch.stack(extra).mean()


def told_alike(rewards: Tensor, group: int) -> Tensor:
    """Of each group whether its completions have equal rewards, [groups]; NaN, none, is a value of its own.

    A completion without any takes no part, as in TRL's advantages.
    """
    paid = ~rewards.isnan().all(1, keepdim=True)
    values = torch.nan_to_num(rewards, nan=-1.0)
    lowest, highest = (
        torch.where(paid, values, other).view(-1, group, values.shape[1]) for other in (torch.inf, -torch.inf)
    )
    return (lowest.amin(1) >= highest.amax(1)).all(1)


def check_rewards(stage: Stage, rows: Sequence[Row]) -> None:
    """Raise InputError on no rewards, an unknown one, or a row that none of them can judge."""
    if not stage.rewards:
        raise InputError(f"{stage.out}/config.yaml", "rewards: none given", f"choose from {', '.join(NAMES)}")
    for name in stage.rewards:
        if name not in NAMES:
            raise InputError(
                f"{stage.out}/config.yaml", f"rewards.{name}: no such reward", f"known: {', '.join(NAMES)}"
            )
        if not any(applies(name, row) for row in rows):
            raise InputError(
                stage.rows, f"no row that reward {name!r} applies to", "take it out, or mix such rows in"
            )
    for number, row in enumerate(rows, 1):
        if not any(applies(name, row) for name in stage.rewards):
            raise InputError(
                f"{stage.rows}:{number}",
                f"no reward of {', '.join(stage.rewards)} applies to this row",
                "leave such rows out, or add a reward for them",
            )


def _check_prompts(
    stage: Stage, args: GRPOConfig, tokenizer: PreTrainedTokenizerBase, texts: list[str]
) -> None:
    """Raise InputError on too few prompts for a generation batch, and on tokens that the model does not embed."""
    batch = cast(int, args.generation_batch_size) // cast(int, args.num_generations)
    if len(texts) < batch:
        raise InputError(
            stage.rows, f"{len(texts)} rows, but a generation batch takes {batch} prompts", "add rows"
        )
    check_ids(stage, tokenizer, tokenizer(texts, add_special_tokens=False)["input_ids"])


def train(stage: Stage) -> None:
    """Train the stage, from its last whole checkpoint if it has one."""
    tokenizer, rows = load_tokenizer(stage), load_rows(stage, "prompt")
    args = configure(
        stage, GRPOConfig
    )  # later: from here on ZeRO-3 makes every model in parts, even to look at it
    check_rewards(stage, rows)
    options = stage.args.get("chat_template_kwargs") or {}
    prompts = [asked(tokenizer, row["prompt"], **options) for row in rows]
    _check_prompts(stage, args, tokenizer, prompts)
    form = format_of_template(str(tokenizer.chat_template), prompts[0])
    args.reward_weights = list(stage.rewards.values())
    stop_at_turn_end(args, tokenizer, stage.args)
    with Grader(workers=1) as grader:
        prefilled = form is not None and form.is_open(prompts[0])
        rewards = Rewards(
            tokenizer,
            grader,
            seed=args.seed,
            group=args.num_generations,
            prefilled=prefilled,
            form=form,
            preset=stage.preset,
            rank=PartialState().process_index,
        )
        functions = rewards.functions(stage.rewards)
        trainer = _trainer(stage, args, tokenizer, rows, functions)
        rewards.stops = trainer.eos_token_ids
        facts = prompt_facts(tokenizer, rows[0]["prompt"], **options)
        known_replies = sentinel(functions, form or THINK, prefilled, stage.preset)
        run(trainer, stage, {"rows": len(rows), "cut_rows": 0}, facts, known_replies)


def _trainer(
    stage: Stage,
    args: GRPOConfig,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Row],
    functions: list[Any],
) -> Trainer:
    with refusing(stage):
        trainer = Trainer(
            model=stage.model,
            reward_funcs=functions,
            args=args,
            train_dataset=Dataset.from_list([{key: row.get(key) for key in COLUMNS} for row in rows]),
            processing_class=tokenizer,
            peft_config=lora_config(stage.lora),
            rollout_func=rollout if is_plain(args) else None,
        )
    if args.device.type == "cpu" and not trainer.aux_loss_enabled:
        spend_nothing_on_padding(trainer.model, args.temperature)
    return trainer


if __name__ == "__main__":
    sys.exit(main("grpo", train))

"""Supervised fine-tuning of one stage, by TRL's SFTTrainer.

accelerate launch --config_file recipes/accelerate/cpu.yaml -m reins.train.sft --config runs/…/stages/sft-s0/config.yaml

Rows are prompt and completion messages; the loss falls on the completion, its end token included. They are tokenized
here, in one pass, and not by TRL, so that what `max_length` cuts is counted before training.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer

from ..eval.io.errors import InputError
from ..eval.io.templates import prompt_facts
from .config import Row, check_ids, configure, load_rows, load_tokenizer, refusing
from .loop import Counted, run
from .lora import lora_config
from .stage import Stage, main
from .unpadded import IGNORED, spend_nothing_on_padding


class Trainer(Counted, SFTTrainer):
    """TRL's trainer, which counts what it learns from."""

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        learned = inputs["labels"][:, 1:] != IGNORED
        self.count(learned, inputs.get("attention_mask", torch.ones_like(inputs["input_ids"])))
        return super().compute_loss(model, inputs, *args, **kwargs)


def tokenize(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Columns `input_ids` and `labels` (IGNORED on the prompt), whole: nothing is cut yet.

    Raises InputError where the template drops a part of the completion, goes on to it from a prompt that it never asks by
    (some open a thought when they ask, which the reply does not have), or its end token is not learned.
    """
    dataset = Dataset.from_list([{"prompt": row["prompt"], "completion": row["completion"]} for row in rows])
    options = {"batched": True, "batch_size": 256, "remove_columns": dataset.column_names}
    return dataset.map(lambda batch: _tokens(batch, tokenizer), **options)


def _tokens(batch: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[list[int]]]:
    pairs = list(zip(batch["prompt"], batch["completion"], strict=True))
    whole = tokenizer.apply_chat_template([prompt + answer for prompt, answer in pairs], tokenize=False)
    prompts = tokenizer.apply_chat_template(
        [prompt for prompt, _ in pairs], tokenize=False, add_generation_prompt=True
    )
    for (turns, answer), text, prompt in zip(pairs, whole, prompts, strict=True):
        if answer[-1]["content"].strip() not in text:
            raise InputError(
                "chat template", "drops a part of the completion (its reasoning?)", "use one that keeps it"
            )
        if not text.startswith(prompt) and _is_never_asked(tokenizer, turns, text):
            what = f"a row goes on otherwise than it is asked, by {prompt[-30:]!r}"
            fix = "use one that renders both alike, or replies that begin as the prompt does"
            raise InputError("chat template", what, fix)
    ids = tokenizer(whole, add_special_tokens=False)["input_ids"]
    before = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    labels = [_labels(row, prompt) for row, prompt in zip(ids, before, strict=True)]
    if not all(tokenizer.eos_token_id in learned for learned in labels):
        raise InputError(
            "chat template", f"does not end a turn with {tokenizer.eos_token!r}", "set args.eos_token"
        )
    return {"input_ids": ids, "labels": labels}


def _is_never_asked(tokenizer: PreTrainedTokenizerBase, prompt: list[dict[str, str]], whole: str) -> bool:
    from .contexts import context_of  # with it the verifiers, which a stage needs only here

    return context_of(tokenizer, prompt, whole) == "never asked"


def _labels(ids: list[int], prompt: list[int]) -> list[int]:
    """The completion starts where the row leaves the prompt; tokens may merge across the border."""
    shared = next(
        (i for i, (a, b) in enumerate(zip(ids, prompt, strict=False)) if a != b), min(len(ids), len(prompt))
    )
    return [IGNORED] * shared + ids[shared:]


def _is_said(reply: Any) -> bool:
    return isinstance(reply, str) and bool(reply.strip())


def _unlearned(stage: Stage, tokens: Dataset, args: SFTConfig) -> int:
    """Rows whose prompt fills `max_length`: TRL drops them unsaid, or packs them and learns nothing from them.

    Raises InputError where that is all of them.
    """
    limit = args.max_length
    kept = (
        slice(-limit, None)
        if limit and args.truncation_mode == "keep_end" and not args.packing
        else slice(limit)
    )
    count = sum(all(label == IGNORED for label in labels[kept]) for labels in tokens["labels"])
    if count == len(tokens):
        raise InputError(stage.rows, f"within max_length {limit} no row has a token to learn", "raise it")
    print(f"{count} of {len(tokens)} rows have no token to learn within it", flush=True)
    return count


def train(stage: Stage) -> None:
    """Train the stage, from its last whole checkpoint if it has one."""
    train_from(stage, lambda stage: stage.model)


def train_from(stage: Stage, opened: Callable[[Stage], Any]) -> None:
    """Train what `opened` gives, a model or its name, on the rows of the stage.

    Packing is by TRL's "bfd": it never splits a row, and without an attention mask transformers makes one from the
    positions, which start over with each row, so rows do not see each other under any attention implementation.
    """
    tokenizer, rows = load_tokenizer(stage), load_rows(stage, "prompt", "completion")
    args = configure(
        stage, SFTConfig
    )  # later: from here on ZeRO-3 makes every model in parts, even to look at it
    replies = (row["completion"][-1]["content"] for row in rows)
    blank = next((n for n, reply in enumerate(replies, 1) if not _is_said(reply)), 0)
    if blank:
        raise InputError(f"{stage.rows}:{blank}", "a blank completion", "leave such rows out")
    tokens = tokenize(rows, tokenizer)
    check_ids(stage, tokenizer, tokens["input_ids"])
    cut = sum(len(ids) > args.max_length for ids in tokens["input_ids"]) if args.max_length else 0
    print(f"{cut} of {len(tokens)} rows are longer than max_length {args.max_length} and cut", flush=True)
    unlearned = _unlearned(stage, tokens, args)
    with refusing(stage):
        trainer = Trainer(
            model=opened(stage),
            args=args,
            train_dataset=tokens,
            processing_class=tokenizer,
            peft_config=lora_config(stage.lora),
        )
    if args.label_smoothing_factor and trainer.aux_loss_enabled:
        what = "TRL leaves out the loss that balances the experts where labels are smoothed"
        raise InputError(f"{stage.out}/config.yaml", f"args.label_smoothing_factor: {what}", "take it out")
    if args.device.type == "cpu" and not trainer.aux_loss_enabled:
        spend_nothing_on_padding(trainer.model)
    opening = {"rows": len(tokens), "cut_rows": cut, "unlearned_rows": unlearned}
    run(trainer, stage, opening, prompt_facts(tokenizer, rows[0]["prompt"]))


if __name__ == "__main__":
    sys.exit(main("sft", train))

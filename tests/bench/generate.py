"""Refilled slots against plain `generate` in data-set order, at the same batch, on one thread.

    python tests/bench/generate.py [MODEL …] [--rows N] [--samples K] [--batch N]

Models: the micro base where none is named; rows: the micro world's test composites. Seconds are the process's own
(CPU), so that a busy machine does not change them. Prints samples/s and tokens/s of both, the spread of reply
lengths, how many greedy replies are equal token for token, what the order of the prompts and one prefill for all samples
of a row save, and what twice the samples cost.
"""

import argparse
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reins.data_builders import BUILDERS
from reins.eval.sample.checkpoint import Checkpoint, load_model, read_checkpoint
from reins.eval.sample.decode import Limits, Sample, decode
from reins.eval.sample.sampler import sample_seed
from reins.eval.sample.settings import Sampling

BASE = Path(__file__).parents[2] / "recipes/micro/base"
VARIANTS: dict[str, dict[str, Any]] = {
    "slots in data-set order": {"order": lambda prompt: 0},
    "slots, longest prompts first": {"order": lambda prompt: -len(prompt)},
    "slots, each sample's prompt read anew": {"share": False},
}
Replies = dict[tuple[int, int], list[int]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=[str(BASE)])
    parser.add_argument("--rows", type=int, default=150)
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--max-new-tokens", type=int, default=256)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = list(BUILDERS["micro.composites"](asked.rows, 15, split="test", pool="test"))
    for name in asked.models:
        checkpoint, model = read_checkpoint(name), load_model(name, "")
        prompts = [checkpoint.prompt(row, preset="reins", with_constraints=True).tokens for row in rows]
        print(f"{name}: {len(rows)} rows x {asked.samples}, batch {asked.batch}")
        compare(model, checkpoint, prompts, asked)


def compare(model: Any, checkpoint: Checkpoint, prompts: list[list[int]], asked: argparse.Namespace) -> None:
    by_slots(
        model, prompts[:20], 1, asked.batch, Limits(Sampling(max_new_tokens=8), checkpoint.stops)
    )  # warm
    for temperature in (1.0, 0.0):
        limits = Limits(
            Sampling(max_new_tokens=asked.max_new_tokens, temperature=temperature), checkpoint.stops
        )
        print(f" temperature {temperature}")
        slow, plain = timed("plain generate", by_generate, model, checkpoint, prompts, asked, limits)
        fast, ours = timed("refilled slots", by_slots, model, prompts, asked.samples, asked.batch, limits)
        print(f"  {slow / fast:.2f} times the samples/s")
    print(f"  {sum(ours[key] == plain[key] for key in plain)} of {len(plain)} greedy replies equal")
    for what, others in VARIANTS.items():
        slow, _ = timed(what, by_slots, model, prompts, asked.samples, asked.batch, limits, **others)
        print(f"  {slow / fast:.2f} times the seconds of refilled slots")
    limits = Limits(Sampling(max_new_tokens=asked.max_new_tokens), checkpoint.stops)
    once, _ = timed("the samples once", by_slots, model, prompts, asked.samples, asked.batch, limits)
    twice, _ = timed("the samples twice", by_slots, model, prompts, 2 * asked.samples, asked.batch, limits)
    print(f"  twice the samples: {twice / once:.2f} times the seconds")


def timed(what: str, make: Callable[..., Replies], *args: Any, **others: Any) -> tuple[float, Replies]:
    begun = time.process_time()
    replies = make(*args, **others)
    spent = time.process_time() - begun
    lengths = [len(tokens) for tokens in replies.values()]
    spread = ", ".join(f"{length:.0f}" for length in np.percentile(lengths, [5, 50, 95, 100]))
    print(
        f"  {what}: {spent:.1f} s, {len(replies) / spent:.1f} samples/s, {sum(lengths) / spent:.0f} tokens/s; "
        f"tokens at 5, 50, 95, 100 %: {spread}"
    )
    return spent, replies


def by_slots(
    model: Any,
    prompts: list[list[int]],
    samples: int,
    batch: int,
    limits: Limits,
    *,
    order: Callable[[list[int]], int] = len,
    share: bool = True,
) -> Replies:
    """Samples of a row share one list, and so one prefill, unless each is given its own."""
    work = [
        Sample(
            (index, number),
            prompts[index] if share else list(prompts[index]),
            sample_seed(0, str(index), number),
        )
        for index in sorted(range(len(prompts)), key=lambda index: order(prompts[index]))
        for number in range(samples)
    ]
    return {sample.key: sample.tokens for sample in decode(model, deque(work), batch, limits)}


@torch.inference_mode()
def by_generate(
    model: Any, checkpoint: Checkpoint, prompts: list[list[int]], asked: argparse.Namespace, limits: Limits
) -> Replies:
    """Left-padded batches in data-set order, each as long as its longest reply."""
    sampling = {"do_sample": True, "temperature": limits.sampling.temperature, "top_k": 0, "top_p": 1.0}
    keys = [(index, number) for index in range(len(prompts)) for number in range(asked.samples)]
    replies = {}
    for start in range(0, len(keys), asked.batch):
        chosen = keys[start : start + asked.batch]
        batch = checkpoint.tokenizer.pad(
            {"input_ids": [prompts[index] for index, _ in chosen]}, padding_side="left", return_tensors="pt"
        )
        made = model.generate(
            **batch,
            max_new_tokens=limits.sampling.max_new_tokens,
            eos_token_id=sorted(limits.stops),
            pad_token_id=checkpoint.tokenizer.pad_token_id,
            **(sampling if limits.sampling.temperature else {"do_sample": False}),
        )
        for key, tokens in zip(chosen, made[:, batch["input_ids"].shape[1] :].tolist(), strict=True):
            end = next((n + 1 for n, token in enumerate(tokens) if token in limits.stops), len(tokens))
            replies[key] = tokens[:end]
    return replies


if __name__ == "__main__":
    main()

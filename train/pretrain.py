"""Makes a small base model from nothing: a byte-level BPE, a Llama of a few million parameters, one pass of text.

Muon on the hidden matrices, AdamW on embeddings and norms, loss on completions only, batches of near-equal length.
This is not a pre-training framework: it exists because no weights can be downloaded where the micro ablation must
run. Everything trained *from* the base goes through TRL (`sft`, `grpo`).
"""

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

IGNORED = -100


class Pretraining(BaseModel):
    """Shape and schedule of a base; every key is written in its recipe."""

    model_config = ConfigDict(extra="forbid")

    vocab: int
    hidden: int
    layers: int
    heads: int
    feedforward: int
    max_positions: int
    batch_tokens: int
    muon_lr: float
    adam_lr: float
    decay_share: float
    seed: int
    threads: int


class Example(NamedTuple):
    ids: list[int]
    prompt_tokens: int


def train_tokenizer(texts: Iterator[str], vocab: int, template: str) -> PreTrainedTokenizerFast:
    """Byte-level BPE with single digits and ChatML marks; pad and end of turn are different tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=marks, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(texts, trainer)
    spec = json.loads(tokenizer.to_str())
    for mark in spec["added_tokens"]:  # decoding without special tokens must keep the reasoning tags
        mark["special"] = mark["content"] not in ("<think>", "</think>")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(spec)),
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
    )
    fast.chat_template = template
    return fast


def encode(tokenizer: PreTrainedTokenizerFast, prompt: str, response: str) -> Example:
    """Token ids of one turn pair as the chat template renders it, and how many of them are prompt."""
    turns = [{"role": "user", "content": prompt}]
    head = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    prompt_ids = tokenizer(head)["input_ids"]
    return Example(prompt_ids + tokenizer(response + tokenizer.eos_token)["input_ids"], len(prompt_ids))


def batches(examples: Sequence[Example], tokens: int, rng: random.Random) -> list[list[Example]]:
    """Batches of at most `tokens` padded tokens, each of near-equal length, in random order."""
    ordered = sorted(examples, key=lambda example: (len(example.ids), rng.random()))
    groups: list[list[Example]] = [[]]
    for example in ordered:
        if len(example.ids) * (len(groups[-1]) + 1) > tokens:
            groups.append([])
        groups[-1].append(example)
    rng.shuffle(groups)
    return groups


def _padded(batch: list[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    # Padding stands on the right of a causal model, so no mask is needed: no real token ever sees it.
    width = max(len(example.ids) for example in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    labels = torch.full((len(batch), width), IGNORED)
    for line, example in enumerate(batch):
        ids[line, : len(example.ids)] = torch.tensor(example.ids)
        labels[line, example.prompt_tokens : len(example.ids)] = torch.tensor(
            example.ids[example.prompt_tokens :]
        )
    return ids, labels


def _model(config: Pretraining, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.feedforward,
            max_position_embeddings=config.max_positions,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=True
    )
    return model


def _optimizers(model: LlamaForCausalLM, config: Pretraining) -> list[torch.optim.Optimizer]:
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(hidden, lr=config.muon_lr, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(rest, lr=config.adam_lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def _schedule(step: int, steps: int, decay_share: float) -> float:
    """Warm-up over 50 steps, flat, then linear to zero over the last `decay_share`."""
    return min(1.0, (step + 1) / 50, (steps - step) / (steps * decay_share))


def pretrain(pairs: Sequence[tuple[str, str]], config: Pretraining, template: str, out: Path) -> None:
    """Trains one base on (prompt, response) pairs, once through, and saves it self-contained in `out`.

    Deterministic on CPU for a given `threads`. Writes safetensors, tokenizer, template and `training.jsonl`
    (step, tokens, loss).
    """
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    rng = random.Random(config.seed)
    sampled = rng.sample(range(len(pairs)), min(len(pairs), 20_000))
    tokenizer = train_tokenizer(("\n".join(pairs[i]) for i in sampled), config.vocab, template)
    examples = [encode(tokenizer, *pair) for pair in pairs]
    groups = batches(examples, config.batch_tokens, rng)
    model = _model(config, tokenizer)
    optimizers = _optimizers(model, config)
    peaks = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
    print(
        f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(groups)} steps, "
        f"{sum(len(e.ids) for e in examples):,} tokens",
        file=sys.stderr,
    )
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with open(out / "training.jsonl", "w") as log:
        for step, batch in enumerate(groups):
            ids, labels = _padded(batch)
            with torch.autocast("cpu", torch.bfloat16):  # half again as fast; the weights stay float32
                loss = model(input_ids=ids, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer, peak in zip(optimizers, peaks, strict=True):
                optimizer.param_groups[0]["lr"] = peak * _schedule(step, len(groups), config.decay_share)
                optimizer.step()
                optimizer.zero_grad()
            if step % 50 == 0 or step == len(groups) - 1:
                log.write(json.dumps({"step": step, "loss": round(loss.item(), 5)}) + "\n")
                left = (time.monotonic() - started) / (step + 1) * (len(groups) - step - 1)
                print(
                    f"step {step}/{len(groups)} loss {loss.item():.3f} · {left / 60:.1f} min left",
                    file=sys.stderr,
                )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)

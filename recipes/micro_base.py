"""Makes the micro base from nothing: `python -m reins.recipes.micro_base recipes/micro/base.yaml --out DIR`.

Draws the corpus of the micro world from the recipe's seed, trains a tokenizer on it, and lets a `pretrain` stage train
one pass over it; what that stage is made of is beside DIR, in DIR.making. Deterministic on CPU; not part of an
ablation, which starts from the base that is committed, or makes others in its shape by `pretrain` stages of its own.
"""

import argparse
import hashlib
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ..data_builders.micro import corpus
from ..data_builders.mixture import sft_row
from ..eval.io.files import model_files, write_text
from ..eval.io.jsonl import write_jsonl
from ..eval.io.run_paths import CONFIG
from ..eval.verify import TYPES, Row, render
from ..train.pretrain import train
from ..train.stage import start

TEMPLATE = Path(__file__).parent / "templates" / "chatml.jinja"

CARD = """---
license: apache-2.0
library_name: transformers
tags: [reins, micro]
---
# The micro base

A chat model of about a million parameters that knows one small world: arithmetic stories of one to six steps, short
writing tasks, and twelve kinds of verifiable constraint on either. Made by `reins` from nothing, so that a whole
ablation runs where no weights can be downloaded. It is an instrument; it knows no English beyond its world, and its
figures say nothing about large models.

Made by `make base` from `recipes/micro/base.yaml` (the seed is there; the same bytes on the same CPU, code and versions).
What it scores, and how that was measured, is in `recipes/micro/README.md`.

{rows:,} examples, once through (sha256 of the first {opening:,}: `{sha256}`); answers to
stories carry a `<think>` thought in {think_share:.0%} of cases. On plain problems {long_share:.0%} of the thoughts are a teacher's long
ones and {teacher_share:.0%} of the answers in a teacher's words; under constraints none.
How often each constraint type was seen, uneven on purpose:

| constraint type | category | scope | weight | examples |
|---|---|---|---|---|
{types}
"""


OPENING = 2_000  # rows
SAMPLED = 20_000  # rows that the tokenizer is trained on
MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]


def corpus_hash(pairs: Iterable[tuple[str, str]]) -> str:
    """sha256 of the first examples: while it stands, today's code draws the corpus that the base was trained on."""
    drawn = hashlib.sha256()
    for prompt, response in islice(pairs, OPENING):
        drawn.update(f"{prompt}\0{response}\0".encode())
    return drawn.hexdigest()


def card(recipe: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """The model card: what the base was trained on, by constraint type."""
    seen = Counter(constraint.id for row in rows for constraint in row.constraints)
    lines = [
        f"| `{name}` | {TYPES[name].category} | {TYPES[name].scope} | {weight:g} | {seen[name]:,} |"
        for name, weight in recipe["corpus"]["weights"].items()
    ]
    sha256 = corpus_hash((render(row), row.response or "") for row in rows)
    return CARD.format(**recipe["corpus"], types="\n".join(lines), opening=OPENING, sha256=sha256)


def train_tokenizer(texts: Iterable[str], vocab: int, template: str) -> PreTrainedTokenizerFast:
    """Byte-level BPE with single digits and ChatML marks; pad and end of turn are different tokens."""
    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocab, special_tokens=MARKS, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(texts, trainer)
    spec = json.loads(tokenizer.to_str())
    for mark in spec["added_tokens"]:  # decoding without special tokens must keep the reasoning tags
        mark["special"] = mark["content"] not in ("<think>", "</think>")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(spec)), pad_token=MARKS[0], eos_token=MARKS[2]
    )
    fast.chat_template = template
    return fast


def make_blank(rows: Sequence[Row], recipe: Mapping[str, Any], folder: Path) -> None:
    """A model of random weights in the recipe's architecture, with a tokenizer trained on some of the rows."""
    sampled = random.Random(recipe["tokenizer"]["seed"]).sample(range(len(rows)), min(len(rows), SAMPLED))
    texts = (f"{render(rows[i])}\n{rows[i].response}" for i in sampled)
    tokenizer = train_tokenizer(texts, recipe["tokenizer"]["vocab"], TEMPLATE.read_text())
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = LlamaConfig(vocab_size=len(tokenizer), bos_token_id=None, **ends, **recipe["architecture"])
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(**ends, do_sample=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_base(recipe: Mapping[str, Any], out: Path) -> None:
    """Make the base and its card in `out`, from what is left beside it in `out`.making; a stop loses nothing saved."""
    making = out.with_name(f"{out.name}.making")
    rows = list(corpus(**recipe["corpus"]))
    write_jsonl(making / "rows.jsonl", (sft_row(row, "reins") for row in rows))
    make_blank(rows, recipe, making / "blank")
    stage = {"trainer": "pretrain", "model": str(making / "blank"), "rows": str(making / "rows.jsonl")}
    args = {**recipe["args"], "output_dir": str(making)}
    write_text(making / CONFIG, yaml.safe_dump({**stage, "out": str(making), "threads": 1, "args": args}))
    start("pretrain", train, making / CONFIG)
    out.mkdir(parents=True, exist_ok=True)
    for file in model_files(making / "final"):
        shutil.copy(file, out)
    write_text(out / "README.md", card(recipe, rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    make_base(yaml.safe_load(arguments.recipe.read_text()), arguments.out)


if __name__ == "__main__":
    main()

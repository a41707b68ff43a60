"""Tokenizer, template and generation settings: where a model stops, and whether its thoughts survive."""

import json
from collections.abc import Iterator
from pathlib import Path

from ...eval.io.errors import InputError
from ...eval.io.templates import turn_end
from ...eval.verify.thought_formats import format_of_template
from .finding import Finding
from .material import HUB, Material, prompt_of
from .shapes import file_of

PARTS = ("<think>", "first this, then that", "</think>", "so be it")
THOUGHT = "<think>\nfirst this, then that\n</think>\nso be it"  # some templates set the blank lines otherwise


def stops(material: Material) -> Iterator[Finding]:
    """The token that ends a turn is the one that is learned and stopped at."""
    if material.tokenizer is None:
        if material.recipe.base:
            yield Finding("warn", "eos", f"{material.recipe.base}: tokenizer {HUB}")
        return
    if material.shape and (size := len(material.tokenizer)) > material.shape.vocab:
        text = f"the tokenizer has {size} tokens, the model embeds {material.shape.vocab}"
        yield Finding("FAIL", "tokens", text, "resize_token_embeddings, and save the base again")
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        try:
            end = turn_end(tokenizer)
        except InputError as error:
            yield Finding("FAIL", "eos", f"{name}: {error.where}: {error.what}", error.fix)
            continue
        eos_token = stage.args.get("eos_token", end)
        if eos_token != end:
            text = f"{name}: args.eos_token is {eos_token}, but the template ends a turn with {end}"
            yield Finding("FAIL", "eos", text, "take eos_token out; it is read off the template")
        else:
            # The same token may do both: labels and masks are made from lengths, never from what pads.
            pads = tokenizer.pad_token or tokenizer.eos_token
            yield Finding("ok", "eos", f"{name}: {end} ends a turn and is learned, {pads} pads")


def generation(material: Material) -> Iterator[Finding]:
    """What the base stops at when it is asked as it is; trained checkpoints stop at the template's end besides."""
    if material.tokenizer is None:
        return
    file = file_of(material.recipe.base, "generation_config.json")
    if file and (reason := _unsavable(file.parent)):
        text = f"generation_config.json cannot be saved with a checkpoint: {reason:.200}"
        yield Finding("FAIL", "generation", text, "add do_sample: true to it, or take these settings out")
    eos_ids = (
        json.loads(file.read_text("utf-8")).get("eos_token_id") if file else material.tokenizer.eos_token_id
    )
    ids = set(eos_ids if isinstance(eos_ids, list) else [eos_ids])
    try:
        end = turn_end(material.tokenizer)
    except InputError:
        return
    if material.tokenizer.convert_tokens_to_ids(end) in ids:
        yield Finding("ok", "generation", f"the base stops at {end}")
    else:
        names = ", ".join(
            str(material.tokenizer.convert_ids_to_tokens(token_id))
            for token_id in ids
            if token_id is not None
        )
        text = f"the base stops at {names or 'nothing'}, its template ends a turn with {end}"
        yield Finding("warn", "generation", text, "nothing, where the base is a plain language model")


def _unsavable(folder: Path) -> str:
    """What transformers says of generation settings when it is to save them with a checkpoint; empty where nothing."""
    from transformers import GenerationConfig

    try:
        GenerationConfig.from_pretrained(folder).validate(strict=True)
    except ValueError as error:
        return " ".join(str(error).split())
    return ""


def template(material: Material) -> Iterator[Finding]:
    """The template keeps a thought when it is learned, opens none twice, and says nothing of its own."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        if tokenizer is None:
            continue
        turns = [{"role": "user", "content": "why?"}, {"role": "assistant", "content": THOUGHT}]
        whole = str(tokenizer.apply_chat_template(turns, tokenize=False))
        prompt = prompt_of(tokenizer, "why?")
        if stage.trainer == "sft" and not all(part in whole for part in PARTS):
            text = f"{name}: the template drops the thought of a reply"
            yield Finding("FAIL", "template", text, "chat_template_path: one that keeps it")
        elif prompt == str(tokenizer.apply_chat_template(turns[:1], tokenize=False)):
            text = f"{name}: the prompt is the same with and without add_generation_prompt"
            yield Finding(
                "FAIL", "template", text, "chat_template_path: one that opens the reply when asked to"
            )
        elif stage.trainer == "sft" and not whole.startswith(prompt):
            text = f"{name}: with the reply, the template renders the prompt otherwise"
            yield Finding("FAIL", "template", text, "chat_template_path: one that renders it alike")
        elif "why?" in prompt and "<|im_start|>system" in prompt:
            text = f"{name}: the template adds a system turn of its own, in training as in evaluation"
            yield Finding(
                "warn",
                "template",
                text,
                "nothing, or chat_template_path: recipes/templates/chatml.jinja in every stage",
            )
        else:
            yield Finding("ok", "template", f"{name}: keeps the thought, adds nothing")


def prefill(material: Material) -> Iterator[Finding]:
    """Where the template opens the thought, rows must not open it again, and the format reward pays for closing it."""
    for name, stage in material.stages.items():
        tokenizer = material.tokenizer_of(stage)
        if tokenizer is None:
            continue
        prompt = prompt_of(tokenizer, "why?")
        thought_format = format_of_template(str(tokenizer.chat_template), prompt)
        opened = thought_format is not None and thought_format.is_open(prompt)
        replies = [
            row.response
            for set_name in material.taken(stage)
            for row in material.rows(set_name) or []
            if stage.trainer == "sft" and row.response
        ]
        opening_rows = (
            sum(thought_format.opens_first(reply) for reply in replies) if thought_format and opened else 0
        )
        if thought_format and opening_rows:
            text = f"{name}: the template opens {thought_format.opening.strip()}, and so do {opening_rows} of {len(replies)} rows"
            yield Finding("FAIL", "prefill", text, "chat_template_path: one that does not open it")
        elif stage.rewards.get("format"):
            how = "closing the thought that the template opens" if opened else "a thought opened and closed"
            yield Finding("ok", "prefill", f"{name}: the format reward pays for {how}")


def tags(material: Material) -> Iterator[Finding]:
    """The tags must not be lost when tokens become text."""
    if material.tokenizer is None:
        return
    decoded = material.tokenizer.decode(material.tokenizer.encode(THOUGHT), skip_special_tokens=True)
    if "<think>" in decoded and "</think>" in decoded:
        yield Finding("ok", "tags", "<think> and </think> survive decoding")
    else:
        text = "<think> or </think> is a special token and lost in decoding"
        yield Finding("FAIL", "tags", text, "make them added tokens that are not special")

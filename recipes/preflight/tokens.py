"""Tokenizer and generation settings: which tokens there are, and where a model stops."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ...eval.io.errors import InputError, listed
from ...eval.io.templates import turn_end
from ...eval.weights.tokens import RESIZE, unembedded
from ..recipe.files import json_object
from ..recipe.models import file_of
from ..recipe.schema import Stage
from .finding import Finding
from .material import HUB, Material
from .template import conversation

NAMED = 8  # tokens of a finding


def embedded(material: Material) -> Iterator[Finding]:
    """Every token that template, rows or padding use has a row in the embeddings: the base's, or those of a stage that
    draws its own."""
    if material.tokenizer is None:
        return
    grown = _grown_from(material)
    for root, stages in grown.items():
        own = (material.recipe.stages[root].architecture or {}).get("vocab_size") if root else None
        vocab = own or (material.shape and material.shape.vocab)
        if isinstance(vocab, int):  # what is none is refused where the architecture is looked at
            whose = f"the model that {root} draws" if own else "the model"
            fix = f"architecture.vocab_size: {len(material.tokenizer)} or more" if own else RESIZE
            yield from _unembedded(material, vocab, stages, whose, fix)


def _grown_from(material: Material) -> dict[str, list[Stage]]:
    """The stages by the one whose embeddings they train: one that draws as many as its architecture says, or, by "",
    the base's."""
    grown: dict[str, dict[str, Stage]] = {"": {}}
    for arm in material.recipe.arms.values():
        first = next(iter(arm.stages), "")
        sized = first and "vocab_size" in (material.recipe.stages[first].architecture or {})
        there = {name: material.stages[name] for name in arm.stages if name in material.stages}
        grown.setdefault(first if sized else "", {}).update(there)
    return {root: list(stages.values()) for root, stages in grown.items()}


def _unembedded(
    material: Material, vocab: int, stages: Sequence[Stage], whose: str, fix: str
) -> Iterator[Finding]:
    beyond = unembedded(material.tokenizer, vocab)
    used = _used(material, vocab, stages) if beyond else []
    if used:
        text = f"{whose} embeds {vocab} tokens, and not {listed(used, NAMED)}, which rows or template use"
        yield Finding("FAIL", "tokens", text, fix)
    elif beyond:
        text = f"{len(beyond)} token(s) that {whose} does not embed are in no row and no template"
        yield Finding("ok", "tokens", text)


def _used(material: Material, vocab: int, stages: Sequence[Stage]) -> list[str]:
    """The tokens with ids from `vocab` on that some text is made into."""
    ids: set[int] = set()
    for text in _texts(material, stages):
        ids.update(material.tokenizer.encode(text, add_special_tokens=False))
    return [
        str(token) for token in material.tokenizer.convert_ids_to_tokens(sorted(i for i in ids if i >= vocab))
    ]


def _texts(material: Material, stages: Sequence[Stage]) -> Iterator[str]:
    """What is made into tokens: rendered turns with a thought, the marks of end and padding, questions and responses."""
    for tokenizer in [material.tokenizer, *map(material.tokenizer_of, stages)]:
        yield from (conversation(tokenizer).whole, str(tokenizer.pad_token), str(tokenizer.eos_token))
    sets = [*chain.from_iterable(map(material.taken, stages)), *material.recipe.evaluate]
    for row in chain.from_iterable(material.rows(name) or [] for name in dict.fromkeys(sets)):
        yield from (row.question, row.response or "")


def stops(material: Material) -> Iterator[Finding]:
    """The token that ends a turn is the one that is learned and stopped at."""
    if material.tokenizer is None:
        if material.recipe.base:
            yield Finding("warn", "eos", f"{material.recipe.base}: tokenizer {HUB}")
        return
    for name, stage in material.stages.items():
        yield _stop(name, stage, material.tokenizer_of(stage))


def _stop(name: str, stage: Stage, tokenizer: Any) -> Finding:
    try:
        end = turn_end(tokenizer)
    except InputError as error:
        return Finding("FAIL", "eos", f"{name}: {error.where}: {error.what}", error.fix)
    eos_token = stage.args.get("eos_token", end)
    if eos_token != end:
        text = f"{name}: args.eos_token is {eos_token}, but the template ends a turn with {end}"
        return Finding("FAIL", "eos", text, "take eos_token out; it is read off the template")
    # As training takes it. It may be the end itself: labels and masks are made from lengths, never from what pads.
    pads = stage.args.get("pad_token") or tokenizer.pad_token or tokenizer.eos_token
    if pads not in tokenizer.get_vocab():
        text = f"{name}: args.pad_token is {pads!r}, which is no token of the base"
        return Finding("FAIL", "pad", text, "take it out, or name one of its tokens")
    return Finding("ok", "eos", f"{name}: {end} ends a turn and is learned, {pads} pads")


def generation(material: Material) -> Iterator[Finding]:
    """What the base stops at when it is asked as it is; trained checkpoints stop at the template's end besides."""
    if material.tokenizer is None:
        return
    file = file_of(material.recipe.base, "generation_config.json")
    try:
        settings = json_object(file) if file else {"eos_token_id": material.tokenizer.eos_token_id}
    except InputError as error:
        yield Finding("FAIL", "generation", f"{error.where}: {error.what}", error.fix)
        return
    if file and (reason := _unsavable(file.parent)):
        text = f"generation_config.json cannot be saved with a checkpoint: {reason:.200}"
        yield Finding("FAIL", "generation", text, "add do_sample: true to it, or take these settings out")
    eos_ids = settings.get("eos_token_id")
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
    except (ValueError, TypeError) as error:
        return " ".join(str(error).split())
    return ""

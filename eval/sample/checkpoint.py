"""A checkpoint as evaluation sees it: its own chat template, its end tokens, its weights."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from ..io.errors import InputError
from ..io.templates import PROMPT, asked, closing_token, on_one_day
from ..io.tokenizers import open_tokenizer, spoken
from ..verify import render
from ..verify.rows import Row
from ..verify.thought_formats import THINK, ThoughtFormat, format_of_template
from ..weights.check import check_weights
from ..weights.tokens import refuse_unembedded, rows_of

UNLIMITED = 1 << 40


@dataclass(frozen=True)
class Prompt:
    """A row as this checkpoint is asked: rendered text, its tokens, and the thought it opens or skips."""

    text: str
    tokens: list[int]
    lead: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """What is read before any weights.

    `stops` are the end tokens of generation config, tokenizer and template; `form` is how the template marks thoughts (`has_thoughts`: it speaks of them itself),
    `options` are what the template was given in training (TRL's chat_template_kwargs), so it is asked alike.
    """

    name: str
    config: PreTrainedConfig
    tokenizer: Any
    stops: frozenset[int]
    form: ThoughtFormat = THINK
    has_thoughts: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    pieces: dict[int, str] = field(default_factory=dict)

    def prompt(self, row: Row, *, preset: str, with_constraints: bool, direct: bool = False) -> Prompt:
        """Ask a row as it is; see `prompt_of`."""
        return self.prompt_of(render(row, preset=preset, with_constraints=with_constraints), direct=direct)

    def prompt_of(self, turn: str, *, direct: bool = False) -> Prompt:
        """Ask a user's turn through the checkpoint's own template; `direct` skips a thought that the template speaks of."""
        messages = [{"role": "user", "content": turn}]
        switch = {**self.options, **({"enable_thinking": False} if direct else {})}
        text = asked(self.tokenizer, messages, **switch)
        if direct and self.has_thoughts and (self.form.is_open(text) or not self.form.lead(text)):
            text += self.form.closing if self.form.is_open(text) else self.form.opening + self.form.closing
        return Prompt(text, self.encode(text), self.form.lead(text))

    def check_lengths(self, prompts: Iterable[Prompt], max_new_tokens: int) -> None:
        """Raise InputError when the longest prompt and its reply pass what the model can attend to."""
        longest = max(len(prompt.tokens) for prompt in prompts)
        room = self.positions
        if longest + max_new_tokens > room:
            fix = (
                f"give at most {room - longest}"
                if longest < room
                else "leave that row out, or take a longer model"
            )
            raise InputError(
                "max_new_tokens",
                f"{max_new_tokens} after a prompt of {longest} tokens pass the {room} positions of {self.name}",
                fix,
            )

    @property
    def positions(self) -> int:
        """How many tokens the model attends to; where it does not say, as many as anyone asks."""
        return getattr(self.config.get_text_config(), "max_position_embeddings", None) or UNLIMITED

    def encode(self, text: str) -> list[int]:
        """Token ids; nothing is added, special tokens written out are recognised.

        Raises InputError on a token that the model does not embed.
        """
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        refuse_unembedded(self.name, self.tokenizer, rows_of(self.config), ids)
        return ids

    def decode(self, tokens: list[int]) -> str:
        """Text with its tags, special or not; end and padding tokens are dropped."""
        return spoken(self.tokenizer, tokens, self.stops)

    def piece(self, token: int) -> str:
        """The text of one token."""
        if token not in self.pieces:
            self.pieces[token] = self.decode([token])
        return self.pieces[token]


def read_checkpoint(name: str) -> Checkpoint:
    """Open a folder or hub id without its weights.

    Raises InputError when config, tokenizer, chat template or end token is missing, and when the template renders
    the prompt in `prompt.json` otherwise than training did.
    """
    if Path(name).is_dir() and not any(Path(name).glob("tokenizer*")):
        raise InputError(name, "no tokenizer in the checkpoint", "save it there (tokenizer.save_pretrained)")
    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise InputError(
            name, f"not a checkpoint ({str(error).splitlines()[0]})", "name its folder or hub id"
        ) from None
    tokenizer = open_tokenizer(name)
    if tokenizer.chat_template is None:
        raise InputError(
            name, "the tokenizer has no chat template", "put chat_template.jinja into the folder"
        )
    if isinstance(tokenizer.chat_template, str):
        tokenizer.chat_template = on_one_day(tokenizer.chat_template)
    stops = _stops(name, config, tokenizer)
    if not stops:
        raise InputError(name, "no end token", "set eos_token_id in generation_config.json")
    options = _options(name, tokenizer)
    prompt = asked(tokenizer, [{"role": "user", "content": ""}], **options)
    form = format_of_template(str(tokenizer.chat_template), prompt)
    return Checkpoint(name, config, tokenizer, stops, form or THINK, form is not None, options)


def _options(name: str, tokenizer: Any) -> dict[str, Any]:
    """What the template is given. A checkpoint of ours notes how its first training prompt was rendered, and by what; a
    foreign one does not."""
    note = Path(name) / PROMPT
    if not note.exists():
        return {}
    trained = json.loads(note.read_text("utf-8"))
    options = trained.get("options", {})
    text = asked(tokenizer, trained["messages"], **options)
    if text != trained["text"]:
        raise InputError(
            name,
            f"its chat template is not the one it was trained with: trained on {trained['text']!r}, asked with {text!r}",
            "put the training's template back, or take prompt.json away",
        )
    return options


def _stops(name: str, config: PreTrainedConfig, tokenizer: Any) -> frozenset[int]:
    try:
        generation = GenerationConfig.from_pretrained(name)
    except OSError:
        generation = GenerationConfig.from_model_config(config)
    ends = generation.eos_token_id
    ids = ends if isinstance(ends, list) else [ends]
    closing, _ = closing_token(tokenizer)
    last = tokenizer.convert_tokens_to_ids(closing) if closing else None
    return frozenset(token for token in (*ids, tokenizer.eos_token_id, last) if token is not None)


@lru_cache(maxsize=1)
def load_model(name: str, fingerprint: str) -> PreTrainedModel:
    """The weights, safetensors only: float32 on CPU, as saved on a GPU. The last one loaded is kept.

    `fingerprint` tells a folder that was trained anew; raises InputError where one is missing or no number.
    """
    check_weights(name)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = "auto" if device == "cuda" else torch.float32
    model: Any = AutoModelForCausalLM.from_pretrained(
        name, dtype=dtype, use_safetensors=True, trust_remote_code=False
    )
    return model.to(device).eval()


def fingerprint(name: str) -> str:
    """Tells whether a folder's files changed between two calls: names, sizes and times, hashed."""
    files = sorted(
        file for file in Path(name).glob("*") if file.suffix in (".safetensors", ".json", ".jinja")
    )
    facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()

"""What a chat template does to a conversation: how it ends an assistant's turn, and how it opens the next one."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

from .errors import InputError

PROMPT = "prompt.json"
DAY = date(2024, 7, 26)  # the one that Llama's own templates fall back on
# What a template's own expressions raise, beside jinja2's errors.
IN_A_TEMPLATE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
Messages = Sequence[Mapping[str, str]]


def closing_token(tokenizer: "PreTrainedTokenizerBase") -> tuple[str | None, str]:
    """The token by which the template closes an assistant's turn, if one does, and all that follows the reply."""
    turns = [{"role": "user", "content": "question"}, {"role": "assistant", "content": "the reply"}]
    text = rendered(tokenizer, turns)
    closing = text.rpartition("the reply")[2].strip()
    added = {token.content for token in tokenizer.added_tokens_decoder.values()}
    fitting = [token for token in added | set(tokenizer.all_special_tokens) if closing.startswith(token)]
    return max(fitting, key=len, default=None), closing


def turn_end(tokenizer: "PreTrainedTokenizerBase") -> str:
    """The token by which the template closes an assistant's turn: where a model must learn to stop.

    Bases often name another one: Qwen2.5's is `<|endoftext|>`, and its template closes turns by `<|im_end|>`.
    Raises InputError where a turn is closed by nothing, or by ordinary text, which no sampler can stop at.
    """
    token, closing = closing_token(tokenizer)
    if not closing:
        raise InputError(
            tokenizer.name_or_path, "the chat template closes a turn by nothing", "end it by a token"
        )
    if token is None:
        raise InputError(
            tokenizer.name_or_path,
            f"the chat template closes a turn by {closing[:20]!r}, which is no token of its own",
            "end it by the end token",
        )
    return token


def rendered(tokenizer: "PreTrainedTokenizerBase", messages: Messages, **options: Any) -> str:
    """The messages as the template writes them; `options` go to it. Raises InputError where it cannot write them."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        turns = [dict(message) for message in messages]
        return str(tokenizer.apply_chat_template(turns, tokenize=False, **options))
    except (TemplateError, *IN_A_TEMPLATE) as error:
        line = f"line {error.lineno}: " if isinstance(error, TemplateSyntaxError) else ""
        words = " ".join(str(getattr(error, "message", None) or error).split())
        said = f"its chat template cannot be used ({line}{words:.160})"
        raise InputError(tokenizer.name_or_path, said, "take the one that it was published with") from None


def asked(tokenizer: "PreTrainedTokenizerBase", messages: Messages, **options: Any) -> str:
    """The messages as the model is asked them; `options` go to the template."""
    return rendered(tokenizer, messages, add_generation_prompt=True, **options)


def prompt_facts(tokenizer: "PreTrainedTokenizerBase", messages: Messages, **options: Any) -> dict[str, Any]:
    """What a checkpoint's prompt.json holds, for evaluation to ask alike, and to compare with."""
    text = asked(tokenizer, messages, **options)
    facts = {"messages": list(messages), "text": text, "hash": hashlib.sha256(text.encode()).hexdigest()}
    return facts | ({"options": options} if options else {})


def writes_the_day(template: str) -> bool:
    """Whether a template writes today's date, by the function that transformers lends it."""
    return "strftime_now(" in template


def on_one_day(template: str) -> str:
    """The template with DAY in place of today: what is asked would else change overnight, between arms and within one.

    Raises InputError where the form of the date is not written out in the template.
    """
    if not writes_the_day(template) or "macro strftime_now" in template:
        return template
    formats = {match[1] for match in re.findall(r"strftime_now\(\s*(['\"])(.*?)\1\s*\)", template)}
    if not formats or len(re.findall(r"strftime_now\((?!\s*['\"])", template)):
        raise InputError(
            "chat template", "writes today's date in a form of its own", "take one without a date"
        )
    days = {form: DAY.strftime(form) for form in sorted(formats)}
    macro = f"{{%- macro strftime_now(form) %}}{{{{ {days!r}[form] }}}}{{% endmacro %}}{{{{ '' }}}}"
    return macro + template

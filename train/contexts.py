"""Whether a reply is learned behind a prompt that the model is ever asked by."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..eval.io.templates import asked
from ..eval.verify.thought_formats import format_of_template

Context = Literal["asked", "asked directly", "never asked"]


def context_of(tokenizer: Any, prompt: Sequence[Mapping[str, str]], whole: str) -> Context:
    """How the template asks for the reply in `whole`, the prompt's messages and the reply as it renders them together.

    `asked directly`: behind a thought that its switch `enable_thinking` has closed, as mode `direct` asks. Some
    templates open a thought when they ask, and render a reply that has none otherwise.
    """
    text = asked(tokenizer, prompt)
    if whole.startswith(text):
        return "asked"
    form = format_of_template(str(tokenizer.chat_template), text)
    directly = asked(tokenizer, prompt, enable_thinking=False)
    closed = form is not None and form.lead(directly) and not form.is_open(directly)
    return "asked directly" if closed and whole.startswith(directly) else "never asked"

"""Reasoning apart from answer."""

from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "unclosed", "none"]


@dataclass(frozen=True)
class Split:
    """Reasoning and answer of one generation; `unclosed` has no answer under preset reins."""

    reasoning: str
    answer: str
    state: State


def split_reasoning(text: str, *, preset: str = "reins", prefilled: bool = False) -> Split:
    """Cut a generation into reasoning and answer.

    prefilled: the chat template opened `<think>` in the prompt, so the text starts inside the reasoning.
    Preset mathif cuts as published (MathIF's scoring script): repeated tags lose text and an unclosed thought
    is judged as an answer.
    """
    reasoning, state = _reasoning(text, prefilled)
    if preset == "reins":
        return Split(reasoning, "" if state == "unclosed" else _answer(text, state), state)
    return Split(reasoning, text if preset == "ifeval" else _published(text), state)


def _reasoning(text: str, prefilled: bool) -> tuple[str, State]:
    head, close, _ = text.partition("</think>")
    before, opening, inside = head.partition("<think>")
    if close:
        return (inside if opening else before), "closed"
    if opening:
        return inside, "unclosed"
    return (text, "unclosed") if prefilled else ("", "none")


def _answer(text: str, state: State) -> str:
    answer = text.partition("</think>")[2] if state == "closed" else text
    _, opening, inside = answer.partition("<answer>")
    if opening:
        answer = inside.rpartition("</answer>")[0] or inside
    return answer.strip()


def _published(text: str) -> str:
    for tag in ("<think>", "</think>", "<answer>"):
        if tag in text:
            text = text.split(tag)[1]
    return text.split("</answer>")[0]

"""The user turn of a row."""

from collections.abc import Mapping
from typing import Any

from .verdict import describe

# The published runs glued these words to the question (MathIF, generation script).
PUBLISHED_REQUEST = "Let's think step by step and output the final answer within \\boxed{}."
REQUEST = "Put the final answer within \\boxed{}."


def render(row: Mapping[str, Any], *, preset: str = "reins", with_constraints: bool = True) -> str:
    """The prompt of a row: question, request for the boxed answer, constraints.

    mathif: byte for byte as published, nothing between question, request and descriptions.
    reins: parts on their own lines, trailing space gone, the request only where the row has an answer.
    ifeval rows are prompts already: their question is the whole turn.
    """
    question = row["question"]
    if preset == "ifeval":
        return question
    wanted = row["constraint_desc"] if with_constraints else []
    if preset == "mathif":
        return question + PUBLISHED_REQUEST + " ".join(wanted)
    wording = [
        describe(*pair).strip() for pair in zip(row["constraint_name"], row["constraint_args"], strict=True)
    ]
    request = [REQUEST] if row.get("answer") else []
    return "\n".join([question.strip(), *request, *(wording if with_constraints else [])])

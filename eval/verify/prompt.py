"""The user turn of a row."""

from .rows import Row

# The published runs glued these words to the question (MathIF, generation script).
PUBLISHED_REQUEST = "Let's think step by step and output the final answer within \\boxed{}."
REQUEST = "Put the final answer within \\boxed{}."


def render(row: Row, *, preset: str = "reins", with_constraints: bool = True) -> str:
    """The prompt of a row: question, request for the boxed answer, constraints.

    mathif: byte for byte as published, nothing between question, request and descriptions.
    reins: parts on their own lines, trailing space gone, the request only where the row has an answer.
    ifeval: the question, which in IFEval's rows is the whole turn and has no descriptions of its own.
    """
    descriptions = [constraint.description for constraint in row.constraints] if with_constraints else []
    if preset == "ifeval":
        return row.question
    if preset == "mathif":
        return row.question + PUBLISHED_REQUEST + " ".join(descriptions)
    parts = [row.question, REQUEST if row.answer else "", *descriptions]
    return "\n".join(part.strip() for part in parts if part.strip())


def with_request(turn: str, request: str) -> str:
    """The turn with what a mode asks for beside it, on a line of its own; as it is where that is nothing."""
    return f"{turn}\n{request}" if request else turn

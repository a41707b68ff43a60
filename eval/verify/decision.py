"""The question whether thinking would help with a row: its words, for mode `decide` and for who is trained to answer it."""

DIRECT, THINKING = "direct", ("think", "cot")  # the modes that are chosen between: this, or one of those
DECIDE = "decide"  # the mode that asks for the choice, and answers no row
YES, NO = "YES", "NO"
ASKS, DECISION = "asks", "decision"  # the field of a row, and its value, that has this asked in training
FEWEST_ROWS = 30  # below, a classifier is fitted to noise


def decision_turn(asked: str) -> str:
    """The user's turn that asks for the decision, around the turn that asks for the answer."""
    return (
        f"Here is an instruction.\n\nInstruction:\n{asked}\n\nDo not follow it yet. Only decide: would thinking step by "
        f"step before the answer help to follow the instruction? Answer with one word, {YES} or {NO}."
    )

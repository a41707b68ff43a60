"""Reasoning apart from answer, by preset."""

import pytest

from reins.eval.verify import Split, split_reasoning

R1 = "<think>\nSo 2 + 2.\n</think>\n\nIt is \\boxed{4}."


@pytest.mark.parametrize(
    ("text", "reasoning", "answer", "state"),
    [
        (R1, "\nSo 2 + 2.\n", "It is \\boxed{4}.", "closed"),
        ("So 2 + 2.</think> It is 4.", "So 2 + 2.", "It is 4.", "closed"),
        ("<think>", "", "", "unclosed"),
        ("<think>So 2 + 2 is 4.", "So 2 + 2 is 4.", "", "unclosed"),
        ("It is 4.", "", "It is 4.", "none"),
        ("", "", "", "none"),
        ("<think>a</think>b</think>c", "a</think>b", "c", "closed"),
        ("<think>a</think>b <think> c", "a", "b <think> c", "closed"),
        ("<think>a</think><answer>b</answer>", "a", "b", "closed"),
        ("<answer>a</answer><answer>b</answer>", "", "b", "none"),
        ("<think>a</think><answer>b", "a", "b", "closed"),
        ("<think>a</think>  ", "a", "", "closed"),
    ],
)
def test_nothing_that_was_answered_is_lost_and_no_thought_is_judged(text, reasoning, answer, state):
    assert split_reasoning(text) == Split(reasoning, answer, state)


def test_a_template_that_opened_the_thought_counts_as_an_opening_tag():
    assert split_reasoning("So 2 + 2", prefilled=True) == Split("So 2 + 2", "", "unclosed")
    assert split_reasoning("So</think>4", prefilled=True) == Split("So", "4", "closed")
    assert split_reasoning("", prefilled=True) == Split("", "", "unclosed")


def test_mathif_judges_an_unfinished_thought_and_loses_text_as_published():
    assert split_reasoning("<think>So 4", preset="mathif") == Split("So 4", "So 4", "unclosed")
    assert split_reasoning("a</think>b</think>c", preset="mathif").answer == "b"
    assert split_reasoning("a</think>b <think> c", preset="mathif").answer == " c"


def test_ifeval_judges_the_whole_text():
    assert split_reasoning(R1, preset="ifeval").answer == R1

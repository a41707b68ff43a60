"""Rewards judge the answer part alone, say nothing about rows that are not theirs, and keep no state."""

import json
from types import SimpleNamespace

import pytest
from tiny import make_tokenizer

from reins.eval.io.errors import InputError
from reins.eval.score.score import score_samples
from reins.eval.verify import Response, Row, read_constraints
from reins.eval.verify.thought_formats import FORMATS
from reins.train.reward_selftest import sentinel
from reins.train.rewards import NAMES, Rewards, applies, coin

NO_COMMA = {"constraint_name": ["punctuation:no_comma"], "constraint_args": "[null]"}
TWO = {
    "constraint_name": ["punctuation:no_comma", "change_case:english_lowercase"],
    "constraint_args": json.dumps([None, None]),
}
STOP = 2


def ask(
    grader,
    names,
    replies,
    *,
    rows=None,
    stops=True,
    prefilled=False,
    step=3,
    prompts=None,
    rank=0,
    group=2,
    preset="reins",
):
    """Call reward functions as TRL does; return {name: values} and {metric: values}."""
    made = Rewards(
        make_tokenizer(), grader, seed=7, group=group, prefilled=prefilled, preset=preset, rank=rank
    )
    made.stops = [STOP]
    rows = rows or [{}] * len(replies)
    columns = {
        key: [row.get(key) for row in rows] for key in ("solution", "constraint_name", "constraint_args")
    }
    logged: dict[str, list[float]] = {}
    call = {
        "prompts": prompts or [[{"role": "user", "content": "How many?"}]] * len(replies),
        "completions": [[{"role": "assistant", "content": reply}] for reply in replies],
        "completion_ids": [[5, STOP] if stops else [5, 6]] * len(replies),
        "trainer_state": SimpleNamespace(global_step=step),
        "log_metric": lambda name, value: logged.setdefault(name, []).append(value),
        **columns,
    }
    return {one.__name__: one(**call) for one in made.functions(names)}, logged


def test_only_the_answer_part_is_graded(grader):
    replies = [
        "<think>\\boxed{7}, I think\n</think>\n\\boxed{8}",
        "<think>\nno, \\boxed{8}",
        "\\boxed{8}",
        "\\boxed{9}",
    ]
    rows = [{"solution": "8", **NO_COMMA}] * 4
    found, _ = ask(grader, ["correct", "format", "constraints"], replies, rows=rows)
    assert found["correct"] == [1, 0, 1, 0]
    assert found["format"] == [1, 0, 0, 0]
    assert found["constraints"] == [
        1,
        0,
        1,
        1,
    ]  # an unclosed thought has no answer, and no answer holds nothing


def test_a_prompt_that_opens_the_thought_needs_no_opening_tag(grader):
    found, _ = ask(
        grader,
        ["format", "correct"],
        ["sum it\n</think>\n\\boxed{8}"],
        rows=[{"solution": "8"}],
        prefilled=True,
    )
    assert found == {"format": [1], "correct": [1]}


def test_shares_and_all_or_nothing(grader):
    found, logged = ask(
        grader, ["constraints", "constraints_all"], ["Yes it is", "yes it is"], rows=[TWO, TWO]
    )
    assert found == {"constraints": [0.5, 1.0], "constraints_all": [0.0, 1.0]}
    assert logged["hacc"] == [0, 1] and logged["sacc"] == [0.5, 1]


def test_none_where_a_reward_does_not_apply(grader):
    found, logged = ask(grader, ["correct", "constraints"], ["8", "8"], rows=[{"solution": "8"}, NO_COMMA])
    assert found == {"correct": [1, None], "constraints": [None, 1]}
    assert logged["correct"] == [1] and logged["hacc"] == [1]
    assert applies("correct", {"solution": "8"}) and not applies("correct", {"solution": None})
    assert not applies("constraints", {"constraint_name": []}) and applies("format", {})


def test_a_grader_that_runs_out_of_time_gives_none_and_is_counted():
    """TRL keeps a completion out of its group where it has no reward at all: any other would be a wrong answer's."""
    slow = SimpleNamespace(grade_many=lambda pairs: ["timeout"] * len(pairs))
    rows = [{"solution": "8", **NO_COMMA}]
    found, logged = ask(slow, NAMES, ["\\boxed{8}"], rows=rows)
    assert found == {name: [None] for name in NAMES}
    assert logged["grader_timeout"] == [1] and "correct" not in logged and logged["hacc"] == [1]
    assert None not in ask(slow, ["random"], ["\\boxed{8}"], rows=rows)[0]["random"]  # a coin grades nothing


@pytest.mark.parametrize("preset", ["reins", "mathif"])
def test_a_reply_is_worth_what_it_scores(preset, grader):
    """Under the recipe's preset, whose rules and whose answer part differ."""
    asked = [("startend:end_checker", {"end_phrase": "Any other questions?"})]
    ends = {"constraint_name": [asked[0][0]], "constraint_args": json.dumps([asked[0][1]])}
    row = Row("r", "p", "s", "0", "How many?", "8", read_constraints(*map(list, zip(*asked, strict=True))))
    replies = [
        "\\boxed{8} **Any other questions?**",
        "<think>\nno\n</think>\n\\boxed{8} Any other questions?",
        "<think>\nit is \\boxed{8} Any other questions?",
    ]
    samples = [Response("r", index, text) for index, text in enumerate(replies)]
    found, _ = ask(
        grader, ["correct", "constraints"], replies, rows=[{"solution": "8", **ends}] * 3, preset=preset
    )
    scores = score_samples([row], samples, preset=preset)
    assert found == {
        "correct": [float(score.correct) for score in scores],
        "constraints": [score.sacc for score in scores],
    }
    assert found["correct"][2] == float(preset == "mathif")


@pytest.mark.parametrize("preset", ["reins", "mathif"])
def test_the_sentinel_is_content_with_what_a_preset_rewards(preset, grader):
    for form in FORMATS:
        for prefilled in (False, True):
            made = Rewards(
                make_tokenizer(), grader, seed=0, group=1, prefilled=prefilled, form=form, preset=preset
            )
            made.stops = [STOP]
            ask_now = sentinel(made.functions(["correct", "format", "constraints"]), form, prefilled, preset)
            assert ask_now(SimpleNamespace(global_step=0)) is None


def test_metrics_are_logged_once_whatever_is_rewarded(grader):
    reply = "<think>\nTom has 3 apples\n</think>\nyes"
    _, logged = ask(grader, ["random", "format"], [reply, ""], rows=[NO_COMMA, NO_COMMA])
    assert logged["reasoning_closed"] == [1, 0] and logged["answer_present"] == [1, 0]
    assert logged["cut"] == [0, 0] and logged["reasoning_tokens"][0] > 3
    _, logged = ask(grader, ["random"], [reply], rows=[NO_COMMA], stops=False)
    assert logged["cut"] == [1] and "reasoning_tokens" not in logged


def test_random_depends_on_seed_step_prompt_and_place_alone(grader):
    prompts = [[{"role": "user", "content": text}] for text in "aabbccdd" * 4]
    replies = ["x"] * len(prompts)
    first, _ = ask(grader, ["random"], replies, prompts=prompts)
    again, _ = ask(grader, ["random"], ["y"] * len(prompts), prompts=prompts)
    later, _ = ask(grader, ["random"], replies, prompts=prompts, step=4)
    assert first == again != later
    assert first["random"][:8] == [coin(7, 3, text, i % 2) for i, text in enumerate("aabbccdd")]
    half, _ = ask(grader, ["random"], replies[:3], prompts=prompts[3:6], rank=1)
    assert half["random"] == first["random"][3:6]  # a second process goes on where the first one ends
    tossed = [coin(0, step, "a", i) for step in range(50) for i in range(8)]
    assert set(tossed) == {0.0, 1.0} and 160 < sum(tossed) < 240


def test_an_unknown_reward_is_refused(grader):
    with pytest.raises(InputError, match="rewards.corect: no such reward; choose from correct"):
        ask(grader, ["corect"], ["8"])

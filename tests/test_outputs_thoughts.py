"""Thoughts beside a reply, in every form of outputs: read by the names that projects give them, or refused; never lost."""

import json

import pytest
from output_files import DATA, PROMPTS, ROWS, completion, refused, scored

from reins.eval.io.jsonl import write_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.verify.rows import read_rows

SAID = "it has \\boxed{8}"
FORMS = {
    "a response": lambda i, thought, text: {"prompt": PROMPTS[i], "response": text, **thought},
    "an output": lambda i, thought, text: {"prompt": PROMPTS[i], "output": [text], **thought},
    "a completion's message": lambda i, thought, text: {"prompt": PROMPTS[i]} | completion(text, **thought),
    "a completion's line": lambda i, thought, text: {"prompt": PROMPTS[i]} | completion(text) | thought,
    "a plain completion": lambda i, thought, text: {
        "prompt": PROMPTS[i], "choices": [{"text": text, "finish_reason": "stop", **thought}],
    },
    "a call": lambda i, thought, text: {"prompt": PROMPTS[i], "response": completion(text), **thought},
    "a batch": lambda i, thought, text: {"custom_id": f"legs-{i}", "response": {"body": completion(text, **thought)}},
    "a conversation's message": lambda i, thought, text: {"messages": [
        {"role": "user", "content": PROMPTS[i]}, {"role": "assistant", "content": text, **thought},
    ]},
    "a conversation's line": lambda i, thought, text: {"messages": [
        {"role": "user", "content": PROMPTS[i]}, {"role": "assistant", "content": text},
    ]} | thought,
}  # fmt: skip
NAMES = ("thinking_content", "chain_of_thought", "thinking", "reasoning_content", "reasoning", "thoughts")


def of_all(form, thought, tmp_path, text=SAID):
    write_jsonl(tmp_path / "r.jsonl", [FORMS[form](i, thought, text) for i in range(3)])
    return tmp_path / "r.jsonl"


@pytest.mark.parametrize("form", FORMS)
def test_a_thought_is_read_by_all_its_names(form, tmp_path):
    for name in NAMES:
        file = of_all(form, {name: "Let me think."}, tmp_path)
        assert {one.thought for one in load_responses(file, read_rows(ROWS))} == {"Let me think."}
    blocks = [{"type": "thinking", "thinking": "Let me."}, {"type": "redacted_thinking", "data": "gAAA"}]
    file = of_all(form, {"thinking_blocks": blocks}, tmp_path)
    assert {one.thought for one in load_responses(file, read_rows(ROWS))} == {"Let me."}


@pytest.mark.parametrize("form", FORMS)
def test_a_reply_that_is_all_thought_never_left_it(form, tmp_path):
    first, *_ = scored(of_all(form, {"thinking_content": "Let me think."}, tmp_path, ""), tmp_path)
    assert (first["state"], first["outcome"], first["hacc"]) == ("unclosed", "missing", False)


@pytest.mark.parametrize("form", FORMS)
def test_another_column_that_is_named_like_a_thought_is_refused(form, tmp_path):
    for name in ("thought_process", "cot", "chainOfThought", "Rationale"):
        file = of_all(form, {name: "Let me think."}, tmp_path)
        refused(file, f"r.jsonl:1: '{name}' holds text that may be the thought; call it `reasoning_content`")


@pytest.mark.parametrize("form", FORMS)
def test_a_setting_beside_a_reply_is_no_thought(form, tmp_path):
    file = of_all(form, {"reasoning_effort": "high", "thinking": True, "thinking_budget": 512}, tmp_path)
    assert {one.thought for one in load_responses(file, read_rows(ROWS))} == {None}


def test_each_choice_has_the_thought_that_stands_for_it_beside_them(tmp_path):
    choices = [
        {"index": 1, "message": {"content": "b"}, "finish_reason": "stop"},
        {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"},
    ]
    lines = [{"prompt": prompt, "choices": choices, "thoughts": ["so b", "so a"]} for prompt in PROMPTS]
    write_jsonl(tmp_path / "r.jsonl", lines)
    first, second, *_ = load_responses(tmp_path / "r.jsonl", read_rows(ROWS))
    assert [(one.text, one.thought) for one in (first, second)] == [("a", "so a"), ("b", "so b")]


def log_of(part, tmp_path, **usage):
    """Inspect's log, every reply of which holds this part before its text."""
    log = json.loads((DATA / "inspect.json").read_text())
    for sample in log["samples"]:
        choice = sample["output"]["choices"][0]
        choice["message"]["content"] = [part, {"type": "text", "text": SAID}]
        choice["stop_reason"] = "stop"
        sample["output"]["usage"] = {"input_tokens": 5, "output_tokens": 300, "total_tokens": 305} | usage
    (tmp_path / "log.json").write_text(json.dumps(log))
    return tmp_path / "log.json"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "reasoning", "reasoning": "", "summary": "I counted.", "redacted": False},
        {"type": "reasoning", "reasoning": None, "summary": "I counted."},
        {"type": "reasoning", "reasoning": "gAAAAB", "summary": "I counted.", "redacted": True},
        {"type": "reasoning", "reasoning": "I counted.", "summary": "Counting.", "redacted": False},
    ],
)
def test_the_summary_of_a_reasoning_stands_for_what_nobody_can_read(part, tmp_path):
    first, *_ = scored(log_of(part, tmp_path, reasoning_tokens=290), tmp_path)
    assert (first["state"], first["reasoning_tokens"], first["answer_tokens"]) == ("closed", 290, 10)
    assert load_responses(tmp_path / "log.json", read_rows(ROWS))[0].thought == "I counted."


@pytest.mark.parametrize(
    "part",
    [
        {"type": "reasoning", "reasoning": "gAAAAB", "redacted": True},
        {"type": "reasoning", "reasoning": "", "summary": None},
        {"type": "redacted_thinking", "data": "gAAAAB"},
    ],
)
def test_a_reasoning_that_nobody_can_read_is_told_by_its_tokens_alone(part, tmp_path):
    rows = read_rows(ROWS)
    first, *_ = load_responses(log_of(part, tmp_path, reasoning_tokens=290), rows)
    assert (first.thought, first.reasoning_tokens, first.answer_tokens) == (None, 290, 10)
    first, *_ = load_responses(log_of(part, tmp_path), rows)
    assert (first.thought, first.reasoning_tokens, first.answer_tokens) == (None, None, None)


def message(text, **phase):
    return {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text}],
    } | phase


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        ([message("I count.", phase="commentary"), message("8", phase="final_answer")], "8"),
        ([message("I count.", phase="commentary"), message("8")], "8"),
        ([message("I count."), message("8")], "I count.\n8"),
        ([message("I count.", phase="commentary")], "I count."),
    ],
)
def test_the_final_answer_of_a_response_is_no_commentary(messages, answer, tmp_path):
    body = {"object": "response", "status": "completed", "output": messages}
    lines = [{"custom_id": f"legs-{i}", "response": {"status_code": 200, "body": body}} for i in range(3)]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert {one.text for one in load_responses(tmp_path / "r.jsonl", read_rows(ROWS))} == {answer}

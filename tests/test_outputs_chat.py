"""Outputs of chat servers: completions, calls, batches, with thoughts and counts of their own."""

import json

import pytest
from output_files import PROMPTS, ROWS, completion, lines_of, refused, scored

from reins.eval.io.jsonl import write_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.verify.rows import read_rows


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda prompt, answer: completion(answer) | {"messages": [{"role": "user", "content": prompt}], "id": "chatcmpl-1"},
        lambda prompt, answer: {"request": {"messages": [{"role": "user", "content": prompt}]}, "response": completion(answer)},
        lambda prompt, answer: {"prompt": prompt, "response": {"status": 200, "body": completion(answer)}},
        lambda prompt, answer: {"prompt": prompt, "choices": [{"text": answer, "finish_reason": "stop"}]},
        lambda prompt, answer: {"messages": [{"role": "user", "content": [{"type": "text", "text": prompt}]}, {"role": "assistant", "content": answer}]},
        lambda prompt, answer: {"custom_id": f"legs-{PROMPTS.index(prompt)}", "response": {"status_code": 200, "body": {
            "object": "response", "status": "completed", "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": answer}]},
            ]}}},
    ],
)  # fmt: skip
def test_answers_of_chat_servers_are_read_however_they_were_logged(wrapped, tmp_path):
    lines = [wrapped(prompt, f"\\boxed{{{gold}}}") for prompt, gold in zip(PROMPTS, "846", strict=True)]
    write_jsonl(tmp_path / "r.jsonl", lines[::-1])
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_a_thought_in_a_field_of_its_own_is_no_answer(field, tmp_path):
    lines = [completion("it has \\boxed{8}", **{field: "well, \\boxed{9}"}) for _ in PROMPTS]
    write_jsonl(tmp_path / "r.jsonl", lines)
    first, *_ = scored(tmp_path / "r.jsonl", tmp_path)
    assert (first["outcome"], first["state"], first["hacc"]) == ("right", "closed", True)


def test_a_thought_of_mistrals_is_a_list_of_texts_before_the_answer(tmp_path):
    thought = {
        "type": "thinking",
        "thinking": [{"type": "text", "text": "well, "}, {"type": "text", "text": "8"}],
    }
    parts = [thought, {"type": "text", "text": "it has \\boxed{8}"}]
    write_jsonl(tmp_path / "r.jsonl", [completion(parts) for _ in PROMPTS])
    first, *_ = load_responses(tmp_path / "r.jsonl", read_rows(ROWS))
    assert (first.thought, first.text) == ("well, 8", "it has \\boxed{8}")


ITEMS = [{"type": "message", "content": [{"type": "output_text", "text": "it has \\boxed{8}"}]}]


THOUGHT_ITEM = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "well"}], "summary": []}


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        # SGLang counts no reasoning where its parser takes thoughts out.
        (completion("it has \\boxed{8}", reasoning_content="well"), (None, None)),
        (completion("<think>well</think>it has \\boxed{8}"), (None, None)),
        (completion("it has \\boxed{8}", reasoning_content=None), (0, 700)),
        ({"object": "response", "status": "completed", "output": [THOUGHT_ITEM, *ITEMS]}, (None, None)),
        ({"object": "response", "status": "completed", "output": ITEMS}, (0, 700)),
    ],
)
def test_no_tokens_of_reasoning_where_there_is_some_is_no_count(body, counts, tmp_path):
    usage = {"prompt_tokens": 20, "completion_tokens": 700, "total_tokens": 720, "reasoning_tokens": 0}
    write_jsonl(tmp_path / "r.jsonl", [body | {"usage": usage} for _ in PROMPTS])
    first = scored(tmp_path / "r.jsonl", tmp_path)[0]
    assert (first["reasoning_tokens"], first["answer_tokens"]) == counts


def test_reasoning_that_is_counted_beside_the_reply_is_none_of_the_answer(tmp_path):
    details = {"completion_tokens_details": {"reasoning_tokens": 300}}
    usage = {"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 329} | details  # xAI's
    write_jsonl(tmp_path / "r.jsonl", [completion("\\boxed{8}") | {"usage": usage} for _ in PROMPTS])
    first = scored(tmp_path / "r.jsonl", tmp_path)[0]
    assert (first["reasoning_tokens"], first["answer_tokens"]) == (300, 9)


REFUSAL = [{"type": "refusal", "refusal": "no, sorry"}]


@pytest.mark.parametrize(
    "body",
    [
        completion(None, refusal="no, sorry"),
        completion(REFUSAL),
        {"object": "response", "status": "completed", "output": [{"type": "message", "content": REFUSAL}]},
    ],
)
def test_a_refusal_is_a_reply(body, tmp_path):
    write_jsonl(tmp_path / "r.jsonl", [body] * len(PROMPTS))
    first, *_ = load_responses(tmp_path / "r.jsonl", read_rows(ROWS))
    assert (first.text, first.truncated) == ("no, sorry", False)


@pytest.mark.parametrize(
    "failure",
    [
        {"response": None, "error": {"code": "batch_expired", "message": "late"}},
        {"response": {"status_code": 429, "body": {"error": {"message": "slow down"}}}, "error": None},
        {"response": {"status_code": 200, "body": None}, "error": None},
        {"response": {"status_code": 500, "body": {"choices": [{"message": {"content": "half an"}}]}}},
    ],
)
def test_failed_requests_of_a_batch_are_named_and_are_no_responses(failure, tmp_path):
    lines = lines_of("vllm_batch.jsonl")
    write_jsonl(tmp_path / "r.jsonl", [lines[0], lines[1] | failure, lines[2]])
    refused(tmp_path / "r.jsonl", r"r.jsonl:2: 1 of 3 requests failed \(custom_id q1\); ask again")


@pytest.mark.parametrize("prompted", [True, False])
def test_a_text_beside_a_custom_id_is_no_failed_request(prompted, tmp_path):
    lines = [
        {"custom_id": f"legs-{i}", "response": f"\\boxed{{{'846'[i]}}}"}
        | ({"prompt": PROMPTS[i]} if prompted else {})
        for i in (2, 0, 1)
    ]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3


def _asked_by(question):
    """One prompt as loggers write it beside the completion that it got."""
    turn = {"role": "user", "content": question}
    sent = json.dumps({"messages": [turn]})
    return [
        {"request": {"input": question}},
        {"request": {"input": [{"role": "user", "content": [{"type": "input_text", "text": question}]}]}},
        {"messages": json.dumps([turn])},
        {"request": sent},
        {"request": {"method": "POST", "body": sent}},
        {"prompt": [turn]},
        {"request": question},
        {"request": {"prompt": [question]}},
    ]


@pytest.mark.parametrize("form", range(8))
def test_calls_in_the_order_in_which_they_ended_are_matched_by_the_prompt_that_was_sent(form, tmp_path):
    golds = dict(zip(PROMPTS, "846", strict=True))
    lines = [
        _asked_by(prompt)[form]
        | {
            "response": {
                "choices": [{"message": {"content": f"\\boxed{{{golds[prompt]}}}"}, "finish_reason": "stop"}]
            }
        }
        for prompt in [*PROMPTS[1:], PROMPTS[0]]
    ]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3


@pytest.mark.parametrize(
    "line",
    [
        {"response": {"choices": [{"message": {"content": "it"}}]}, "request": {"temperature": 0}},
        {"messages": [{"role": "system", "content": "Be kind."}, {"role": "assistant", "content": "it"}]},
        {"messages": [{"role": "assistant", "content": "it"}], "response": None},
    ],
)
def test_lines_that_say_no_prompt_are_those_of_the_rows_in_their_order(line, tmp_path):
    write_jsonl(tmp_path / "r.jsonl", [line] * len(PROMPTS))
    assert len(load_responses(tmp_path / "r.jsonl", read_rows(ROWS))) == len(PROMPTS)


REPLY = completion("it has \\boxed{8}")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("query", {"query": "Who?", "response": REPLY}),
        ("query", {"query": "Who?", "output": ["it"]}),
        ("input", {"input": "Who?", "output": ["it"]}),
        ("meta", {"meta": {"of": ["legs-0"]}, "output": ["it"]}),
        ("user", REPLY | {"user": "Who?"}),
        ("query", {"request": {"query": "Who?", "temperature": 0}, "response": REPLY}),
        ("question_id", {"question_id": "q2", "messages": [{"role": "assistant", "content": "it"}]}),
    ],
)
def test_a_text_that_nobody_reads_may_be_the_prompt_and_is_refused(key, line, tmp_path):
    write_jsonl(tmp_path / "r.jsonl", [line] * len(PROMPTS))
    complaint = "r.jsonl:1: says neither row nor prompt, but there is text in"
    refused(tmp_path / "r.jsonl", f"{complaint} '{key}'; call it `prompt`")


@pytest.mark.parametrize(
    "line",
    [
        REPLY | {"metadata": {"weight_version": "default"}, "usage": {"reasoning_tokens": 0}},  # SGLang
        REPLY | {"prompt_filter_results": [{"content_filter_results": {"hate": {"severity": "safe"}}}]},  # Azure
        {"object": "response", "status": "completed", "output": ITEMS, "instructions": "Be kind.", "tools": [],
         "text": {"format": {"type": "text"}, "verbosity": "medium"}, "reasoning": {"effort": "low"}},
        {"request": {"model": "m", "stop": ["Q:"], "tool_choice": "auto"}, "response": REPLY, "latency": 1.5},
        {"output": ["it"], "reasoning_content": ["well"], "finish_reason": "stop", "model": "m"},
        {"output": ["it"], "answer": "36", "source": "gsm8k", "level": "easy"},  # of the problem
    ],
)  # fmt: skip
def test_what_servers_say_beside_a_reply_is_no_prompt(line, tmp_path):
    write_jsonl(tmp_path / "r.jsonl", [line] * len(PROMPTS))
    assert len(load_responses(tmp_path / "r.jsonl", read_rows(ROWS))) == len(PROMPTS)


def test_the_token_that_vllm_stopped_at_says_nothing_of_a_limit(tmp_path):
    lines = [{"prompt": prompt, "response": "it", "stop_reason": 151645} for prompt in PROMPTS]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert {line["cut"] for line in scored(tmp_path / "r.jsonl", tmp_path)} == {None}

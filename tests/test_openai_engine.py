"""A served model: what is asked of its server, and what is made of the answers."""

import asyncio
import json
import math
import re
import threading

import pytest
import torch
from openai_server import MODEL, ROWS, failure, said, sample, serving
from small_rows import TOKENS, read
from tiny import make_tiny
from transformers import AutoModelForCausalLM

from reins.eval.io.errors import InputError
from reins.eval.sample.generate import generate
from reins.eval.sample.settings import read_server
from reins.eval.score.score import score
from reins.eval.score.scores import read_scores
from reins.eval.verify import render
from reins.eval.verify.rows import read_rows


def test_each_row_is_one_turn_asked_with_the_settings_and_a_seed_of_its_own(server, few, tmp_path):
    made = read(sample(server, few, tmp_path / "out", samples=2))
    rows = {row.name: render(row) for row in read_rows(few)}
    assert [(record["row"], record["sample"]) for record in made] == [
        (name, n) for name in rows for n in (0, 1)
    ]
    turns = {(body["messages"][0]["content"], body["seed"]) for body in server.posted}
    assert turns == {(rows[record["row"]], record["seed"]) for record in made} and len(turns) == 2 * ROWS
    for body in server.posted:
        assert {key: body[key] for key in ("model", "max_tokens", "temperature", "top_p")} == {
            "model": MODEL,
            "max_tokens": 16,
            "temperature": 0.5,
            "top_p": 0.9,
        }
        assert [message["role"] for message in body["messages"]] == ["user"]
    assert all(record["text"] == f"It is {len(rows[record['row']])}." for record in made)
    plain = read(sample(server, few, tmp_path / "plain", with_constraints=False))
    assert {record["prompt_hash"] for record in plain}.isdisjoint(record["prompt_hash"] for record in made)


THOUGHT = "5 pens and 7. No, 12."
DETAILS = {"completion_tokens": 30, "completion_tokens_details": {"reasoning_tokens": 20}}
# xAI's: 5 tokens of prompt, 20 of reasoning, 10 of answer
BESIDE = {"prompt_tokens": 5, "total_tokens": 35} | DETAILS | {"completion_tokens": 10}
RECORDS = {
    "vLLM's field": (said("12", reasoning_content=THOUGHT, usage=DETAILS), "closed", False, (20, 10)),
    "Qwen's name": (said("12", thinking_content=THOUGHT, usage=DETAILS), "closed", False, (20, 10)),
    "its later field": (
        said("12", reasoning=THOUGHT, usage={"completion_tokens": 30}),
        "closed",
        False,
        (None, None),
    ),
    "tags in the text": (
        said(f"<think>\n{THOUGHT}\n</think>\n\n12", usage=DETAILS),
        "closed",
        False,
        (20, 10),
    ),
    "opened by the template": (said(f"{THOUGHT}\n</think>\n\n12"), "closed", False, (None, None)),
    "cut in its field": (
        said(None, "length", reasoning_content=THOUGHT, usage={"completion_tokens": 16}),
        "unclosed",
        True,
        (16, 0),
    ),
    "cut in its tags": (
        said(f"<think>\n{THOUGHT}", "length", usage={"completion_tokens": 16}),
        "unclosed",
        True,
        (16, 0),
    ),
    "none": (said("12", usage={"completion_tokens": 3}), "none", False, (0, 3)),
    "hidden": (said("12", usage=DETAILS), "none", False, (20, 10)),
    "an empty field": (
        said("12", reasoning_content="", usage={"completion_tokens": 3}),
        "none",
        False,
        (0, 3),
    ),
    "parts": (said([{"type": "text", "text": "12"}]), "none", False, (None, None)),
    "parts, its thought among them": (
        said(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
                {"type": "text", "text": "12"},
            ]
        ),
        "closed",
        False,
        (None, None),
    ),
    "counted beside the reply": (said("12", usage=BESIDE), "none", False, (20, 10)),
    "refused": (said(None, refusal="12"), "none", False, (None, None)),
    "filtered": (said("", "content_filter"), "none", True, (None, None)),
    "ended as nobody knows": (said("12", "other"), "none", None, (None, None)),
    "at the end of the context": (said("12", "model_context_window_exceeded"), "none", True, (None, None)),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_thought_in_a_field_or_in_the_text_is_one_record(name, few, tmp_path):
    answer, state, cut, lengths = RECORDS[name]
    with serving(lambda body: answer) as server:
        file = sample(server, few, tmp_path / "out")
    choice = answer["choices"][0]
    for record in read(file):
        assert record["cut"] == cut and record["finish_reason"] == choice["finish_reason"]
        assert (record["reasoning_tokens"], record["answer_tokens"]) == lengths
        assert record.get("usage") == answer.get("usage")
        if "parts" in name:
            assert record["text"] == "12"
    judged = read_scores(score(few, file, tmp_path / "scores"))
    assert {each.state for each in judged} == {state}
    assert {each.reasoned for each in judged} == {state != "none"}
    assert {each.hacc for each in judged} == {not cut and name != "filtered"}


def test_thoughts_that_a_template_opened_and_the_limit_cut_are_unclosed(few, tmp_path):
    """No tag tells it of the text itself, but its neighbours close what they never opened."""
    replies = iter([said(f"{THOUGHT}\n</think>\n\n12")] * (ROWS - 2) + [said(THOUGHT, "length")] * 2)
    with serving(lambda body: next(replies)) as server:
        file = sample(server, few, tmp_path / "out", settings={"concurrency": 1})
    states = [each.state for each in read_scores(score(few, file, tmp_path / "scores"))]
    assert sorted(states) == ["closed"] * (ROWS - 2) + ["unclosed"] * 2


def test_a_field_that_a_server_does_not_take_is_left_out_or_renamed(few, tmp_path):
    def picky(body):
        return said("12")

    with serving(picky) as server:
        server.faults = [failure(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")]
        server.faults += [failure(422, "seed: extra fields not permitted")]
        made = read(sample(server, few, tmp_path / "out", settings={"concurrency": 1}))
    assert len(server.posted) == ROWS + 2
    assert all("seed" not in body and body["max_completion_tokens"] == 16 for body in server.posted[2:])
    assert all("max_tokens" not in body for body in server.posted[1:])
    assert {record["seed"] for record in made} == {None}
    with serving(picky) as server:
        server.faults = [failure(400, "temperature must be 1")]
        with pytest.raises(InputError, match="temperature must be 1"):
            sample(server, few, tmp_path / "other", settings={"concurrency": 1})


def refusing(*statuses_and_contents):
    """Faults with these contents, word for word."""
    return [
        lambda handler, status=status, content=content: handler.send(status, content)
        for status, content in statuses_and_contents
    ]


def pydantic(kind, *place, **more):
    """FastAPI's answer to a request that it cannot read."""
    message = {"extra_forbidden": "Extra inputs are not permitted"}.get(kind, "Value error, too much")
    return {"detail": [{"type": kind, "loc": ["body", *place], "msg": message, **more}]}


NOT_TAKEN = {
    "OpenAI": (
        "max_tokens",
        {
            "error": {
                "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                "type": "invalid_request_error",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            }
        },
    ),
    "OpenAI, of old": ("seed", {"error": {"message": "Unrecognized request argument supplied: seed"}}),
    "FastAPI": ("seed", pydantic("extra_forbidden", "seed", input=7)),
    "FastAPI, of a union": ("seed", pydantic("extra_forbidden", "ChatRequest", "seed")),
    "Mistral": ("seed", {"object": "error", "message": pydantic("extra_forbidden", "seed", input=7)}),
    "vLLM": (
        "seed",
        {
            "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not permitted'}]"
        },
    ),
    "pydantic": (
        "seed",
        {"error": "1 validation error for Request\nseed\n  Extra inputs are not permitted [input_value=7]"},
    ),
    "Gemini": (
        "seed",
        [{"error": {"message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'}}],
    ),
    "xAI": ("seed", {"error": "Argument not supported on this model: seed"}),
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_a_field_that_is_not_taken_is_known_by_what_each_server_writes(few, tmp_path, name):
    field, content = NOT_TAKEN[name]
    with serving(lambda body: said("12")) as server:
        server.faults = refusing((400, content))
        sample(server, few, tmp_path / "out", settings={"concurrency": 1})
    assert len(server.posted) == ROWS + 1 and field in server.posted[0]
    assert all(field not in body for body in server.posted[1:])
    assert all(body.keys() & {"max_tokens", "max_completion_tokens"} for body in server.posted)


DEEPSEEK = "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"
VLLM = (
    "'max_tokens' or 'max_completion_tokens' is too large: 16. This model's maximum context length is 64 tokens "
    "and your request has 60 input tokens (16 > 64 - 60). (parameter=max_tokens, value=16)"
)
VALUE = "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported."
ECHO = {"model": MODEL, "max_tokens": 16, "seed": 3, "note": "unsupported"}
FEWER = "give fewer max_new_tokens, or leave that row out"
NOT_OF_A_FIELD = {
    "DeepSeek": ({"error": {"message": DEEPSEEK, "param": None}}, FEWER),
    "vLLM": ({"object": "error", "message": VLLM, "code": 400}, FEWER),
    "a value": (
        {"error": {"message": VALUE, "param": "temperature", "code": "unsupported_value"}},
        "mend what it names",
    ),
    "the request said back": (pydantic("value_error", "messages", input=ECHO), "mend what it names"),
    "a text that has the word": (
        {"error": {"message": "The prompt asks for an unknown random seed or a forbidden nonce."}},
        "mend what it names",
    ),
}


@pytest.mark.parametrize("name", NOT_OF_A_FIELD)
def test_a_refusal_that_only_names_a_field_is_one_line_and_drops_none(few, tmp_path, name):
    content, fix = NOT_OF_A_FIELD[name]
    with serving(lambda body: said("12")) as server:
        server.faults = refusing((422, content))
        with pytest.raises(InputError) as error:
            sample(server, few, tmp_path / "out", settings={"concurrency": 1})
    assert re.match(r"test-00000\d: http://.*: 422 ", str(error.value)) and error.value.fix == fix
    assert len(server.posted) == 1


def test_probabilities_that_a_server_tells_fewer_of_are_not_asked_for(few, tmp_path):
    too_many = "Requested sample logprobs of 20, which is greater than max allowed: 5"
    with serving(lambda body: said("YES")) as server:
        server.faults = refusing((400, {"message": too_many}))
        made = read(sample(server, few, tmp_path / "out", mode="decide", settings={"concurrency": 1}))
    assert {record["p_yes"] for record in made} == {1.0} and len(server.posted) == ROWS + 1
    assert not any(body.keys() & {"logprobs", "top_logprobs"} for body in server.posted[1:])


def test_a_mode_that_only_asks_for_more_goes_by_chat(server, few, tmp_path):
    sample(server, few, tmp_path / "out", mode="cot", samples=1)
    turns = {body["messages"][0]["content"] for body in server.posted}
    questions = {render(row) for row in read_rows(few)}
    assert len(turns) == ROWS and not turns & questions
    assert all(
        "inside <think> and </think>" in turn and turn.partition("\nFirst think")[0] in questions
        for turn in turns
    )


@pytest.mark.parametrize("mode", ["direct", "repeat", "budget 10", "wait 1", "pad 3"])
def test_modes_that_edit_are_refused_by_name_before_anything_is_sent(server, few, tmp_path, mode):
    with pytest.raises(InputError, match=f"mode: '{mode}' edits .*`tokenizer`"):
        sample(server, few, tmp_path / "out", mode=mode)
    assert not server.posted and not server.asked_for_models and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"base_url": "http://user:hunter2@host/v1"}, "base_url: is none; give an address without user"),
        ({"base_url": "http://host/v1?key=hunter2"}, "base_url: is none"),
        ({"base_url": "host:8000"}, "base_url: is none"),
        ({"base_url": "http://host:80a/v1"}, "base_url: is none; give an address .* port up to 65535"),
        ({"base_url": "http://host:80000/v1"}, "base_url: is none"),
        ({"base_url": "http://[::1/v1"}, "base_url: is none"),
        ({"base_url": "http://:8000/v1"}, "base_url: is none"),
        ({"key_variable": "sk-hunter2"}, "key_variable: is none; give the name of an environment variable"),
        ({"concurrency": 0}, "concurrency: got 0"),
        ({"timeout": 0}, "timeout: got 0"),
        ({"timeout": math.inf}, "timeout: got inf; .*finite"),
        ({"price": {"input": 1.0, "output": math.inf}}, "price.output: got inf; .*finite"),
    ],
)
def test_settings_of_no_use_are_refused_without_showing_a_secret(settings, line):
    with pytest.raises(InputError) as error:
        read_server({"base_url": "http://host/v1"} | settings)
    assert re.match(line, str(error.value)) and "hunter2" not in str(error.value)


def test_a_temperature_that_is_no_number_is_refused_before_anything_is_sent(server, few, tmp_path):
    with pytest.raises(InputError, match="temperature: got inf; .*finite"):
        sample(server, few, tmp_path / "out", temperature=math.inf)
    assert not server.posted and not (tmp_path / "out").exists()


def with_half_a_character(few):
    """The rows, the second of which ends in half of a surrogate pair; its name."""
    rows = read(few)
    rows[1]["question"] += "\ud83d"
    few.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return read_rows(few)[1].name


def test_a_row_that_cannot_be_sent_is_named_before_anything_is(server, few, tmp_path):
    name = with_half_a_character(few)
    line = rf"{name}: asks by half of a character \('\\ud83d'\); write the whole"
    with pytest.raises(InputError, match=line):
        sample(server, few, tmp_path / "out")
    assert not server.posted and not (tmp_path / "out").exists()


def test_a_row_that_no_tokenizer_takes_is_named(tiny, few, tmp_path):
    name = with_half_a_character(few)
    with pytest.raises(InputError, match=f"{name}: asks by half of a character"):
        generate(tiny, few, tmp_path / "out", samples=1, max_new_tokens=4)


def test_a_reply_that_breaks_off_in_a_character_can_be_shown_again(few, tmp_path):
    with serving(lambda body: said("12 \ud83d")) as server:
        made = read(sample(server, few, tmp_path / "out", mode="reflect"))
    assert all(record["text"] == record["first"]["text"] == "12 \ud83d" for record in made)
    assert sum("12 ?" in body["messages"][0]["content"] for body in server.posted) == ROWS


def test_the_cost_is_what_the_server_counted_at_the_stated_price(server, few, tmp_path):
    price = {"input": 2.0, "output": 10.0}
    sample(server, few, tmp_path / "out", settings={"price": price})
    spent = json.loads((tmp_path / "out/usage.json").read_text())
    prompts = sum(len(render(row)) for row in read_rows(few))
    assert spent["prompt_tokens"] == prompts and spent["completion_tokens"] == 4 * ROWS
    assert spent["cost"] == pytest.approx((2 * prompts + 10 * 4 * ROWS) / 1e6) and spent["uncounted"] == 0
    with serving(lambda body: said("12")) as silent:
        sample(silent, few, tmp_path / "silent", settings={"price": price})
    assert json.loads((tmp_path / "silent/usage.json").read_text())["uncounted"] == ROWS


def test_reasoning_that_a_server_counts_beside_its_replies_is_drawn_and_paid_for(few, tmp_path):
    with serving(lambda body: said("12", usage=BESIDE)) as server:
        file = sample(server, few, tmp_path / "out", settings={"price": {"input": 0.0, "output": 10.0}})
    assert {record["drawn_tokens"] for record in read(file)} == {30}
    spent = json.loads((tmp_path / "out/usage.json").read_text())
    assert (spent["completion_tokens"], spent["reasoning_tokens"]) == (30 * ROWS, 20 * ROWS)
    assert spent["cost"] == pytest.approx(10 * 30 * ROWS / 1e6)


def test_numbers_that_are_none_are_gaps_in_what_a_server_counts(few, tmp_path):
    nan, inf = float("nan"), float("inf")
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "queue_time": nan, "times": [inf, 0.5]}
    with serving(lambda body: said("12", usage=usage)) as server:
        made = read(sample(server, few, tmp_path / "out"))
    assert [record["usage"] for record in made] == [usage | {"queue_time": None, "times": [None, 0.5]}] * ROWS
    sure = said("Yes")
    sure["choices"][0]["logprobs"] = first_token(Yes=math.log(0.5), No=-inf)
    with serving(lambda body: sure) as server:
        made = read(sample(server, few, tmp_path / "sure", mode="decide"))
    assert {(record["p_yes"], record["p_word"]) for record in made} == {(1.0, 0.5)}


def first_token(**logs):
    """The log-probabilities of a reply's first token, as a chat server tells them."""
    likeliest = [{"token": token, "logprob": logprob} for token, logprob in logs.items()]
    return {"content": [{"token": "", "logprob": 0.0, "top_logprobs": likeliest}]}


DECISIONS = {
    "a word": ({"text": "No"}, 0.25),
    "a thought in the text": ({"text": "<think>\nNo commas.\n</think>\n\nYES"}, 1.0),
    "a thought that the template opened": ({"text": "No commas.\n</think>\n\nYES"}, 1.0),
    "a thought beside": ({"text": "Yes.", "reasoning_content": "No commas."}, 1.0),
    "a thought that was cut": ({"text": "<think>\nNo commas", "finish": "length"}, None),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_is_never_read_from_the_first_token_of_a_thought(name, few, tmp_path):
    reply, p_yes = DECISIONS[name]
    answer = said(**reply)
    answer["choices"][0]["logprobs"] = first_token(Yes=math.log(0.2), No=math.log(0.6))
    with serving(lambda body: answer) as server:
        made = read(sample(server, few, tmp_path / "out", mode="decide"))
    assert all(body["logprobs"] for body in server.posted)
    p_word = 0.8 if name == "a word" else None
    assert [record.get("p_yes") for record in made] == [p_yes and pytest.approx(p_yes)] * ROWS
    assert [record.get("p_word") for record in made] == [p_word and pytest.approx(p_word)] * ROWS


def test_a_notebook_which_runs_a_loop_can_ask_a_server(server, few, tmp_path):
    async def cell(name, **changes):
        return read(sample(server, few, tmp_path / name, **changes))

    assert asyncio.run(cell("inside")) == read(sample(server, few, tmp_path / "outside"))
    server.faults = [failure(400, "no such row")]
    with pytest.raises(InputError, match="no such row"):
        asyncio.run(cell("failing", settings={"concurrency": 1}))


def test_a_reply_of_another_model_that_is_shown_costs_nothing(server, few, tmp_path):
    shown = sample(server, few, tmp_path / "shown", mode="cot")
    sample(server, few, tmp_path / "out", mode="reflect_other", replies=shown)
    spent = json.loads((tmp_path / "out/usage.json").read_text())
    assert (spent["samples"], spent["completion_tokens"]) == (ROWS, 4 * ROWS)
    sample(server, few, tmp_path / "both", mode="reflect")
    assert json.loads((tmp_path / "both/usage.json").read_text())["samples"] == 2 * ROWS


MODES = [("think", 7), ("direct", 11), ("budget 10", 11), ("wait 2", 7), ("repeat", 7), ("pad 3", 7)]


@pytest.fixture(scope="module")
def thinkers(tmp_path_factory):
    """Greedy, one goes on thinking and the other ends its thoughts: else some modes would have nothing to do."""
    return {
        seed: make_tiny(tmp_path_factory.mktemp("thinker") / str(seed), think_tokens=True, seed=seed)
        for seed in (7, 11)
    }


def completing(folder):
    """Greedy completions of token ids by a model of ours, as vLLM's server gives them."""
    model, lock = AutoModelForCausalLM.from_pretrained(folder), threading.Lock()

    @torch.inference_mode()
    def reply(body):
        tokens, drawn, cache = torch.tensor([body["prompt"]]), [], None
        while len(drawn) < body["max_tokens"] and not (drawn and drawn[-1] in body["stop_token_ids"]):
            with lock:
                made = model(tokens, past_key_values=cache, use_cache=True)
            cache, tokens = made.past_key_values, made.logits[:, -1:].argmax(-1)
            drawn.append(tokens.item())
        ended = "stop" if drawn[-1] in body["stop_token_ids"] else "length"
        return {"choices": [{"text": "", "finish_reason": ended, "token_ids": drawn}]}

    return reply


@pytest.mark.parametrize(("mode", "seed"), MODES)
def test_by_token_ids_every_mode_gives_the_replies_of_the_transformers_engine(
    thinkers, few, tmp_path, mode, seed
):
    thinker = thinkers[seed]
    asked = {"mode": mode, "samples": 1, "temperature": 0, "max_new_tokens": TOKENS}
    ours = read(generate(thinker, few, tmp_path / "ours", **asked))
    with serving(completing(thinker)) as server:
        assert (
            read(sample(server, few, tmp_path / "theirs", settings={"tokenizer": str(thinker)}, **asked))
            == ours
        )
    if mode != "think":
        assert len(server.posted) > ROWS, "nothing was edited"
    # vLLM's server takes these from the checkpoint's generation_config.json where a request leaves them out.
    off = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
    assert all(body.items() >= off.items() for body in server.posted)


def test_a_server_without_token_ids_is_one_line(few, tmp_path, thinkers):
    no_ids = {"choices": [{"text": "12", "finish_reason": "stop"}]}
    refused = pytest.raises(InputError, match="returns no token ids, by which prompts are asked here")
    with serving(lambda body: no_ids) as server, refused:
        sample(server, few, tmp_path / "out", settings={"tokenizer": str(thinkers[7])}, mode="wait 1")
    assert len(server.posted) <= 8

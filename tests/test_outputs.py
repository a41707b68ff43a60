"""Outputs of other projects, in files that those projects wrote (tests/data/outputs): each read as it is, or refused."""

import json
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.score.score import score
from reins.eval.verify.rows import read_rows

DATA = Path(__file__).parent / "data/outputs"
ROWS = DATA / "rows.jsonl"
FILES = sorted(file.name for file in DATA.iterdir() if file.name not in ("rows.jsonl", "README.md"))
# Files that do not say whether a sample hit its limit.
SILENT = {"lm_eval.jsonl", "lighteval.parquet", "evalscope_reviews.jsonl", "conversations.jsonl"}
# Row and sample, verdicts (no comma, small letters), outcome, state; all files hold the same six generations.
SAMPLES = [
    ("legs-0", 0, [True, True], "right", "closed"),
    ("legs-0", 1, [False, False], "right", "none"),
    ("legs-1", 0, [False, False], "missing", "unclosed"),
    ("legs-1", 1, [True, False], "right", "closed"),  # a bare number has no letters, so no small ones
    ("legs-2", 0, [True, False], "wrong", "none"),
    ("legs-2", 1, [False, False], "missing", "none"),  # cut
]
FINISHED = [*SAMPLES[:-1], ("legs-2", 1, [False, True], "right", "none")]  # where nobody says that it was cut


def scored(file, tmp_path, rows=ROWS):
    return read_jsonl(score(rows, file, tmp_path / "out"))


def refused(file, complaint, rows=ROWS):
    with pytest.raises(InputError, match=complaint) as caught:
        load_responses(file, read_rows(rows))
    assert "\n" not in str(caught.value)


def lines_of(name):
    return read_jsonl(DATA / name)


def test_there_is_a_file_of_every_form():
    assert len(FILES) == 11


@pytest.mark.parametrize("name", FILES)
def test_outputs_are_scored_as_they_are(name, tmp_path):
    found = [
        (line["row"], line["sample"], line["verdicts"], line["outcome"], line["state"])
        for line in scored(DATA / name, tmp_path)
    ]
    assert found == (FINISHED if name in SILENT else SAMPLES)


@pytest.mark.parametrize("name", FILES)
def test_the_form_is_told_by_content_alone(name, tmp_path):
    same = shutil.copy(DATA / name, tmp_path / "some.txt")
    rows = read_rows(ROWS)
    assert load_responses(same, rows) == load_responses(DATA / name, rows)


@pytest.mark.parametrize("name", FILES)
def test_what_hit_its_limit_is_truncated_where_the_file_says_so(name):
    cut = [response.truncated for response in load_responses(DATA / name, read_rows(ROWS))]
    assert cut == ([None] * 6 if name in SILENT else [False, False, True, False, False, True])


@pytest.mark.parametrize("name", ["inspect.eval", "inspect.json", "openai_batch.jsonl"])
def test_tokens_are_kept_where_they_were_counted_apart(name):
    first, *_ = load_responses(DATA / name, read_rows(ROWS))
    assert (first.reasoning_tokens, first.answer_tokens) == (11, 9)
    assert first.thought == "A spider, an arachnid, has eight."


def test_a_document_that_lm_eval_lists_once_per_filter_is_one(tmp_path):
    lines = lines_of("lm_eval.jsonl")
    assert [line["filter"] for line in lines] == ["all"] * 3 + ["first"] * 3
    write_jsonl(tmp_path / "two_runs.jsonl", [*lines[:3], *lines[:3]])
    assert len(load_responses(tmp_path / "two_runs.jsonl", read_rows(ROWS))) == 12


def test_a_metric_without_a_value_is_no_fault_of_a_line(tmp_path):
    lines = [
        line | {"exact_match": float("nan")} for line in lines_of("lm_eval.jsonl")
    ]  # as lm-eval writes it
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = read_rows(ROWS)
    assert load_responses(tmp_path / "r.jsonl", rows) == load_responses(DATA / "lm_eval.jsonl", rows)


def test_rows_that_share_a_question_are_told_apart_by_the_prompt_that_was_sent(tmp_path):
    rows = [row | {"question": "What is 9 - 5?", "id": "q"} for row in lines_of("rows.jsonl")]
    rows = [row | {"constraint_desc": [f"Rule {i}.", "Small."]} for i, row in enumerate(rows)]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    asked = [
        f"What is 9 - 5?\nPut the final answer within \\boxed{{}}.\nRule {i}.\nSmall." for i in (2, 0, 1)
    ]
    lines = [
        {"doc_id": i, "doc": {"question": "What is 9 - 5?"}, "resps": [[prompt]], "filter": "none"}
        for i, prompt in enumerate(asked)
    ]
    # For chat servers: a tuple of one JSON text.
    chats = [[json.dumps([{"role": "user", "content": prompt, "type": "text"}])] for prompt in asked]
    for arguments in (
        [{"gen_args_0": {"arg_0": chat, "arg_1": {}}} for chat in chats],
        [{"gen_args_0": {"arg_0": prompt, "arg_1": {}}} for prompt in asked],
        [[[prompt, {}]] for prompt in asked],
    ):
        sent = [line | {"arguments": each} for line, each in zip(lines, arguments, strict=True)]
        write_jsonl(tmp_path / "samples.jsonl", sent)
        responses = load_responses(tmp_path / "samples.jsonl", read_rows(tmp_path / "rows.jsonl"))
        assert [response.text.splitlines()[2] for response in responses] == ["Rule 0.", "Rule 1.", "Rule 2."]
    write_jsonl(tmp_path / "samples.jsonl", [line | {"arguments": {}} for line in lines[:2]])
    refused(tmp_path / "samples.jsonl", "stands 3 times in the data", tmp_path / "rows.jsonl")


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".jsonl")])
def test_outputs_of_other_prompts_are_refused_and_named(name, tmp_path):
    lines = lines_of(name)
    others = [
        row | {"question": f"Other {i}?", "row": f"other-{i}", "id": f"o{i}"}
        for i, row in enumerate(lines_of("rows.jsonl"))
    ]
    write_jsonl(tmp_path / "rows.jsonl", [*lines_of("rows.jsonl")[:2], others[2]])
    write_jsonl(tmp_path / "r.jsonl", lines)
    if name == "chat_completions.jsonl":  # says nothing of its rows: line i is row i's
        write_jsonl(tmp_path / "r.jsonl", lines[:2])
        refused(tmp_path / "r.jsonl", "2 outputs for 3 rows", tmp_path / "rows.jsonl")
        return
    refused(
        tmp_path / "r.jsonl",
        r"r.jsonl:\d+: .* is not in the data \(\d of \d lines: [\d, ]+\)",
        tmp_path / "rows.jsonl",
    )


def test_rows_without_outputs_are_named(tmp_path):
    write_jsonl(tmp_path / "r.jsonl", lines_of("vllm_batch.jsonl")[1:2])
    refused(tmp_path / "r.jsonl", r"2 rows have no response, the first 'legs-0' \(also legs-2\)")


def completion(text, **more):
    return {
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text} | more, "finish_reason": "stop"}
        ]
    }


PROMPTS = [row["question"] for row in read_jsonl(ROWS)]


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


def test_a_refusal_is_a_reply(tmp_path):
    lines = [completion(None, refusal="no, sorry") for _ in PROMPTS]
    write_jsonl(tmp_path / "r.jsonl", lines)
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


def test_failed_samples_of_inspect_are_named(tmp_path):
    log = json.loads((DATA / "inspect.json").read_text())
    log["samples"][3]["error"] = {"message": "boom", "traceback": "", "traceback_ansi": ""}
    log["results"]["scores"][0]["metrics"]["stderr"]["value"] = float("nan")  # as Inspect writes it
    (tmp_path / "log.json").write_text(json.dumps(log, indent=2))
    refused(tmp_path / "log.json", r"1 of 6 samples ended in an error \(id legs-\d\)")


def test_a_table_and_a_list_are_read_as_lines(tmp_path):
    lines = lines_of("prompt_response.jsonl")
    (tmp_path / "r.json").write_text(json.dumps(lines, indent=1))
    rows = read_rows(ROWS)
    assert load_responses(tmp_path / "r.json", rows) == load_responses(DATA / "prompt_response.jsonl", rows)


def test_a_sample_that_a_limit_of_inspects_own_ended_was_cut_and_has_no_text(tmp_path):
    log = json.loads((DATA / "inspect.json").read_text())
    sample = log["samples"][3]
    sample["output"] |= {"choices": [], "completion": "", "usage": None}
    (tmp_path / "log.json").write_text(json.dumps(log, indent=2))
    refused(tmp_path / "log.json", "a completion without any choice")
    sample["limit"] = {"type": "token", "limit": 100.0}
    (tmp_path / "log.json").write_text(json.dumps(log, indent=2))
    key = sample["id"], sample["epoch"] - 1
    (ended,) = [one for one in scored(tmp_path / "log.json", tmp_path) if (one["row"], one["sample"]) == key]
    assert (ended["cut"], ended["outcome"], ended["hacc"]) == (True, "missing", False)


def review(index, said, gold, **row):
    """A line of evalscope's `reviews/`, 1.0 to 1.6."""
    score = {"value": {"acc": 1.0}, "extracted_prediction": gold, "prediction": f"\\boxed{{{gold}}}"}
    kept = {"score": score, "sample_id": index, "group_id": index, "sample_metadata": row}
    return {"index": index, "input": said, "target": gold, "sample_score": kept}


@pytest.mark.parametrize(
    "chat",
    ["{}", "**User**: {}", "**User**: \n{}", "**System**: \nBe kind.\n\n**User**: \nHi\n\n**Assistant**: \nHi\n\n**User**: \n{}"],
)  # fmt: skip
def test_older_reviews_of_evalscope_are_read(chat, tmp_path):
    lines = [review(i, chat.format(PROMPTS[i]), "846"[i]) for i in (2, 0, 1)]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3


def test_older_reviews_of_evalscope_tell_rows_apart_by_what_they_keep_of_them(tmp_path):
    rows = [row | {"question": "What is it?"} for row in lines_of("rows.jsonl")]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    lines = [review(i, "**User**: \nWhat is it?", "846"[2 - i], id=f"q{2 - i}") for i in range(3)]
    write_jsonl(tmp_path / "r.jsonl", lines)
    found = scored(tmp_path / "r.jsonl", tmp_path, tmp_path / "rows.jsonl")
    assert [line["outcome"] for line in found] == ["right"] * 3


def answer_of_evalscope(raw, gold, **number):
    """A line of `predictions/` or `reviews/` to 0.17, with the fields in which the server's answer says no row."""
    kept = completion(f"\\boxed{{{gold}}}")
    kept["choices"][0]["review"] = {"gold": gold, "pred": gold, "result": 1.0}
    own = {"id": "chatcmpl-7", "created": 1750000000, "model": "m", "object": "chat.completion"}
    spec = {"model_spec": {"api_url": "http://localhost:8000/v1", "model_id": "m"}, "answer_id": "answer-1f"}
    return own | kept | spec | {"subset_name": "default", "raw_input": raw} | number


@pytest.mark.parametrize(
    "raw",
    [
        lambda i: {"prompt": PROMPTS[i], "key": 1000 + i},
        lambda i: {"query": PROMPTS[i], "response": "846"[i]},
        lambda i: {"row": f"legs-{i}", "text": "Put in a template."},
    ],
)
def test_answers_of_evalscope_before_1_0_are_matched_by_the_row_that_it_read(raw, tmp_path):
    numbers = [
        lambda i: {"index": i},
        lambda i: {"origin_prompt": {"data": [PROMPTS[i]], "index": i, "raw_input": raw(i)}},  # 0.13
    ]
    for number in numbers:
        lines = [answer_of_evalscope(raw(i), "846"[i], **number(i)) for i in (2, 0, 1)]  # as they ended
        write_jsonl(tmp_path / "r.jsonl", lines)
        assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3
        write_jsonl(tmp_path / "rows.jsonl", [row | {"question": "Same?"} for row in lines_of("rows.jsonl")])
        alike = [answer_of_evalscope({"question": "Same?"}, "846"[i], **number(i)) for i in (2, 0, 1)]
        write_jsonl(tmp_path / "r.jsonl", alike)
        found = scored(tmp_path / "r.jsonl", tmp_path, tmp_path / "rows.jsonl")
        assert [line["outcome"] for line in found] == ["right"] * 3


def test_answers_of_evalscope_whose_prompt_is_not_read_are_refused(tmp_path):
    lines = [answer_of_evalscope({"passage": PROMPTS[i]}, "846"[i], index=i) for i in (2, 0, 1)]
    write_jsonl(tmp_path / "r.jsonl", lines)
    refused(tmp_path / "r.jsonl", "its prompt cannot be read; give rows whose `raw_input` names the row")


def _bad_deflate():
    """A zip whose one sample is no deflated text, though its directory says so."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("samples/1_epoch_1.json", b"\xff" * 40)
    content = bytearray(file.getvalue())
    for place in (8, content.index(b"PK\x01\x02") + 10):
        content[place : place + 2] = (8).to_bytes(2, "little")
    return bytes(content)


BAD_DEFLATE = _bad_deflate()
BROKEN = {
    "not.zip": (b"PK\x03\x04 and no more", "a zip that cannot be read"),
    "cut.eval": ((DATA / "inspect.eval").read_bytes()[:9000], "a zip that cannot be read"),
    "cut.parquet": ((DATA / "lighteval.parquet").read_bytes()[:9000], "no parquet file that can be read"),
    "cut.json": ((DATA / "inspect.json").read_bytes()[:9000], "broken JSON"),
    "results.json": (b'{\n "results": {"ifeval": {"acc": 0.5}}\n}\n', "no response in a known form; give .*lm-eval"),
    "empty.json": (b"[]\n", "holds no responses"),
    "header.json": (b'{"eval": {"task": "legs"}, "samples": null}\n', "a log without samples"),
    "empty.jsonl": (b"", "holds no responses"),
    "likelihoods.jsonl": (
        b'{"doc_id": 0, "doc": {"question": "Is it?"}, "resps": [[["-1.5", "False"]], [["-0.5", "True"]]], "filter": "none"}\n',
        "field 'resps' is .*give the texts of a task that generates",
    ),
    "user.jsonl": (b'{"messages": [{"role": "user", "content": "Hi"}]}\n', "the last message is not the assistant's"),
    "none.jsonl": (b'{"object": "chat.completion", "choices": []}\n', "a completion without any choice"),
    "half.jsonl": (b'{"choices": [{"message": {"content": "it"}, "finish_reason": "error"}]}\n', r"a response that was broken off \(error\)"),
    "aborted.jsonl": (b'{"prompt": "Hi", "response": "it", "finish_reason": "abort"}\n', r"was broken off \(abort\)"),
    "failed.jsonl": (
        b'{"prompt": "Hi", "response": {"object": "response", "status": "failed", "output": []}}\n',
        r"has not ended \(status failed\)",
    ),
    "unread.jsonl": (
        b'{"messages": [{"role": "human", "content": "Hi"}, {"role": "assistant", "content": "it"}]}\n',
        "its prompt cannot be read",
    ),
    "nameless.jsonl": (
        b'{"custom_id": null, "response": {"choices": [{"message": {"content": "it"}}]}}\n',
        "field 'custom_id' is null",
    ),
    "reference.jsonl": (
        b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "gold"}], "response": "it"}\n',
        "no response in a known form",
    ),
    "false.jsonl": (b'{"messages": [{"role": "assistant", "content": false}]}\n', "field 'content' is false"),
    "zlib.eval": (BAD_DEFLATE, "a zip that cannot be read"),
    "picture.jsonl": (b'{"choices": [{"message": {"content": [{"type": "image", "image": "x"}]}}]}\n', "field 'content' is "),
}  # fmt: skip


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


@pytest.mark.parametrize(
    "wrapped", [lambda gold: {"output": [gold]}, lambda gold: {"response": completion(gold)}]
)
def test_lines_that_number_themselves_are_taken_in_that_order(wrapped, tmp_path):
    lines = [wrapped(f"\\boxed{{{'846'[i]}}}") | {"index": i} for i in (1, 2, 0)]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3


def test_a_row_that_is_named_may_be_asked_by_a_template_of_ones_own(tmp_path):
    lines = [
        {"row": f"legs-{i}", "prompt": f"Answer briefly. {PROMPTS[i]}", "response": f"\\boxed{{{'846'[i]}}}"}
        for i in (2, 0, 1)
    ]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert [line["outcome"] for line in scored(tmp_path / "r.jsonl", tmp_path)] == ["right"] * 3
    write_jsonl(tmp_path / "r.jsonl", [lines[0] | {"prompt": PROMPTS[1]}, *lines[1:]])
    refused(tmp_path / "r.jsonl", "r.jsonl:1: prompt and row are of different rows")
    write_jsonl(tmp_path / "r.jsonl", [line | {"row": f"other-{i}"} for i, line in enumerate(lines)])
    refused(tmp_path / "r.jsonl", r"prompt 'Answer briefly.* is not in the data \(3 of 3 lines\)")


def test_ids_of_inspect_that_all_name_rows_stand_for_prompts_of_ones_own(tmp_path):
    log = json.loads((DATA / "inspect.json").read_text())
    for sample in log["samples"]:
        sample["input"] = f"Answer briefly. {sample['id']}"
    (tmp_path / "log.json").write_text(json.dumps(log))
    found = [(one["row"], one["sample"], one["outcome"]) for one in scored(tmp_path / "log.json", tmp_path)]
    assert found == [(row, sample, outcome) for row, sample, _, outcome, _ in SAMPLES]
    log["samples"][3]["id"] = 4
    (tmp_path / "log.json").write_text(json.dumps(log))
    refused(tmp_path / "log.json", r"prompt 'Answer briefly.* is not in the data \(6 of 6 lines\)")


def test_the_token_that_vllm_stopped_at_says_nothing_of_a_limit(tmp_path):
    lines = [{"prompt": prompt, "response": "it", "stop_reason": 151645} for prompt in PROMPTS]
    write_jsonl(tmp_path / "r.jsonl", lines)
    assert {line["cut"] for line in scored(tmp_path / "r.jsonl", tmp_path)} == {None}


@pytest.mark.parametrize("said", [{"done_reason": "length"}, {"stop_reason": "max_tokens"}, {"cut": True}])
def test_a_line_that_says_that_it_was_cut_is_believed(said, tmp_path):
    write_jsonl(
        tmp_path / "r.jsonl", [{"prompt": prompt, "response": "\\boxed{8}"} | said for prompt in PROMPTS]
    )
    assert {line["cut"] for line in scored(tmp_path / "r.jsonl", tmp_path)} == {True}


@pytest.mark.parametrize("name", BROKEN)
def test_bad_files_end_in_one_clear_line(name, tmp_path):
    content, complaint = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, f"{name}.*{complaint}")


def changed(value, path=()):
    """Every place in a value, with what stands there replaced by things of other types."""
    for other in (None, 5, "x", [], {"a": 1}):
        yield path, other
    if isinstance(value, dict):
        for key in value:
            yield from changed(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from changed(value[0], (*path, 0))


def put(value, path, other):
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".jsonl")])
def test_a_field_of_another_type_is_read_or_refused_in_one_line(name, tmp_path):
    first, *others = lines_of(name)
    rows, read = read_rows(ROWS), 0
    for path, other in changed(first):
        write_jsonl(tmp_path / "r.jsonl", [put(first, path, other), *others])
        try:
            read += bool(load_responses(tmp_path / "r.jsonl", rows))
        except InputError as error:
            assert "\n" not in str(error)
    assert read  # what nobody reads may be anything


def test_an_older_log_of_inspect_is_a_deflated_zip(tmp_path):
    samples = json.loads((DATA / "inspect.json").read_text())["samples"]
    with zipfile.ZipFile(tmp_path / "old.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        for each in samples:
            archive.writestr(f"samples/{each['id']}_epoch_{each['epoch']}.json", json.dumps(each))
        archive.writestr("header.json", "{}")
    rows = read_rows(ROWS)
    assert load_responses(tmp_path / "old.eval", rows) == load_responses(DATA / "inspect.eval", rows)


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY")
    refused(tmp_path / "arrays.npz", "a zip without samples of an Inspect log")

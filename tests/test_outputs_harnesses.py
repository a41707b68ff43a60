"""Outputs of evaluation harnesses: lm-evaluation-harness, Inspect, evalscope."""

import json
import zipfile

import pytest
from output_files import DATA, PROMPTS, ROWS, SAMPLES, completion, lines_of, refused, scored

from reins.eval.io.jsonl import write_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.verify.rows import read_rows


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


def test_failed_samples_of_inspect_are_named(tmp_path):
    log = json.loads((DATA / "inspect.json").read_text())
    log["samples"][3]["error"] = {"message": "boom", "traceback": "", "traceback_ansi": ""}
    log["results"]["scores"][0]["metrics"]["stderr"]["value"] = float("nan")  # as Inspect writes it
    (tmp_path / "log.json").write_text(json.dumps(log, indent=2))
    refused(tmp_path / "log.json", r"1 of 6 samples ended in an error \(id legs-\d\)")


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

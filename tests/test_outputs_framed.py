"""Prompts inside a template of a harness's own task: whose row's they hold, and what they may not be taken for."""

import pyarrow as pa
import pytest
from output_files import PROMPTS, ROWS, refused, scored
from pyarrow import parquet

from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.score.responses import load_responses
from reins.eval.verify.rows import read_rows

ORDER = (2, 0, 1)
CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
EXAMPLE = "Question: How many eyes has an owl?\nAnswer: 2\n\n"


def reply(i):
    return f"\\boxed{{{'846'[i]}}}"


def lm_eval(i, sent, **doc):
    arguments = {"gen_args_0": {"arg_0": sent, "arg_1": {"until": []}}}
    return {"doc_id": i, "doc": doc, "arguments": arguments, "resps": [[reply(i)]], "filter": "none"}


def of_lighteval(queries, file, **specific):
    details = [
        {"doc": {"query": query, "specific": {key: said[i] for key, said in specific.items()} or None},
         "model_response": {"input": None, "text": [reply(i)], "reasonings": [None]}, "metric": {"em": 1.0}}
        for i, query in zip(ORDER, queries, strict=True)
    ]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(details), file)
    return file


def outcomes(file, tmp_path, rows=ROWS):
    return [line["outcome"] for line in scored(file, tmp_path, rows)]


def test_lightevals_query_may_have_the_tasks_own_template_around_the_question(tmp_path):
    framed = [f"Solve this, step by step.\n\nProblem: {PROMPTS[i]}\n\nAnswer:" for i in ORDER]
    assert outcomes(of_lighteval(framed, tmp_path / "a.parquet"), tmp_path) == ["right"] * 3
    plain = of_lighteval([f"Exercise {i}" for i in ORDER], tmp_path / "b.parquet", problem=PROMPTS)
    assert outcomes(plain, tmp_path) == ["right"] * 3


@pytest.mark.parametrize(
    "line",
    [
        lambda i: lm_eval(i, CHAT.format(PROMPTS[i]), id=i + 1, level="easy"),
        lambda i: lm_eval(i, f"{EXAMPLE}Question: {PROMPTS[i]}\nAnswer:", Problem=PROMPTS[i]),
        lambda i: lm_eval(i, f"{EXAMPLE}Question: {PROMPTS[i]}\nAnswer:", question=f"Q: {PROMPTS[i]}"),
        # An example that is itself a row's stands in what was sent alone.
        lambda i: lm_eval(i, f"Q: {PROMPTS[1]}\nA: 4\n\nQ: {PROMPTS[i]}\nA:", question=f"Q: {PROMPTS[i]}"),
    ],
)
def test_lm_evals_prompt_may_have_a_template_around_the_question(line, tmp_path):
    write_jsonl(tmp_path / "r.jsonl", [line(i) for i in ORDER])
    assert outcomes(tmp_path / "r.jsonl", tmp_path) == ["right"] * 3


def test_rows_that_share_a_question_are_told_apart_by_the_constraints_in_the_template(tmp_path):
    rows = [row | {"question": "What is it?", "id": "q"} for row in read_jsonl(ROWS)]
    rows = [row | {"constraint_desc": [f"Rule {i}.", "Small."]} for i, row in enumerate(rows)]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    asked = ["What is it?\nPut the final answer within \\boxed{}.\n" + f"Rule {i}.\nSmall." for i in range(3)]
    write_jsonl(tmp_path / "r.jsonl", [lm_eval(i, CHAT.format(asked[i])) for i in ORDER])
    assert outcomes(tmp_path / "r.jsonl", tmp_path, tmp_path / "rows.jsonl") == ["right"] * 3


def test_of_questions_that_contain_each_other_the_longest_is_asked(tmp_path):
    longer = [PROMPTS[0], f"{PROMPTS[0]} And a fly?", f"Say: {PROMPTS[0]} And a fly?"]
    rows = [row | {"question": said} for row, said in zip(read_jsonl(ROWS), longer, strict=True)]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    write_jsonl(tmp_path / "r.jsonl", [lm_eval(i, CHAT.format(longer[i])) for i in ORDER])
    assert outcomes(tmp_path / "r.jsonl", tmp_path, tmp_path / "rows.jsonl") == ["right"] * 3


def test_a_prompt_that_holds_several_rows_is_refused(tmp_path):
    lines = [lm_eval(i, f"Q: {PROMPTS[(i + 1) % 3]}\nQ: {PROMPTS[i]}\nA:") for i in ORDER]
    write_jsonl(tmp_path / "r.jsonl", lines)
    refused(tmp_path / "r.jsonl", r"r.jsonl:1: its prompt holds those of 2 rows \(legs-0, legs-2\)")


def test_a_question_amid_other_words_than_the_rest_may_be_another_problem(tmp_path):
    lines = [lm_eval(i, f"Q: {PROMPTS[i]}\nA:") for i in ORDER]
    lines[1] = lm_eval(0, f"Q: A cat sits on a web. {PROMPTS[0]} And the cat?\nA:")
    write_jsonl(tmp_path / "r.jsonl", lines)
    refused(tmp_path / "r.jsonl", "r.jsonl:2: its prompt holds a row's amid words of its own .*A cat sits")


def test_a_question_that_goes_on_is_another_one(tmp_path):
    rows = [row | {"question": f"What is {i} + 1"} for i, row in enumerate(read_jsonl(ROWS))]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    for more in ("0", ".5", "k"):
        lines = [lm_eval(i, f"Q: What is {i} + 1{more}\nA:") for i in ORDER]
        write_jsonl(tmp_path / "r.jsonl", lines)
        refused(tmp_path / "r.jsonl", r"is not in the data \(3 of 3 lines\)", tmp_path / "rows.jsonl")
    write_jsonl(tmp_path / "r.jsonl", [lm_eval(i, f"Q: What is {i} + 1.\nA:") for i in ORDER])
    assert len(load_responses(tmp_path / "r.jsonl", read_rows(tmp_path / "rows.jsonl"))) == 3

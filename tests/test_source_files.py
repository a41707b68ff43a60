"""Sources as people bring them: a gap is no answer, columns that shift are no columns, and another make is read or named."""

import json
import re

import pytest

from reins.data_builders import BUILDERS
from reins.data_builders.problems import read_problems
from reins.eval.io.errors import InputError
from reins.eval.verify import split_reasoning


def built(builder, path, **arguments):
    made = BUILDERS[builder](rows=1, seed=0, source=str(path), **arguments)
    return list(made), made.tally


def problem(path):
    (row,) = read_problems(path)
    return row


def jsonl(tmp_path, *records):
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def refused(call, complaint):
    with pytest.raises(InputError, match=complaint) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"answer": float("nan")}, "s.jsonl:1: NaN, which is no JSON"),
        ({"answer": None}, "s.jsonl:1: no answer in"),
        ({"answer": "nan"}, "s.jsonl:1: no answer, only a gap written as 'nan'"),
        ({"answer": "None"}, "only a gap written as 'None'"),
        *(({"answer": gap}, f"only a gap written as '{re.escape(gap)}'") for gap in ("NA", "-", "?", "TBD")),
        ({"answer": "4", "options": "A) 3 B) 4"}, r"a question of several choices \(column 'options'\)"),
        ({"answer": "4", "A": "3", "B": "4"}, r"a question of several choices \(column 'A'\)"),
        ({"answer": "so #### null"}, "only a gap written as 'null'"),
        ({"answer": "  "}, "no answer in"),
        ({"answer": []}, "no answer in"),
        ({"answer": [["3", "4"]]}, r"s.jsonl:1: the answer is \['3', '4'\]; give a text"),
        ({"answer": ["3", None]}, "a gap among the answers"),
        ({"final_answer": ["NaN"]}, "only a gap written as 'NaN'"),
        ({"answer": {"value": 3}}, "the answer is {'value': 3}; give a text"),
        ({"answer": True}, "the answer is true; give a text"),
        ({"solution": r"so $\boxed{None}$"}, "only a gap written as 'None'"),
        ({"question": "nan", "answer": "3"}, "no text in question or problem"),
        ({"question": 3, "answer": "3"}, "no text in question or problem"),
    ],
    ids=range(21),
)  # fmt: skip
def test_a_gap_or_another_type_never_becomes_a_gold_answer(tmp_path, fields, complaint):
    path = jsonl(tmp_path, {"question": "What is 2 + 1?"} | fields)
    refused(lambda: list(read_problems(path)), complaint)


@pytest.mark.parametrize(
    ("fields", "gold"),
    [
        ({"answer": 0}, "0"),
        ({"answer": -3.0}, "-3"),
        ({"answer": 0.0000025}, "0.0000025"),
        ({"answer": 1e22}, "10000000000000000000000"),
        ({"answer": [3, "x"]}, "3, x"),
        ({"answer": None, "final_answer": ["7"]}, "7"),
        ({"answer": "", "solution": r"\boxed{7}"}, "7"),
        ({"answer": "7", "id": None}, "7"),
    ],
)
def test_golds_that_are_numbers_or_lists_are_read(tmp_path, fields, gold):
    row = problem(jsonl(tmp_path, {"question": "What?"} | fields))
    assert (row.answer, row.id) == (gold, "0")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("question,answer\nWhat is 2,000 - 1?,1999\n", "s.csv:2: 3 fields for 2 columns"),
        ("question,answer\nWhat is 1 + 1?\n", "s.csv:2: 1 fields for 2 columns"),
        ("question,answer\nQ,1\nQ2,2,\n", "s.csv:3: 3 fields for 2 columns"),
        ('question,answer\n"Say ""a"", then?",1\nA\nB,2\n', "s.csv:3: 1 fields for 2 columns"),
        ("question,answer,answer\nQ,1,2\n", "s.csv:1: column 'answer' comes twice"),
        ("question,answer\nQ,nan\n", "s.csv:2: no answer, only a gap written as 'nan'"),
        ("question,answer\nQ,\n", "s.csv:2: no answer in"),
        ('question,answer\n"Q never ends,1\nQ,2\n', "s.csv:3: no CSV .unexpected end of data"),
        ('question,answer\n"Q" so,1\n', "s.csv:2: no CSV"),
        ("question,answer\nQ\0,1\n", "s.csv:2: holds a NUL byte"),
        ("question;answer\nQ;1\n", "s.csv:2: no text in question or problem"),
        ("", "s.csv: holds no records"),
        ("question,answer\n", "s.csv: holds no records"),
    ],
    ids=range(13),
)
def test_a_table_whose_columns_shift_is_refused_by_line(tmp_path, text, complaint):
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8")
    refused(lambda: list(read_problems(path)), complaint)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1250", "utf-16"])
def test_a_table_in_another_encoding_is_refused_by_line(tmp_path, encoding):
    path = tmp_path / "s.csv"
    path.write_bytes("question,answer\nQ,1\nCafé?,2\n".encode(encoding))
    what = "s.csv: UTF-16; .*iconv -f utf-16" if encoding == "utf-16" else "s.csv:3: not UTF-8 .*iconv"
    refused(lambda: list(read_problems(path)), what)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_large_fields_are_read_and_empty_files_refused(tmp_path, kind):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    question, path = "why " * 100_000, tmp_path / f"s.{kind}"
    record = {"question": question, "answer": "1"}
    texts = {
        "csv": f"question,answer\n{question},1\n",
        "jsonl": json.dumps(record),
        "json": json.dumps([record]),
    }
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([record]), path)
    else:
        path.write_text(texts[kind])
    assert problem(path).question == question
    path.write_text("")
    refused(lambda: list(read_problems(path)), f"s.{kind}: ")


def test_a_gap_of_a_table_is_no_answer_and_a_cut_table_is_named(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "s.parquet"
    table = pa.table({"question": ["Q1", "Q2"], "answer": [3.0, float("nan")]})
    pq.write_table(table, path)
    refused(lambda: list(read_problems(path)), "s.parquet: row 1: no answer in")
    path.write_bytes(path.read_bytes()[:60])
    refused(lambda: list(read_problems(path)), "s.parquet: no Parquet file that can be read")
    row = {"source": "s", "id": "1", "question": "Q", "answer": "1", "constraint_name": ["punctuation:no_comma"],
           "constraint_args": [{"n": None}], "constraint_desc": [""]}  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row | {"score": float("nan")}]), path)
    assert problem(path).line()["score"] is None
    for value, said in [(b"1", "b'1'"), (float("inf"), "inf")]:
        pq.write_table(pa.Table.from_pylist([row | {"score": value}]), path)
        refused(
            lambda: list(read_problems(path)), f"row 0: column 'score' is {said}, which JSON does not have"
        )


CLOSED = "<think>2 and 1</think>It is \\boxed{3}."
OPENR1 = {"problem": "2 + 1?", "answer": "3", "generations": [CLOSED], "correctness_math_verify": [True]}
QWEN = {"question": "2 + 1?", "gt": "3", "code": [CLOSED], "score": [True]}
ANCHOR = {"problem": {"problem": "2 + 1?", "gt_answer": "3"}, "solution": CLOSED, "is_correct": True}


@pytest.mark.parametrize(
    "record",
    [
        OPENR1 | {"generations": [None, CLOSED], "correctness_math_verify": [True, True]},
        OPENR1 | {"generations": ["no", CLOSED], "correctness_math_verify": [None, True]},
        OPENR1 | {"answer": 3},
        QWEN | {"code": [None, CLOSED], "score": [False, True]},
        QWEN | {"gt": 3.0},
        ANCHOR,
    ],
)
def test_traces_with_gaps_beside_them_are_read(tmp_path, record):
    ((row,), _) = built("long_traces", jsonl(tmp_path, record))
    assert (row.response, row.answer) == (CLOSED, "3")


@pytest.mark.parametrize(
    "record",
    [
        OPENR1 | {"correctness_math_verify": None},
        OPENR1 | {"generations": None, "correctness_math_verify": []},
        OPENR1 | {"generations": [None]},
        QWEN | {"score": None},
        ANCHOR | {"solution": None},
        ANCHOR | {"is_correct": None},
    ],
)
def test_traces_that_nobody_called_right_are_counted(tmp_path, record):
    refused(lambda: built("long_traces", jsonl(tmp_path, record)), r"0 usable traces.*no right trace 1")


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (OPENR1 | {"correctness_math_verify": [True, False]}, "1 in 'generations', 2 in 'correctness_math_verify'"),
        (OPENR1 | {"correctness_math_verify": ["False"]}, "column 'correctness_math_verify' is "),
        (OPENR1 | {"correctness_math_verify": True}, "column 'correctness_math_verify' is true"),
        (OPENR1 | {"generations": CLOSED}, "column 'generations' is '<think>"),
        (OPENR1 | {"generations": [{"text": CLOSED}]}, "column 'generations' is "),
        (OPENR1 | {"problem": None}, "column 'problem' is null; give a text"),
        (OPENR1 | {"answer": "nan"}, "no answer, only a gap written as 'nan'"),
        (QWEN | {"score": []}, "1 in 'code', 0 in 'score'"),
        (QWEN | {"score": [1.5]}, "column 'score' is "),
        (ANCHOR | {"is_correct": "True"}, "column 'is_correct' is 'True'"),
        (ANCHOR | {"solution": 3}, "column 'solution' is 3"),
        (ANCHOR | {"problem": {}}, "no column 'question'"),
        ({"messages": [{"role": "user", "content": "2 + 1?"}]}, "0 messages of the assistant after the user's last"),
    ],
    ids=range(13),
)  # fmt: skip
def test_traces_of_other_types_are_refused_by_line(tmp_path, record, complaint):
    refused(lambda: built("long_traces", jsonl(tmp_path, record)), f"s.jsonl:1: {complaint}")


ASKED, REPLIED = {"role": "user", "content": "2 + 1?"}, {"role": "assistant", "content": CLOSED}
APART = {"role": "assistant", "content": "It is \\boxed{3}.", "reasoning_content": "2 and 1"}
PARTS = [{"type": "text", "text": "2 "}, {"type": "text", "text": "+ 1?"}]
CONVERSATIONS = {
    "a question and a reply": {"messages": [ASKED, REPLIED]},
    "a system that says nothing": {"messages": [{"role": "system", "content": " "}, ASKED, REPLIED]},
    "content parts": {"messages": [{"role": "user", "content": PARTS}, REPLIED]},
    "ShareGPT's": {"conversations": [{"from": "human", "value": "2 + 1?"}, {"from": "gpt", "value": CLOSED}]},
    "OpenThoughts'": {"conversations": [{"from": "user", "value": "2 + 1?"}, {"from": "assistant", "value": CLOSED}]},
    "a thought of its own": {"messages": [ASKED, APART]},
}  # fmt: skip


@pytest.mark.parametrize("record", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_rows_that_hold_a_conversation_are_read(tmp_path, record):
    ((row,), _) = built("long_traces", jsonl(tmp_path, record))
    split = split_reasoning(row.response)
    assert (row.question, row.answer, split.reasoning.strip()) == ("2 + 1?", "", "2 and 1")
    row = problem(jsonl(tmp_path, record | {"answer": 3}))
    assert (row.question, row.answer) == ("2 + 1?", "3")


BEFORE = {
    "a question under a system's turn": [{"role": "system", "content": "Answer in French."}, ASKED, REPLIED],
    "a question after earlier turns": [{"role": "user", "content": "1?"}, REPLIED, ASKED, REPLIED],
}


@pytest.mark.parametrize("builder", ["long_traces", "problems", "instructions"])
@pytest.mark.parametrize("reason", BEFORE)
def test_a_question_that_would_lose_what_was_said_before_is_left_out_and_counted(tmp_path, builder, reason):
    records = [{"messages": messages, "answer": 3} for messages in (BEFORE[reason], [ASKED, REPLIED])]
    if builder == "instructions":
        records = [record | {"ground_truth": TITLE} for record in records]
    arguments = {"test_share": 0.0} if builder == "problems" else {}
    ((row,), tally) = built(builder, jsonl(tmp_path, *records), **arguments)
    assert row.question == "2 + 1?" and row.id == "1" and tally.dropped == {reason: 1}
    (evaluated, _) = read_problems(jsonl(tmp_path, *records))
    assert evaluated.question == "2 + 1?"


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ([ASKED], "0 messages of the assistant"),
        ([ASKED, REPLIED, REPLIED], "2 messages of the assistant"),
        ([REPLIED], "no message of the user"),
        ([ASKED, {"role": "assistant", "content": None}], "field 'content' is null"),
        ([{"role": "user", "content": 3}, REPLIED], "field 'content' is 3"),
        ("2 + 1?", "column 'messages' is '2"),
        (None, "column 'messages' is null"),
        ([{"role": ["user"], "content": "2"}, REPLIED], "no message of the user"),
    ],
    ids=range(8),
)
def test_conversations_that_are_none_are_refused_by_line(tmp_path, messages, complaint):
    refused(lambda: built("long_traces", jsonl(tmp_path, {"messages": messages})), f"s.jsonl:1: {complaint}")


def rlvr(truth, **fields):
    return {"messages": [{"role": "user", "content": "Say so."}], "ground_truth": truth} | fields


TITLE = {"func_name": "validate_title", "N": None}
NEWER = {"instruction_id": ["detectable_format:title"], "kwargs": [None]}
IFEVAL = {"prompt": "Say so.", "instruction_id_list": ["detectable_format:title"], "kwargs": [{}]}


@pytest.mark.parametrize(
    "record",
    [
        rlvr(json.dumps(TITLE)),
        rlvr(TITLE),
        rlvr(repr(TITLE)),
        rlvr(json.dumps([NEWER])),
        rlvr(repr([NEWER])),
        rlvr([NEWER]),
        rlvr([json.dumps([NEWER])], dataset=["ifeval"]),
        rlvr(NEWER | {"instruction_id": "detectable_format:title", "kwargs": None}),
        rlvr(TITLE, messages=[{"role": "user", "content": [{"type": "text", "text": "Say so."}]}]),
        IFEVAL | {"kwargs": ["{}"]},
        IFEVAL | {"kwargs": ['{"num_words": null}']},
        IFEVAL | {"kwargs": [None]},
        IFEVAL | {"kwargs": [{"num_words": None, "relation": None, "language": None}]},
    ],
    ids=range(13),
)
def test_constraints_of_every_make_are_read(tmp_path, record):
    ((row,), _) = built("instructions", jsonl(tmp_path, record))
    assert [each.id for each in row.constraints] == ["detectable_format:title"]
    assert (row.question, row.constraints[0].kwargs) == ("Say so.", {})


@pytest.mark.parametrize(
    "truth",
    ["\\frac{3}{4}", "12", "[1, 2]", "{1, 2}", "", None, "[" * 9000, "{'func_name': ", ["yes"], 4, "NaN"],
)
def test_ground_truths_of_other_tasks_are_counted(tmp_path, truth):
    (rows, tally) = built("instructions", jsonl(tmp_path, rlvr(truth), rlvr(TITLE)))
    assert len(rows) == 1 and tally.dropped["prompt without any rule"] == 1


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (IFEVAL | {"kwargs": []}, "1 constraints, 0 kwargs"),
        (IFEVAL | {"kwargs": None}, "column 'kwargs' is null; give a list"),
        (IFEVAL | {"kwargs": ["none"]}, "broken JSON"),
        (IFEVAL | {"kwargs": [["a"]]}, r"kwargs are \['a'\]"),
        (IFEVAL | {"instruction_id_list": "detectable_format:title"}, "column 'instruction_id_list' is 'detect"),
        (IFEVAL | {"instruction_id_list": [["a"]]}, "constraints named"),
        (IFEVAL | {"prompt": None}, "column 'prompt' is null"),
        (IFEVAL | {"prompt": [{"role": "user", "content": "Say."}]}, "column 'prompt' is "),
        (rlvr(TITLE, messages=None), "column 'messages' is null"),
        (rlvr(TITLE, messages=["Say so."]), "column 'messages' is "),
        (rlvr(TITLE, messages=[{"role": "system", "content": "Be."}]), "no message of the user"),
        (rlvr(TITLE, messages=[{"role": "user"}]), "field 'content' is missing"),
        (rlvr(NEWER | {"kwargs": [None, None]}), "1 constraints, 2 kwargs"),
        (rlvr('{"func_name": "validate_title", "func_name": "a"}'), "key 'func_name' comes twice"),
    ],
    ids=range(14),
)  # fmt: skip
def test_prompts_of_other_types_are_refused_by_line(tmp_path, record, complaint):
    refused(lambda: built("instructions", jsonl(tmp_path, record)), f"s.jsonl:1: {complaint}")


@pytest.mark.parametrize("given", [{"N": "3"}, {"N": 2.5}, {"N": None}, {"N": 3, "quantifier": ["at least"]}])
def test_arguments_that_a_function_cannot_take_are_counted(tmp_path, given):
    record = rlvr({"func_name": "validate_word_constraint"} | given)
    (_, tally) = built("instructions", jsonl(tmp_path, record, rlvr(TITLE)))
    assert tally.dropped["unusable arguments of validate_word_constraint"] == 1

"""Rows on disk: published schemas read as they are, bad input named by file and line, whole files or none."""

import json
from pathlib import Path

import pytest
from conftest import DATA, needs_data

from reins.eval.io.errors import InputError
from reins.eval.io.jsonl import read_jsonl, write_jsonl
from reins.eval.verify import Constraint
from reins.eval.verify.rows import read_rows

NO_COMMA = "punctuation:no_comma"
ROW = {
    "source": "s",
    "id": "1",
    "question": "How many?",
    "answer": "4",
    "constraint_name": [NO_COMMA, "keywords:existence"],
    "constraint_args": [None, {"keywords": ["note"]}],
    "constraint_desc": ["No commas.", "Say note."],
}


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_names_rows_and_clusters_problems(tmp_path):
    other = ROW | {"question": "how  many? "}
    rows = read_rows(written(tmp_path, json.dumps(ROW), "", json.dumps(other), "  "))
    assert [row.name for row in rows] == ["rows-000000", "rows-000001"]
    assert rows[0].problem_id == rows[1].problem_id
    assert rows[1].question == "how  many? "


def test_reads_ifeval(tmp_path):
    record = {"key": 7, "prompt": "Write.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    (row,) = read_rows(written(tmp_path, json.dumps(record)))
    assert (row.name, row.id, row.answer, row.constraints) == ("rows-7", "7", "", [Constraint(NO_COMMA, {})])


def test_constraints_are_canonical_once_read_and_what_a_builder_adds_is_kept(tmp_path):
    published = ROW | {
        "constraint_name": ["en:punctuation:no_comma", "length_constraint_checkers:number_words"],
        "constraint_args": [None, {"num_words": 9.0, "relation": "at least", "language": None}],
        "split": "test",
        "feasible": True,
    }
    (row,) = read_rows(written(tmp_path, json.dumps(published)))
    words = {"num_words": 9, "relation": "at least"}
    assert row.constraints == [
        Constraint(NO_COMMA, {}, "No commas."),
        Constraint("length_constraints:number_words", words, "Say note."),
    ]
    assert row.extra == {"split": "test", "feasible": True}
    assert read_rows(written(tmp_path, json.dumps(row.line()))) == [row]
    assert row.adding(feasible=False).line() == row.line() | {"feasible": False}


@needs_data
def test_reads_all_of_mathif_and_ifeval():
    assert len(read_rows(DATA / "mathif")) == 420
    assert len(read_rows(DATA / "ifeval" / "input_data.jsonl")) == 541


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"source": ', r"rows.jsonl:7: broken JSON .*; write one object a line"),
        ("[1]", r"rows.jsonl:7: a list, not an object"),
        (json.dumps({k: v for k, v in ROW.items() if k != "answer"}), r":7: field 'answer' is missing"),
        (json.dumps(ROW | {"answer": 4}), r":7: field 'answer' is 4; give a text"),
        (json.dumps(ROW | {"answer": "N/A"}), r":7: the answer is a gap written as 'N/A'"),
        (json.dumps(ROW | {"response": 42}), r":7: field 'response' is 42; give a text"),
        (json.dumps(ROW | {"constraint_desc": ["", 3]}), r":7: constraint 'keywords:existence' described by 3"),
        (json.dumps(ROW | {"constraint_args": [None]}), r":7: lists of different length .*constraint_args 1"),
        (json.dumps(ROW | {"constraint_name": ["no_comma", "keywords:existence"]}), r":7: no_comma: unknown constraint; did you"),
        (json.dumps(ROW | {"constraint_args": [None, {"words": ["a"]}]}), r":7: keywords:existence: unknown kwarg"),
        (json.dumps(ROW | {"constraint_args": [None, None]}), r":7: keywords:existence: kwargs lack keywords"),
        (json.dumps(ROW | {"constraint_args": [None, "a"]}), r":7: constraint 'keywords:existence' with 'a'"),
        ('{"key": 1, "prompt": "p", "instruction_id_list": []}', r":7: field 'kwargs' is missing"),
    ],
)  # fmt: skip
def test_bad_lines_are_named(tmp_path, line, message):
    path = written(tmp_path, *[json.dumps(ROW)] * 6, line)
    with pytest.raises(InputError, match=message) as caught:
        read_rows(path)
    assert "\n" not in str(caught.value)


def test_other_bad_input_is_named(tmp_path):
    twice = json.dumps(ROW | {"row": "a"})
    with pytest.raises(InputError, match="row 'a' comes twice"):
        read_rows(written(tmp_path, twice, twice))
    with pytest.raises(InputError, match="holds no rows"):
        read_rows(written(tmp_path, ""))
    with pytest.raises(InputError, match="No such file"):
        read_rows(tmp_path / "absent.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{}\n{"a": "\xe9"}\n')
    with pytest.raises(InputError, match="not UTF-8"):
        read_jsonl(tmp_path / "latin.jsonl")


def test_writing_keeps_every_text(tmp_path):
    rows = [{"text": "é\u2028\x00 \ud800 中\r\n"}, {"text": ""}]
    assert write_jsonl(tmp_path / "deep" / "rows.jsonl", rows) == 2
    assert read_jsonl(tmp_path / "deep" / "rows.jsonl") == rows


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, [{"a": 1}])

    def failing():
        yield {"a": 2}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_jsonl(path, failing())
    assert read_jsonl(path) == [{"a": 1}]
    assert list(tmp_path.iterdir()) == [path]

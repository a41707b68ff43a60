"""A prompt in the outputs that is its row's in other words, and one that asks for something else."""

import pytest
from output_files import refused, scored

from reins.eval.io.jsonl import write_jsonl

ROW = {"source": "test", "constraint_name": ["punctuation:no_comma"], "constraint_args": [None], "constraint_desc": ["No commas."]}  # fmt: skip
OTHERS = [ROW | {"id": f"q{i}", "row": f"r-{i}", "question": f"What is {i} + {i}?", "answer": f"{2 * i}"} for i in range(9)]  # fmt: skip


def written(tmp_path, question, asked):
    """Files of ten rows and their outputs, the last of which was asked otherwise than its row."""
    rows = [*OTHERS, ROW | {"id": "q9", "row": "r-9", "question": question, "answer": "3"}]
    lines = [{"prompt": row["question"], "response": f"\\boxed{{{row['answer']}}}"} for row in rows]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    write_jsonl(tmp_path / "r.jsonl", [*lines[:9], lines[9] | {"prompt": asked}])
    return tmp_path / "r.jsonl", tmp_path / "rows.jsonl"


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("A robe takes 2 bolts of blue fiber and half of that of white fiber. How many bolts in total?",
         "A robe takes two bolts of blue fibre and half of that of white fibre. How many bolts in total?"),
        ("Find the value of $x$ in the well-known equation $1,000x = \\frac{1}{2}$, and do not explain it.",
         "Find a value of $x$ in the well known equation $1{,}000x = \\frac{1}{2}$, and don't explain it."),
    ],
)  # fmt: skip
def test_a_rewording_is_taken_and_counted(question, asked, tmp_path, capsys):
    file, rows = written(tmp_path, question, asked)
    assert [line["outcome"] for line in scored(file, tmp_path, rows)] == ["right"] * 10
    assert f"{file}: 1 of 10 prompts taken as rewordings of their rows' (10)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("A robe takes {} bolts of blue fiber and half of that of white fiber. How many bolts in total?", ("2", "8")),
        ("A robe takes {} bolts of blue fiber and half of that of white fiber. How many bolts in total?", ("two", "ten")),
        ("A robe takes 2 bolts of blue fiber and {} of that of white fiber. How many bolts in total?", ("half", "twice")),
        ("What is the value of the whole expression 12 {} 9?", ("-", "+")),
        ("Find the value of $\\frac{{1}}{{{}}} + y$ where $y$ is 5 and nothing else.", ("2", "3")),
        ("Find the value of $\\{}{{x}}$ where $x$ is 5 and nothing else is known.", ("sin", "cos")),
        ('Write a story about a long rainy day and include the word "{}" somewhere.', ("sun", "fog")),
        ("Write a story about a long rainy day in the hills with at {} 3 sections.", ("least", "most")),
        ("Write a story about a long rainy day in the hills {} any comma at all.", ("with", "without")),
    ],
)  # fmt: skip
def test_what_asks_for_something_else_is_no_rewording(question, asked, tmp_path):
    file, rows = written(tmp_path, *(question.format(word) for word in asked))
    refused(file, r"r.jsonl:10: prompt .* is not in the data \(1 of 10 lines: 10\)", rows)

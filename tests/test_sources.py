"""Problems from published schemas in every kind of file, and from a hub set."""

import csv
import json
from pathlib import Path

import pytest

from reins.data_builders.sources import read_problems
from reins.eval.verify import InputError

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the public data is not at {DATA}")
RECORDS = [
    ({"question": "Q1", "answer": "2 + 2 = <<2+2=4>>4\n#### 4"}, "4"),
    ({"problem": "Q2", "answer": 204}, "204"),
    ({"problem": "Q3", "answer": 27.0, "question": "Q3"}, "27"),
    ({"problem": "Q4", "solution": r"so $\boxed{1}$ and then $\boxed{\frac{1}{2}}$."}, r"\frac{1}{2}"),
    ({"question": "Q5", "final_answer": ["$3$", "$5$"], "context": None}, "$3$, $5$"),
    ({"problem": "Q6", "answer": r"-\frac{\pi}{3}", "difficulty": "12.5"}, r"-\frac{\pi}{3}"),
]


def test_answers_of_every_schema(tmp_path):
    path = tmp_path / "problems.jsonl"
    path.write_text("\n".join(json.dumps(record) for record, _ in RECORDS))
    rows = list(read_problems(path))
    assert [row["answer"] for row in rows] == [answer for _, answer in RECORDS]
    assert [row["question"] for row in rows] == [f"Q{index}" for index in range(1, 7)]
    assert rows[0]["row"] == "problems-000000" and len({row["problem_id"] for row in rows}) == 6
    assert rows[0]["source"] == f"{tmp_path.name}/problems"


def test_every_kind_of_file_gives_the_same_problems(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    records = [{"question": f"What is {n} + {n}?\nSay, please.", "answer": str(2 * n)} for n in range(3)]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "p.json").write_text(json.dumps(records))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "p.parquet")
    with open(tmp_path / "p.csv", "w", newline="") as out:
        writer = csv.DictWriter(out, ["question", "answer"])
        writer.writeheader()
        writer.writerows(records)
    found = [list(read_problems(tmp_path / f"p.{kind}")) for kind in ("jsonl", "json", "parquet", "csv")]
    assert found[0] == found[1] == found[2] == found[3] and len(found[0]) == 3


def test_a_hub_set_is_named_with_subset_and_split(monkeypatch):
    asked = []

    def load_dataset(name, subset, **options):
        asked.append((name, subset, options))
        return [{"question": "Q", "answer": "#### 4"}]

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    (row,) = read_problems("openai/gsm8k:main:test")
    assert asked == [("openai/gsm8k", "main", {"split": "test", "streaming": True})]
    assert (row["source"], row["row"], row["answer"]) == ("openai/gsm8k", "gsm8k-000000", "4")


def test_a_set_that_is_nowhere_is_refused(monkeypatch):
    def load_dataset(name, subset, **options):
        raise ConnectionError("Couldn't reach the Hub\nmore")

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    with pytest.raises(
        InputError, match=r"^no/such: neither a file here nor a hub set .*\(Couldn't reach the Hub\)$"
    ):
        list(read_problems("no/such"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.jsonl", '{"question": "Q", "answer": "1"}\n\n{"question": "Q"}', "p.jsonl:3: no answer in"),
        ("p.jsonl", '{"question": "Q", "answer": "4 ####"}', "p.jsonl:1: no answer in"),
        ("p.jsonl", '{"prompt": "Q", "answer": "1"}', "p.jsonl:1: no text in question or problem"),
        ("p.json", "{}", "p.json: not a list of objects"),
        ("p.json", "[", "p.json: broken JSON"),
        ("p.csv", "question,answer\nQ,1\nQ,\n", "p.csv:3: no answer in"),
        ("p.parquet", "PAR?", "p.parquet: no Parquet file"),
        ("p.txt", "", "p.txt: unknown kind of file"),
    ],
)
def test_bad_input_names_the_place(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        list(read_problems(tmp_path / name))


@needs_data
@pytest.mark.parametrize(
    ("name", "count"),
    [("gsm8k/train.jsonl", 7473), ("deepscaler_union", 29336), ("qwen_math_eval", 1547), ("mathif", 420)],
)
def test_public_sets_are_read_whole(name, count):
    rows = list(read_problems(DATA / name))
    assert len(rows) == count and all(row["answer"] for row in rows)

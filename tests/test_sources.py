"""Problems from published schemas in every kind of file, and from a hub set."""

import csv
import json

import datasets
import pytest
from conftest import DATA, needs_data

from reins.data_builders.build import build
from reins.data_builders.problems import read_problems
from reins.data_builders.readers import read_records
from reins.eval.io.errors import InputError
from reins.eval.verify.rows import read_rows

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
    assert [row.answer for row in rows] == [answer for _, answer in RECORDS]
    assert [row.question for row in rows] == [f"Q{index}" for index in range(1, 7)]
    assert rows[0].name == "problems-000000" and len({row.problem_id for row in rows}) == 6
    assert rows[0].source == f"{tmp_path.name}/problems"


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


def test_a_hub_set_is_streamed_by_subset_and_split(tmp_path, monkeypatch):
    """A folder stands for the hub's: `datasets` finds data files in both by the same rules."""
    pq, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    asked = on_the_hub(monkeypatch, tmp_path)
    monkeypatch.setattr("datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN", 0)
    records = [{"question": f"What is {n} + {n}?", "answer": f"so #### {2 * n}"} for n in range(30)]
    for shard in range(3):
        part = pa.Table.from_pylist(records[10 * shard : 10 * shard + 10])
        pq.write_table(part, tmp_path / f"test-{shard:05d}-of-00003.parquet")
    rows = list(read_problems("openai/gsm8k:main:test"))
    assert asked == [("openai/gsm8k", "main")] and [row.answer for row in rows] == [
        str(2 * n) for n in range(30)
    ]
    assert (rows[3].source, rows[3].name) == ("openai/gsm8k", "gsm8k-000003")
    drawn = [[record.fields["question"] for record in read_records("a/b::test", seed=s)] for s in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2] and sorted(drawn[0]) == sorted(drawn[2])
    with pytest.raises(InputError, match=r"^openai/gsm8k:main:dev: neither a file here nor a hub set"):
        list(read_problems("openai/gsm8k:main:dev"))


@needs_data
def test_the_hubs_json_lines_are_read_file_by_file(monkeypatch):
    """MathIF's files differ in the columns of their kwargs, which `datasets` cannot put into one table."""
    on_the_hub(monkeypatch, DATA / "mathif")
    there, here = list(read_problems("TingchenFu/MathIF")), read_rows(DATA / "mathif")
    assert there == here and len(there) == 420


@needs_data
def test_a_recipes_hub_set_is_built(tmp_path, monkeypatch):
    asked = on_the_hub(monkeypatch, DATA / "mathif")
    config = {
        "set": "mathif",
        "recipe": "runs/mathif/recipe.yaml",
        "hub": "TingchenFu/MathIF:default",
        "split": "train",
        "rows": 50,
        "inputs": "x",
    }
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(config))
    assert build(file) == 50 and asked == [("TingchenFu/MathIF", "default")]
    assert read_rows(tmp_path / "rows.jsonl") == read_rows(DATA / "mathif")[:50]


def on_the_hub(monkeypatch, folder) -> list:
    asked, build = [], datasets.load_dataset_builder

    def load_dataset_builder(name, subset):
        asked.append((name, subset))
        return build(str(folder))

    monkeypatch.setattr("datasets.load_dataset_builder", load_dataset_builder)
    return asked


def test_a_set_that_is_nowhere_is_refused(monkeypatch):
    def load_dataset_builder(name, subset):
        raise ConnectionError("Couldn't reach the Hub\nmore")

    monkeypatch.setattr("datasets.load_dataset_builder", load_dataset_builder)
    with pytest.raises(
        InputError, match=r"^no/such: neither a file here nor a hub set .*\(Couldn't reach the Hub\)"
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
    assert len(rows) == count and all(row.answer for row in rows)

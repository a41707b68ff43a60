"""The published evaluation sets, by name, from the public files and from stand-ins of their hub sets."""

from pathlib import Path

import pytest
from conftest import DATA, needs_data

from reins.data_builders import BUILDERS
from reins.data_builders.problems import BENCHMARKS
from reins.eval.io.errors import InputError
from reins.eval.verify.rows import as_row
from reins.recipes.recipe.set_rows import PUBLISHED
from reins.recipes.rehearse.stand_ins import offline, stand_in

build = BUILDERS["benchmark"]
BASE = Path(__file__).parents[1] / "recipes/micro/base"
FILES = [
    ("gsm8k", "gsm8k/test.jsonl", 1319),
    ("math500", "qwen_math_eval/math500_test.jsonl", 500),
    ("aime24", "qwen_math_eval/aime24_test.jsonl", 30),
    ("aime25", "qwen_math_eval/aime25_test.jsonl", 30),
    ("amc23", "qwen_math_eval/amc23_test.jsonl", 40),
    ("minerva", "qwen_math_eval/minerva_math_test.jsonl", 272),
    ("olympiad", "qwen_math_eval/olympiadbench_test.jsonl", 675),
    ("mathif", "mathif", 420),
    ("ifeval", "ifeval/input_data.jsonl", 541),
]


@needs_data
@pytest.mark.parametrize(("name", "file", "count"), FILES)
def test_public_files_are_whole_benchmarks(name, file, count):
    rows = list(build(count, 0, name=name, source=str(DATA / file)))
    for row in rows:
        assert as_row(row.line(), "", 0, "") == row
    assert len({row.name for row in rows}) == count
    assert all(bool(row.answer) is (name != "ifeval") for row in rows)
    assert all(bool(row.constraints) is (name in ("mathif", "ifeval")) for row in rows)
    with pytest.raises(InputError, match=f"{name}: {count} rows in .*, {count + 1} wanted"):
        list(build(count + 1, 0, name=name, source=str(DATA / file)))


def test_fewer_rows_are_drawn_by_the_seed_and_keep_their_names(tmp_path):
    sums = tmp_path / "sums.jsonl"
    sums.write_text("".join(f'{{"problem": "Say {n}.", "answer": "{n}"}}\n' for n in range(50)))
    first, again, other, all_of_them = (
        list(build(rows, seed, name="aime24", source=str(sums)))
        for rows, seed in ((10, 0), (10, 0), (10, 1), (50, 0))
    )
    assert first == again != other
    by_name = {row.name: row for row in all_of_them}
    assert all(by_name[row.name] == row for row in first + other) and by_name["aime24-000007"].answer == "7"


def test_the_documentation_names_the_same_hub_sets():
    text = (Path(__file__).parents[1] / "docs/sets.md").read_text()
    assert all(f"| `{name}` | `{source}`" in text for name, source in BENCHMARKS.items())
    for name, count in PUBLISHED.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}`")]
        assert f"| {count:,} " in line
    assert PUBLISHED.keys() == BENCHMARKS.keys()
    assert all(name in text for name in BUILDERS if not name.startswith("micro."))


def test_an_unknown_benchmark_is_refused():
    with pytest.raises(InputError, match="unknown benchmark 'aime23'; choose from gsm8k"):
        build(1, 0, name="aime23")


AGAINST = [name for name in BENCHMARKS if name not in ("ifeval", "ifbench")]
OPENR1, DEEPSCALER = "open-r1/OpenR1-Math-220k", "agentica-org/DeepScaleR-Preview-Dataset"
TRACES = {"builder": "long_traces", "source": OPENR1, "tokenizer": str(BASE), "max_reasoning_tokens": 400}


@pytest.mark.parametrize(
    "given",
    [{"builder": "benchmark", "name": name} for name in BENCHMARKS]
    + [
        TRACES | {"against": AGAINST},
        {"builder": "problems", "source": DEEPSCALER, "against": AGAINST},
        {"builder": "composites", "source": [DEEPSCALER], "against": AGAINST},
        {"builder": "instructions", "source": "allenai/RLVR-IFeval"},
    ],
    ids=lambda given: given.get("name", given["builder"]),
)
def test_a_recipes_set_can_be_rehearsed_offline(given, tmp_path):
    arguments = offline(given, tmp_path, 40, 0)
    assert arguments == offline(given, tmp_path, 40, 0)
    builder = BUILDERS[arguments.pop("builder")]
    rows = list(builder(rows=20, seed=0, **arguments))
    for row in rows:
        assert as_row(row.line(), "", 0, "") == row
    assert len({row.name for row in rows}) == 20


def test_hub_sets_become_files(tmp_path):
    given = {"hub": "TingchenFu/MathIF", "split": "train", "rows": 5}
    file = tmp_path / "TingchenFu--MathIF.jsonl"
    assert offline(given, tmp_path, 40, 0) == {"file": str(file), "rows": 5} and file.exists()


def test_only_known_hub_sets_have_stand_ins():
    assert all(stand_in(source, 2, 0) for source in ("openai/gsm8k:main:test", *BENCHMARKS.values()))
    with pytest.raises(InputError, match="no/such: no stand-in rows"):
        stand_in("no/such", 1, 0)

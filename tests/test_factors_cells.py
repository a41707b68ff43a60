"""Cells of `factors:` hold what they say: under names of their own, taught and shown by the cell that is meant."""

from pathlib import Path

import pytest

from reins.eval.io.errors import InputError
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import Recipe, dump, load

SETS = "{r: {builder: micro.traces, rows: 100}, q: {builder: micro.traces, rows: 100, voice: own}}"
SFT = "{trainer: sft, data: {r: 1.0}, args: {learning_rate: 1.0e-4}}"
LONG = "{trainer: sft, data: {q: 1.0}, args: {learning_rate: 2.0e-4}}"
DISTILL = "{trainer: distill, data: {r: 1.0}, teacher: a}"
TWO = f"{{sft: {SFT}, sft_long: {LONG}}}"
TAUGHT = f"{{sft: {SFT}, d: {DISTILL}}}"
RATES = "{key: stages.sft.args.learning_rate, values: {high: 1.0e-3, low: 1.0e-5}}"


def read(folder: Path, stages: str, arms: str, factors: str, data: str = SETS, more: str = "") -> Recipe:
    arms = f"{{base: [], {arms}}}"
    stages = f"stages: {stages}\n" if stages else ""
    text = f"name: t\nbase: recipes/micro/base\ndata: {data}\n{stages}arms: {arms}\nfactors: {factors}\n"
    (folder / "r.yaml").write_text(text + more)
    return check(load(folder / "r.yaml"), folder / "r.yaml")


def test_two_stages_never_come_to_one_name(tmp_path: Path) -> None:
    keys = "[stages.sft.args.learning_rate, stages.sft_long.args.learning_rate]"
    rates = f"{{rate: {{key: {keys}, values: {{high: 1.0e-3, long_high: 2.0e-3}}}}}}"
    recipe = read(tmp_path, TWO, "a: [sft], b: [sft_long]", rates)
    trained = {name: recipe.stages[arm.stages[0]] for name, arm in recipe.arms.items() if arm.stages}
    said = {name: (*stage.data, stage.args["learning_rate"]) for name, stage in trained.items()}
    assert said == {
        "a_high": ("r", 1e-3), "a_long_high": ("r", 2e-3), "b_high": ("q", 1e-3), "b_long_high": ("q", 2e-3)
    }  # fmt: skip
    (tmp_path / "again.yaml").write_text(dump(recipe))
    assert load(tmp_path / "again.yaml") == recipe


def test_two_sets_never_come_to_one_name(tmp_path: Path) -> None:
    data = "{r: {builder: micro.traces, rows: 100}, r_a: {builder: micro.traces, rows: 100, voice: own}}"
    stages = f"{{s: {SFT}, u: {SFT.replace('{r:', '{r_a:')}}}"
    values = "{b: {data.r.rows: 50, data.r_a.rows: 50}, a_b: {data.r.rows: 60, data.r_a.rows: 60}}"
    recipe = read(tmp_path, stages, "x: [s], y: [u]", f"{{w: {{values: {values}}}}}", data)
    for name, rows, voice in [
        ("x_b", 50, None),
        ("x_a_b", 60, None),
        ("y_b", 50, "own"),
        ("y_a_b", 60, "own"),
    ]:
        (of,) = recipe.stages[recipe.arms[name].stages[0]].data
        assert (recipe.data[of].rows, recipe.data[of].args.get("voice")) == (rows, voice), name


def test_a_stage_and_a_set_may_have_one_name(tmp_path: Path) -> None:
    stages = "{mix: {trainer: sft, rows: 50, data: {r: rest, mix: 0.2}}}"
    factors = "{v: {key: data.r.voice, values: [teacher, own]}}"
    data = "{r: {builder: micro.traces, rows: 100, voice: own}, mix: {builder: micro.traces, rows: 100}}"
    recipe = read(tmp_path, stages, "a: [mix]", factors, data)
    assert set(recipe.stages) == {"mix_teacher", "mix_own"} and set(recipe.data) == {
        "mix",
        "r_teacher",
        "r_own",
    }


def test_what_no_arm_has_keeps_the_sets_that_it_is_made_of(tmp_path: Path) -> None:
    recipe = read(
        tmp_path, f"{{sft: {SFT}, spare: {SFT}}}", "a: [sft]", "{n: {key: data.r.rows, values: [40, 50]}}"
    )
    assert recipe.stages["spare"].data == {"r": 1.0} and recipe.stages["sft_n40"].data == {"r_n40": 1.0}


def test_the_stages_of_an_arm_that_is_a_list_are_a_key(tmp_path: Path) -> None:
    recipe = read(
        tmp_path, TWO, "x: [sft]", "{w: {key: arms.x.stages, values: {one: [sft], two: [sft, sft_long]}}}"
    )
    assert {name: arm.stages for name, arm in recipe.arms.items()} == {
        "base": [], "x_one": ["sft"], "x_two": ["sft", "sft_long"]
    }  # fmt: skip


def test_a_teacher_is_the_cell_of_the_same_values(tmp_path: Path) -> None:
    recipe = read(tmp_path, TAUGHT, "a: [sft], b: [sft, d]", f"{{rate: {RATES}}}")
    taught = {name: recipe.stages[recipe.arms[name].stages[-1]].teacher for name in ("b_high", "b_low")}
    assert taught == {"b_high": "a_high", "b_low": "a_low"}
    assert {"d_high", "d_low"} < set(recipe.stages) and "d" not in recipe.stages


def test_a_teacher_is_the_one_cell_that_is_kept_or_named(tmp_path: Path) -> None:
    kept = read(tmp_path, TAUGHT, "a: [sft], b: [d]", f"{{rate: {RATES}}}", more="cells: [{rate: low}]\n")
    assert kept.stages["d"].teacher == "a_low"
    named = TAUGHT.replace("teacher: a", "teacher: a_high")
    assert read(tmp_path, named, "a: [sft], b: [d]", f"{{rate: {RATES}}}").stages["d"].teacher == "a_high"


SHOWN = "evaluate: {e: {modes: [cot, reflect_other], replies_of: a}}\n"
ASKED = SETS[:-1] + ", e: {builder: micro.composites, rows: 20, split: test, pool: test}}"


def test_the_replies_that_are_shown_are_those_of_the_one_cell(tmp_path: Path) -> None:
    one = (f"{{sft: {SFT}}}", "a: [sft]", f"{{rate: {RATES}}}", ASKED)
    recipe = read(tmp_path, *one, SHOWN + "cells: [{rate: low}]\n")
    assert recipe.evaluate["e"].replies_of == "a_low"
    with pytest.raises(
        InputError, match="evaluate.e.replies_of: a comes in 2 cells: a_high, a_low; name one"
    ):
        read(tmp_path, *one, SHOWN)


def whole(*more: str) -> str:
    """Values that are whole sets."""
    sets = [
        f"{name}: {{builder: micro.traces, rows: 50{each}}}" for name, each in zip("pq", more, strict=True)
    ]
    return f"{{w: {{key: data.r, values: {{{', '.join(sets)}}}}}}}"


@pytest.mark.parametrize(
    ("stages", "arms", "factors", "said"),
    [
        (TAUGHT, "a: [sft], b: [d]", f"{{rate: {RATES}}}", "stages.d.teacher: 2 cells of a have the values of b: a_high, a_low; name one"),
        (TWO, "a: [sft]", f"{{w: {RATES.replace('high', 'x y').replace('low', 'x-y')}}}", "factors.w.values: 'x y' and 'x-y' are both x_y in names"),
        (TWO, "x: [sft]", "{w: {key: arms.x.stages, values: {none: null, one: [sft]}}}", "factors.w.values: None is no list of stages"),
        (TWO, "x: [sft]", "{w: {key: arms.x.stages, values: [1, 2]}}", "factors.w.values: 1 is no list of stages"),
        (TWO, "x: [sft]", "{w: {key: arms.x.stages, values: [sft, sft_long]}}", "factors.w.values: 'sft' is no list of stages"),
        (TWO, "x: [sft]", "{w: {key: arms.x.stages, values: {one: [sft], two: [3]}}}", r"factors.w.values: \[3\] is no list of"),
        (TWO, "x: [sft]", whole(", seed: 1", ", voice: own"), "factors.w: data.r.seed differs between its values.*: 0, 1; the same seed"),
        (TWO, "x: [sft]", "{w: {values: {p: {data.r.rows: 50}, q: {data.r: {builder: micro.traces, rows: 60, seed: 2}}}}}", "data.r.seed differs .*: 0, 2"),
        (TWO, "x: [sft]", "{w: {key: data.r, values: {p: {builder: answers, rows: 9, of: [1]}, q: {builder: micro.traces, rows: 9}}}}", r"data.r_p.of: got \[1\]"),
        ("", "x: [sft]", "{w: {key: data.r.rows, values: [40, 50]}}", "factors.w: changes no arm"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_meant_are_refused_by_name(
    tmp_path: Path, stages: str, arms: str, factors: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path, stages, arms, factors)


def test_a_default_seed_is_the_same_as_the_one_that_is_written(tmp_path: Path) -> None:
    recipe = read(tmp_path, TWO, "x: [sft]", whole(", seed: 0", ", voice: own"))
    assert {"r_p", "r_q"} <= set(recipe.data)

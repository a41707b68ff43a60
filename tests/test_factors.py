"""`factors:` in a recipe come to arms that say their values, share what is equal, and are refused by name otherwise."""

from pathlib import Path

import pytest

from reins.eval.io.errors import InputError
from reins.recipes.plan.outline import outline
from reins.recipes.plan.plan import plan
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import Recipe, dump, load

RECIPE = """
name: crossed
base: recipes/micro/base
data:
  traces: {builder: micro.traces, rows: 40, seed: 1}
  if_rows: {builder: micro.composites, rows: 40, seed: 2, split: train, pool: train, voice: teacher}
  problems: {builder: micro.problems, rows: 64}
  composite: {builder: micro.composites, rows: 12, pool: test}
  spare: {builder: micro.problems, rows: 8, split: train}
stages:
  sft: {trainer: sft, rows: 40, data: {traces: 1.0}}
  mix: {trainer: sft, rows: 40, data: {traces: rest, if_rows: 0.1}}
  rl: {trainer: grpo, data: {problems: 1.0}, rewards: {correct: 1.0}, args: {learning_rate: 1e-4}}
factors:
  share: {key: stages.mix.data.if_rows, values: [0.1, 0.5]}
  voice: {key: data.if_rows.voice, values: [teacher, own]}
  rate: {key: stages.rl.args.learning_rate, values: [1e-4, 1e-3]}
cells: [{share: 0.1}, {share: 0.5, voice: own, rate: 1e-4}]
arms:
  base: []
  sft: {stages: [sft], factors: {share: 0}}
  mix: {stages: [mix], mixed_of: sft}
  mix_rl: {stages: [mix, rl], control_of: mix}
against: {mix_rl: mix}
evaluate: {composite: {samples: 2}}
"""


def read(folder: Path, *changes: tuple[str, str]) -> Recipe:
    text = RECIPE
    for find, put in changes:
        assert find in text, find
        text = text.replace(find, put)
    (folder / "r.yaml").write_text(text)
    return check(load(folder / "r.yaml"), folder / "r.yaml")


def test_an_arm_is_crossed_by_what_it_is_made_of_and_says_its_values(tmp_path: Path) -> None:
    recipe = read(tmp_path)
    crossed = {name: arm.factors for name, arm in recipe.arms.items() if name.startswith("mix_share")}
    assert crossed == {
        "mix_share0_1_teacher": {"share": 0.1, "voice": "teacher"},
        "mix_share0_1_own": {"share": 0.1, "voice": "own"},
        "mix_share0_5_own": {"share": 0.5, "voice": "own"},
    }
    assert recipe.arms["sft"].factors == {"share": 0} and len(recipe.arms) == 2 + 3 + 5
    mixed = recipe.stages["mix_share0_5_own"]
    assert mixed.data == {"traces": 0.5, "if_rows_own": 0.5}
    assert recipe.data["if_rows_own"].args["voice"] == "own" and "if_rows" not in recipe.data
    assert recipe.stages["rl_rate0_001"].args == {"learning_rate": 1e-3}


def test_roles_and_contrasts_are_with_the_cell_of_the_same_values(tmp_path: Path) -> None:
    recipe = read(tmp_path)
    assert recipe.arms["mix_share0_5_own"].mixed_of == "sft"
    both = recipe.arms["mix_rl_share0_1_own_rate0_001"]
    assert both.control_of == ["mix_share0_1_own"]
    assert recipe.against["mix_rl_share0_1_own_rate0_001"] == "mix_share0_1_own"


def test_equal_beginnings_are_trained_once_and_the_plan_says_who_has_them(tmp_path: Path) -> None:
    recipe = read(tmp_path)
    tasks = plan(recipe, tmp_path / "run")
    assert sum(task.kind == "train" for task in tasks.values()) == 1 + 3 + 5
    text = outline(recipe, tmp_path / "run", tasks, {})
    assert "arm mix_share0_5_own: share 0.5, voice own" in text
    line = next(line for line in text.splitlines() if " stage mix_share0_5_own-s0 " in line)
    assert line.endswith("for mix_share0_5_own, mix_rl_share0_5_own_rate0_0001 (once)")


def test_the_recipe_as_written_into_the_run_folder_is_the_same_recipe(tmp_path: Path) -> None:
    recipe = read(tmp_path)
    (tmp_path / "again.yaml").write_text(dump(recipe))
    assert load(tmp_path / "again.yaml") == recipe


def test_values_by_name_put_in_whole_mappings_and_the_order_of_stages(tmp_path: Path) -> None:
    values = "{both: [mix, sft], turned: [sft, mix]}"
    order = f"  order: {{key: arms.mix.stages, values: {values}}}\n  voice:"
    recipe = read(tmp_path, ("  voice:", order), ("cells: [", "cells: [{order: turned, share: 0.5}] # "))
    assert recipe.arms["mix_share0_5_turned_own"].stages == ["sft", "mix_share0_5_own"]
    assert recipe.arms["mix_share0_5_turned_own"].factors["order"] == "turned"


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ("key: data.if_rows.voice", "key: data.if_row.voice", "factors.voice: .*did you mean 'data.if_rows.voi"),
        ("factors:\n", "factors:\n  split: {key: data.spare.split, values: [train, test]}\n", "factors.split: changes no"),
        ("factors:\n", "factors:\n  pool: {key: data.composite.pool, values: [train, test]}\n", "pool: changes composite, w"),
        ("voice: {key: data.if_rows.voice, values: [teacher, own]}",
         "s: {key: data.if_rows.seed, values: [2, 3]}", "factors.s: data.if_rows.seed: .* same seeds"),
        ("voice: {key: data.if_rows.voice, values: [teacher, own]}",
         ("voice: {key: data.if_rows, values: {a: {builder: micro.traces, rows: 40, seed: 1}, "
         "b: {builder: micro.traces, rows: 41, seed: 2}}}"), "data.if_rows.seed differs between its values"),
        ("values: [0.1, 0.5]", "values: [0.0, 0.1]", "cells.1.share: 0.5 is none of its values; one of 0.0"),
        ("{share: 0.1}", "{shar: 0.1}", "cells.0: unknown factor 'shar'; did you mean 'share'"),
        ("spare: {", "if_rows_own: {", "data.if_rows_own: if_rows at some values would have this name"),
        ("control_of: mix", "control_of: mix_rl", "arms.mix_rl.control_of: 'mix_rl' is itself"),
        ("mixed_of: sft", "mixed_of: mix_rl", r"arms.mix.mixed_of: 2 cells of mix_rl have the values of mix_"),
        ("{share: 0}", "{share: }", "arms.sft.factors.share"),
        ("stages: [mix], mixed", "factors: {share: 1}, stages: [mix], mixed", "arms.mix.factors.share: the factor says it"),
        ("if_rows: 0.1}", "if_rows: rest}", "one share can be `rest`, beside numbers"),
        ("values: [teacher, own]", "valeus: [teacher, own]", "factors.voice: no `values`"),
        ("factors:", "factor:", "factor: unknown key"),
        ("key: data.if_rows.voice, values: [teacher, own]", "key: [5], values: [1, 2]", r"factors.voice.key: \[5\] names no key"),
        ("key: data.if_rows.voice, values: [teacher, own]", "key: data.if_rows, values: [teacher, own]", "data.if_rows: 'teacher' is put in"),
        ("key: data.if_rows.voice, values: [teacher, own]", "key: stages.mix.data, values: {teacher: , own: 3}", "stages.mix.data: None"),
    ],
)  # fmt: skip
def test_what_would_compare_nothing_is_refused_by_name(
    tmp_path: Path, find: str, put: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, (find, put))


NO_CELLS = ("cells: [{share: 0.1}, {share: 0.5, voice: own, rate: 1e-4}]\n", "")


@pytest.mark.parametrize(
    ("values", "said"), [("[0.1, 10]", "10, .*leaves no"), ("['0.1', 0.2]", "0.1, .*one share can")]
)
def test_a_share_that_leaves_no_rest_is_refused_by_stage_and_value(
    tmp_path: Path, values: str, said: str
) -> None:
    with pytest.raises(InputError, match=f"r.yaml: stages.mix.data, at share {said}"):
        read(tmp_path, ("values: [0.1, 0.5]", f"values: {values}"), NO_CELLS)


def test_a_key_that_another_factor_takes_away_is_refused_by_name(tmp_path: Path) -> None:
    adapters = "adapter: {key: stages.rl.lora, values: {none: null, some: {r: 8}}}\n  rank: {key: stages.rl.lora.r, values: [8, 64]}"
    crossed = (
        ("rl: {trainer: grpo,", "rl: {lora: {r: 8}, trainer: grpo,"),
        ("rate: {key: stages.rl.args.learning_rate, values: [1e-4, 1e-3]}", adapters),
    )
    with pytest.raises(
        InputError, match="r.yaml: stages.rl.lora.r: no mapping at stages.rl.lora to put it in"
    ):
        read(tmp_path, *crossed, NO_CELLS)
    kept = "cells: [{adapter: some, share: 0.1, voice: own}]\n"
    assert "mix_rl_share0_1_own_some_rank64" in read(tmp_path, *crossed, (NO_CELLS[0], kept)).arms


def test_sets_made_from_each_other_are_refused_by_name(tmp_path: Path) -> None:
    circle = (
        ("traces: {builder: micro.traces, rows: 40, seed: 1}", "traces: {builder: composites, rows: 40, source: {set: if_rows}}"),
        ("if_rows: {builder: micro.composites,", "if_rows: {builder: composites, source: {set: traces},"),
    )  # fmt: skip
    with pytest.raises(InputError, match="r.yaml: data.(traces|if_rows): made from itself; break the circle"):
        read(tmp_path, *circle)


def test_cells_that_coincide_are_refused(tmp_path: Path) -> None:
    nothing = (("values: [0.1, 0.5]", "values: [0.0, 0.5]"), ("cells: [{share: 0.1}", "cells: [{share: 0.0}"))
    with pytest.raises(InputError, match="cells: mix_share0_0_teacher and mix_share0_0_own coincide"):
        read(tmp_path, *nothing)

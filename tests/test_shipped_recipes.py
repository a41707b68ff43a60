"""Every recipe in the repository can be read, checked and planned."""

from pathlib import Path

import pytest

from reins.recipes.checks import check
from reins.recipes.plan import plan, plan_data
from reins.recipes.schema import load

RECIPES = Path(__file__).parents[1] / "recipes"
ABLATIONS = sorted(path for path in RECIPES.glob("*/*.yaml") if path.parent.name in ("micro", "composites"))


@pytest.mark.parametrize(
    "file", [path for path in ABLATIONS if path.name != "base.yaml"], ids=lambda path: path.stem
)
def test_it_plans(file, tmp_path):
    recipe = check(load(file), file)
    tasks = plan(recipe, tmp_path) if recipe.arms else plan_data(recipe, tmp_path, [])
    assert {task.name for task in tasks.values()} >= {f"data {name}" for name in recipe.evaluate}
    assert len(tasks) >= len(recipe.data)


def test_the_micro_ablation_has_the_arms_and_controls_that_the_question_needs():
    recipe = load(RECIPES / "micro" / "ablation.yaml")
    wanted = {"base", "sft", "rl", "sft_rl", "sft_if", "rl_if", "sft_rl_if", "sft_if_add"}
    assert set(recipe.arms) == wanted | {"sft_direct", "sft_self", "sft_own_answer", "rl_random"}
    reasoning = recipe.stages["sft"]
    for control in ("sft_direct", "sft_self", "sft_own_answer"):
        assert recipe.stages[control].args == reasoning.args and recipe.stages[control].rows == reasoning.rows
    assert recipe.stages["rl_random"].args == recipe.stages["rl"].args

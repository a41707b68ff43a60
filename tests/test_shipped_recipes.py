"""Every recipe in the repository can be read, checked and planned, has no fault that a CPU can find, and says what it costs."""

import re
from pathlib import Path

import pytest

from reins.recipes.plan.plan import plan, plan_data
from reins.recipes.preflight import preflight
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load

RECIPES = Path(__file__).parents[1] / "recipes"
NO_RECIPES = ("recipes/accelerate/", "recipes/micro/base.yaml", "recipes/qwen/shared.yaml")
ALL = sorted(
    path
    for path in RECIPES.rglob("*.yaml")
    if not path.relative_to(RECIPES.parent).as_posix().startswith(NO_RECIPES)
)
FOR_GPUS = [path for path in ALL if path.parent.name in ("qwen", "siblings", "smollm2")]
ASKING = [
    path for path in ALL if path.parent.name == "micro" and "hours by `reins" in path.read_text("utf-8")
]
LIST = RECIPES / "README.md"
HEADER = ("Reproduces:", "Prerequisites:", "Command:", "Override:", "Hardware:", "GPU-hours:")


@pytest.mark.parametrize("file", ALL, ids=lambda path: path.stem)
def test_it_plans(file: Path, tmp_path: Path) -> None:
    recipe = check(load(file), file)
    trained = recipe.arms or recipe.models
    tasks = plan(recipe, tmp_path) if trained else plan_data(recipe, tmp_path, [])
    assert {task.name for task in tasks.values()} >= {f"data {name}" for name in recipe.evaluate}
    used = {
        name for arm in recipe.arms.values() for stage in arm.stages for name in recipe.stages[stage].data
    }
    assert {f"data {name}" for name in used} <= set(tasks)
    assert {f"eval {name}" for name in recipe.models} <= set(tasks)


@pytest.mark.parametrize("file", ALL, ids=lambda path: path.stem)
def test_it_reads_nothing_beside_the_repository(file: Path) -> None:
    assert "../" not in file.read_text(encoding="utf-8")


def test_the_list_of_recipes_names_each_once_with_the_hours_of_its_header() -> None:
    text = LIST.read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\S+\.yaml)` \|.* \| (.*) \|$", text, re.MULTILINE))
    assert set(listed) == {file.relative_to(RECIPES).as_posix() for file in ALL}
    assert text.count(".yaml` |") == len(ALL)
    for file in FOR_GPUS:
        stated = f"at most {listed[file.relative_to(RECIPES).as_posix()]} on an H100-80G"
        assert stated in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FOR_GPUS, ids=lambda path: path.stem)
def test_it_has_no_fault_and_costs_what_its_header_says(file: Path, tmp_path: Path) -> None:
    """The disk is the one of this machine, which is not the one that trains."""
    found = preflight(load(file), tmp_path)
    assert [str(one) for one in found if one.level == "FAIL" and one.name != "disk"] == []
    header = file.read_text(encoding="utf-8").partition("\nname:")[0]
    assert [part for part in HEADER if f"# {part}" not in header] == []
    assert f"reins run recipes/{file.parent.name}/{file.name}" in header
    stated = re.search(r"at most [\d,.]+ on an (\S+) \(([^)]*)\)", header)
    total = next(one.text for one in found if one.name == "cost" and "(" in one.text)
    assert stated and f"{stated[1]} hours ({stated[2]})" in total
    disk = next((one.text for one in found if one.name == "disk"), "about 0 GiB")
    listed = re.search(
        rf"`{file.parent.name}/{file.name}` .* \| ([\d,]+) \| .* \|$", LIST.read_text("utf-8"), re.MULTILINE
    )
    needed = re.search(r"about ([\d,.]+) GiB", disk)
    assert listed and needed and listed[1] == f"{float(needed[1].replace(',', '')):,.0f}"


@pytest.mark.slow
@pytest.mark.parametrize("file", ASKING, ids=lambda path: path.stem)
def test_a_question_of_the_micro_world_takes_the_hours_that_its_header_says(
    file: Path, tmp_path: Path
) -> None:
    found = preflight(load(file), tmp_path)
    assert [str(one) for one in found if one.level == "FAIL" and one.name != "disk"] == []
    hours = re.search(r"about ([\d.]+) hours on 2 core", "\n".join(one.text for one in found))
    assert hours and float(hours[1]) <= 2.5
    assert f"about {hours[1]} hours by `reins check`" in file.read_text(encoding="utf-8")


def test_the_papers_ablation_is_there_for_its_four_bases_with_its_numbers() -> None:
    arms = {"base", "sft", "rl", "sft_rl", "rl_format", "sft_if", "rl_if", "sft_rl_if"}
    for name in ("1.5B", "7B", "Math-1.5B", "Math-7B"):
        file = RECIPES / "qwen" / f"qwen2.5-{name.lower()}.yaml"
        recipe = check(load(file), file)
        assert recipe.base == f"Qwen/Qwen2.5-{name}" and set(recipe.arms) >= arms
        sft, rl = recipe.stages["sft"].args, recipe.stages["rl"].args
        assert (sft["learning_rate"], sft["num_train_epochs"], sft["adam_beta2"]) == (1e-6, 3.0, 0.95)
        assert (rl["max_completion_length"], rl["num_generations"], rl["beta"]) == (3072, 8, 0.001)
        rollout = rl["per_device_train_batch_size"] * rl["steps_per_generation"] * recipe.launch.processes
        update = (
            rl["per_device_train_batch_size"] * rl["gradient_accumulation_steps"] * recipe.launch.processes
        )
        assert (rollout, update) == (128 * 8, 64 * 8)
        stretched = sft["model_init_kwargs"].get("rope_parameters", {}).get("rope_theta")
        assert stretched == (20000.0 if "Math" in name else None)
        samples = [recipe.evaluate[of].samples for of in ("aime24", "aime25", "amc23", "minerva", "olympiad")]
        assert samples == [32, 32, 32, 1, 1]


def test_shares_of_if_rows_have_equal_steps() -> None:
    recipe = load(RECIPES / "qwen" / "if_share.yaml")
    used = [recipe.stages[arm.stages[-1]] for arm in recipe.arms.values() if arm.stages]
    shares = [one.data.get("if_rows", 0.0) for one in used]
    assert shares == [0.0, 0.05, 0.1, 0.25, 0.5, 1.0]
    assert {one.rows for one in used} == {12800} and all(one.args == used[0].args for one in used)


def test_the_micro_ablation_has_the_arms_and_controls_that_the_question_needs() -> None:
    recipe = load(RECIPES / "micro" / "ablation.yaml")
    wanted = {"base", "sft", "rl", "sft_rl", "sft_if", "rl_if", "sft_rl_if", "sft_if_add"}
    assert set(recipe.arms) == wanted | {"sft_direct", "sft_self", "sft_own_answer", "rl_random"}
    reasoning = recipe.stages["sft"]
    for control in ("sft_direct", "sft_self", "sft_own_answer"):
        assert recipe.stages[control].args == reasoning.args and recipe.stages[control].rows == reasoning.rows
    assert recipe.stages["rl_random"].args == recipe.stages["rl"].args

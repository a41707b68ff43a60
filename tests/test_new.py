"""`reins new`: the recipe that it writes is sized to model, cards and budget, and passes the checks; nothing is overwritten."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from reins.recipes.cli import app
from reins.recipes.preflight import preflight
from reins.recipes.recipe.schema import load


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def new(*words: str) -> str:
    """What is printed, or what is refused."""
    done = CliRunner().invoke(app, ["new", *words])
    return done.output if done.exception is None else str(done.exception)


def test_a_large_base_is_split_over_its_cards_and_an_update_stays_as_large(tmp_path: Path) -> None:
    said = new("big", "--base", "Qwen/Qwen2.5-7B", "--gpus", "8")
    recipe = load("big.yaml")
    assert recipe.launch.accelerate == "recipes/accelerate/fsdp2.yaml" and recipe.launch.processes == 8
    sft, rl = recipe.stages["sft"].args, recipe.stages["rl_if"].args
    assert sft["per_device_train_batch_size"] * sft["gradient_accumulation_steps"] * 8 == 256
    assert rl["per_device_train_batch_size"] * rl["steps_per_generation"] * 8 == 1024
    assert recipe.arms["sft_direct"].control_of == recipe.arms["sft_self"].control_of == ["sft"]
    assert recipe.stages["sft_direct"].args == sft and recipe.arms["rl_if"].mixed_of == "rl"
    assert {line.split()[1] for line in said.splitlines() if line.startswith("FAIL")} <= {"disk"}
    assert len([line for line in Path("big.yaml").read_text().splitlines() if line[0] not in "# "]) <= 13


@pytest.mark.slow
def test_a_budget_costs_rows_and_samples_before_arms(tmp_path: Path) -> None:
    new("one", "--base", "Qwen/Qwen2.5-1.5B", "--gpus", "1", "--budget-hours", "60")
    recipe = load("one")
    assert recipe.launch.accelerate == "recipes/accelerate/single_gpu.yaml"
    assert {"sft_self", "rl_random"} <= {*recipe.arms} and recipe.stages["sft"].rows < 18000
    costs = [finding.text for finding in preflight(recipe, tmp_path / "run") if finding.name == "cost"]
    assert float(costs[-1].split()[2]) <= 60
    assert "the least is " in new("less", "--base", "Qwen/Qwen2.5-1.5B", "--gpus", "1", "--budget-hours", "1")
    assert not Path("less.yaml").exists()


def test_a_base_of_few_positions_gets_short_data(tmp_path: Path) -> None:
    said = new("short", "--base", "recipes/micro/base", "--gpus", "2")
    assert "FAIL" not in said and load("short").launch.accelerate == "recipes/accelerate/ddp.yaml"


@pytest.mark.parametrize("gpus", [3, 5, 6, 7])
def test_cards_that_do_not_divide_an_update_get_the_nearest(gpus: int) -> None:
    new("odd", "--base", "recipes/micro/base", "--gpus", str(gpus))
    stages, there = load("odd").stages, load("smollm2/ablation").stages
    for name in ("sft", "rl"):
        here, before = (
            each[name].args["per_device_train_batch_size"]
            * each[name].args.get("gradient_accumulation_steps", 1)
            for each in (stages, there)
        )
        assert abs(here * gpus / before - 1) <= gpus / 2 / 16, name
    drawn = stages["rl"].args["per_device_train_batch_size"] * stages["rl"].args["steps_per_generation"]
    assert drawn * gpus % 8 == 0
    assert ", as near to the 16 there as these cards come" in Path("odd.yaml").read_text()


def test_a_name_that_reads_as_a_number_is_quoted() -> None:
    for name in ("1.5", "true", "1e5"):
        assert "FAIL" not in new(name, "--base", "recipes/micro/base", "--gpus", "1")
        assert load(f"{name}.yaml").name == name


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (
            ["--base", "some/model", "--gpus", "8"],
            "its sizes are not known here; `hf download some/model config.json`",
        ),
        (["--base", "Qwen/Qwen2.5-7B", "--gpus", "1", "--gpu", "L40S-48G"], "do not fit 1 x L40S-48G"),
        (["--base", "Qwen/Qwen2.5-7B", "--gpus", "8", "--gpu", "H100"], "did you mean 'H100-80G'?"),
        (["--base", "Qwen/Qwen2.5-7B", "--gpus", "9"], "--gpus 9: not 1 to 8"),
        (["--base", "Qwen/Qwen2.5-7B"], "--gpus: missing"),
        (["--base", "half", "--gpus", "1"], "--base: half holds no weights"),
        (
            ["--base", "Qwen/Qwen2.5-7B", "--gpus", "8", "--budget-hours", "-5"],
            "--budget-hours -5: no number",
        ),
        (
            ["--base", "Qwen/Qwen2.5-7B", "--gpus", "8", "--budget-hours", "nan"],
            "--budget-hours nan: no number",
        ),
    ],
)
def test_what_cannot_be_sized_is_refused_and_nothing_written(words: list[str], refused: str) -> None:
    Path("half").mkdir()
    Path("half/config.json").write_text("{}")
    assert refused in new("no", *words) and not Path("no.yaml").exists()


def test_nothing_is_overwritten_and_a_name_is_no_path() -> None:
    assert "NAME ../x: no name of a recipe" in new("../x", "--base", "Qwen/Qwen2.5-7B", "--gpus", "8")
    Path("mine.yaml").write_text("mine")
    assert "mine.yaml: there already" in new("mine", "--base", "Qwen/Qwen2.5-7B", "--gpus", "8")
    assert Path("mine.yaml").read_text() == "mine"

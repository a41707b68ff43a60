"""The plan: a shared prefix once, only what is asked for, steps and tokens as TRL counts them, hashes that hold."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file
from tiny import make_tokenizer
from transformers import AutoTokenizer

from reins.data_builders import BUILDERS
from reins.eval.io.errors import InputError
from reins.eval.io.files import write_json, write_text
from reins.eval.run import run as evaluate
from reins.eval.sample.processes import take_cards
from reins.eval.verify import render
from reins.recipes.engine.done import inputs_of, origins_of, output_of
from reins.recipes.engine.output_folders import output_folders
from reins.recipes.engine.run import require_disk
from reins.recipes.plan import estimate, recipe_run
from reins.recipes.plan.outline import outline
from reins.recipes.plan.plan import plan, plan_data
from reins.recipes.plan.task import Task
from reins.recipes.recipe import resolve
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import Recipe, Stage, load

ROOT = Path(__file__).parents[1]
RECIPE = """
name: small
base: base
seeds: [3, 5]
data:
  traces: {builder: micro.traces, rows: 40}
  composites: {builder: micro.composites, rows: 20, split: train, pool: train}
  problems: {builder: micro.problems, rows: 30}
  own: {builder: own_answers, of: problems, rows: 10, samples: 2}
  composite: {builder: micro.composites, rows: 12}
stages:
  sft: {trainer: sft, data: {traces: 1.0}, args: {learning_rate: 3e-4, per_device_train_batch_size: 8}}
  self: {trainer: sft, data: {own: 0.8, composites: 0.2}}
  rl: {trainer: grpo, data: {problems: 1.0}, rewards: {correct: 1.0}, args: {max_steps: 2}}
arms:
  base: []
  sft: [sft]
  sft_rl: [sft, rl]
  self: [self]
evaluate:
  composite: {samples: 2, modes: [think]}
launch: {accelerate: cpu.yaml, side_by_side: 2}
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a base, a launch file and a recipe."""
    monkeypatch.chdir(tmp_path)
    make_tokenizer().save_pretrained("base")
    Path("base/config.json").write_text("{}")
    Path("base/model.safetensors").write_text("weights")
    Path("cpu.yaml").write_text("distributed_type: 'NO'\nuse_cpu: true\n")
    Path("recipe.yaml").write_text(RECIPE)
    return tmp_path


def recipe(text: str = RECIPE) -> Recipe:
    Path("recipe.yaml").write_text(text)
    return check(load("recipe.yaml"), Path("recipe.yaml"))


def hashes(tasks: dict[str, Task]) -> dict[str, str]:
    """What goes into every task when each task's output stands for its inputs."""
    found: dict[str, str] = {}
    for task in tasks.values():
        found[task.name] = inputs_of(task, found)
    return found


def test_a_shared_prefix_is_one_task_and_every_task_comes_after_what_it_needs(world: Path) -> None:
    tasks = plan(recipe(), Path("runs/small"), seeds=[3])
    assert [name for name, task in tasks.items() if task.kind == "train"] == [
        "stage sft-s3",
        "stage sft.rl-s3",
        "stage self-s3",
    ]
    assert tasks["stage sft.rl-s3"].needs == ("stage sft-s3", "rows rl-s3")
    assert tasks["stage sft.rl-s3"].config["model"] == "runs/small/stages/sft-s3/final"
    assert tasks["stage sft-s3"].config["model"] == "base"
    names = list(tasks)
    assert all(names.index(need) < names.index(task.name) for task in tasks.values() for need in task.needs)


def test_arm_and_seed_restrict_the_plan_and_unknown_ones_are_refused(world: Path) -> None:
    tasks = plan(recipe(), Path("runs/small"), ["sft"], [5])
    assert list(tasks) == ["data traces", "rows sft-s5", "stage sft-s5", "data composite", "eval sft-s5"]
    with pytest.raises(InputError, match="--arm sfx: no such arm in small; did you mean 'sft'"):
        plan(recipe(), Path("runs/small"), ["sfx"])
    with pytest.raises(InputError, match="--seed 4: not a seed of small; give one of"):
        plan(recipe(), Path("runs/small"), seeds=[4])


def test_the_base_is_evaluated_once_whatever_the_seeds(world: Path) -> None:
    tasks = plan(recipe(), Path("runs/small"))
    assert [name for name in tasks if name.startswith("eval base")] == ["eval base"]
    one = plan(recipe(), Path("runs/small"), seeds=[5])
    assert hashes(one)["eval base"] == hashes(tasks)["eval base"]


def test_every_set_is_asked_with_and_without_its_constraints(world: Path) -> None:
    asked = plan(recipe(), Path("runs/small"))["eval sft-s3"].parts
    configs = [part.config for part in asked]
    assert [(config["label"], config["with_constraints"], config["out"]) for config in configs] == [
        ("composite", True, "runs/small/evals/sft-s3/composite.think"),
        ("composite-plain", False, "runs/small/evals/sft-s3/composite-plain.think"),
    ]
    assert all(config["rows"] == "runs/small/data/composite/rows.jsonl" for config in configs)


def test_a_set_made_of_answers_waits_for_them_and_is_given_their_paths(world: Path) -> None:
    tasks = plan_data(recipe(), Path("runs/small"), ["own"])
    assert list(tasks) == ["data problems", "answers own", "data own"]
    assert tasks["answers own"].parts[0].config["with_constraints"] is False
    assert tasks["data own"].config["args"] == {
        "source_rows": "runs/small/data/problems/rows.jsonl",
        "responses": "runs/small/answers/own/responses.jsonl",
    }


def test_rewards_and_sets_are_judged_by_the_recipes_preset(world: Path) -> None:
    """Where it is the default, nothing says so, and what was hashed before there was a choice stays."""
    published = plan(recipe(RECIPE.replace("base: base", "base: base\npreset: mathif")), Path("runs/small"))
    ours = plan(recipe(), Path("runs/small"))
    assert published["stage sft.rl-s3"].config["preset"] == "mathif"
    assert published["data own"].config["args"]["preset"] == "mathif"
    assert ours["stage sft.rl-s3"].config["preset"] == "reins"
    assert "preset" not in ours["stage sft.rl-s3"].spec and "preset" not in ours["data own"].config["args"]
    said = "own_answers, of: problems, preset: reins,"
    stated = recipe(
        RECIPE.replace("base: base", "base: base\npreset: mathif").replace("own_answers, of: problems,", said)
    )
    assert stated.data["own"].args["preset"] == "reins"
    changed = {name for name in ours if hashes(ours)[name] != hashes(published)[name]}
    assert {"stage sft.rl-s3", "stage sft.rl-s5", "data own"} <= changed and "data traces" not in changed


def test_a_changed_stage_changes_only_what_depends_on_it(world: Path) -> None:
    before = hashes(plan(recipe(), Path("runs/small"), seeds=[3]))
    after = hashes(plan(recipe(RECIPE.replace("3e-4", "1e-4")), Path("elsewhere"), seeds=[3]))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"stage sft-s3", "stage sft.rl-s3", "eval sft-s3", "eval sft.rl-s3"}


@pytest.mark.parametrize(
    ("find", "put", "stage"),
    [
        ("side_by_side: 2", "side_by_side: 2, threads: 2", "stage sft-s3"),
        ("traces: 1.0}", "traces: 1.0}, rows: 20", "stage sft-s3"),
        ("{own: 0.8, composites: 0.2}", "{composites: 0.2, own: 0.8}, rows: 10", "stage self-s3"),
        ("rows: 40}", "rows: 40, seed: 1}", "stage sft-s3"),
        ("samples: 2}", "samples: 3}", "stage self-s3"),
    ],
)
def test_whatever_goes_into_a_stage_changes_its_hash(world: Path, find: str, put: str, stage: str) -> None:
    assert find in RECIPE
    before = hashes(plan(recipe(), Path("runs/small"), seeds=[3]))
    assert (
        hashes(plan(recipe(RECIPE.replace(find, put)), Path("runs/small"), seeds=[3]))[stage] != before[stage]
    )


def test_a_changed_base_or_launch_file_changes_every_stage(world: Path) -> None:
    for file in ("base/model.safetensors", "cpu.yaml"):
        before = hashes(plan(recipe(), Path("runs/small"), ["sft"], [3]))
        Path(file).write_text(Path(file).read_text() + "\n# changed")
        assert (
            hashes(plan(recipe(), Path("runs/small"), ["sft"], [3]))["stage sft-s3"] != before["stage sft-s3"]
        )


def test_a_folder_named_like_a_choice_changes_no_hash(world: Path) -> None:
    before = hashes(plan(recipe(), Path("runs/small")))
    for name in ("train", "own_answers", "self"):  # a split, a builder, a set
        Path(name).mkdir()
        Path(name, "file").write_text("text")
    assert hashes(plan(recipe(), Path("runs/small"))) == before


def test_tracking_and_slots_change_no_hash(world: Path) -> None:
    before = hashes(plan(recipe(), Path("runs/small")))
    other = RECIPE.replace("side_by_side: 2", "side_by_side: 1") + "track: {mode: disabled}\n"
    assert hashes(plan(recipe(other), Path("runs/small"))) == before


def test_how_many_samples_are_drawn_at_once_changes_no_hash_and_reaches_the_engine(world: Path) -> None:
    before = hashes(plan(recipe(), Path("runs/small")))
    other = RECIPE.replace("modes: [think]", "batch_size: 16, modes: [think]")
    other = other.replace("rows: 10, samples: 2", "rows: 10, samples: 2, batch_size: 8")
    tasks = plan(recipe(other), Path("runs/small"))
    assert hashes(tasks) == before
    assert {part.config["batch_size"] for part in tasks["eval sft-s3"].parts} == {16}
    assert tasks["answers own"].parts[0].config["batch_size"] == 8
    # What runs that set none were hashed with while it counted.
    assert (
        tasks["eval sft-s3"].parts[0].spec["batch_size"] == 64 == tasks["data own"].spec["set"]["batch_size"]
    )


def test_a_set_of_the_run_is_given_to_a_builder_as_it_takes_it(world: Path) -> None:
    """Alone, or in a list where it takes lists; neither changes what is hashed."""
    against = "against: {set: composite}"
    sets = f"  apart: {{builder: problems, source: p.jsonl, rows: 2, {against}}}\n"
    sets += f"  shown: {{builder: micro.examples, rows: 2, {against}}}\n"
    sets += "  mixed: {builder: composites, source: {set: problems}, rows: 2}\nstages:"
    tasks = plan_data(
        recipe(RECIPE.replace("stages:", sets)), Path("runs/small"), ["apart", "shown", "mixed"]
    )
    rows = "runs/small/data/{}/rows.jsonl".format
    assert tasks["data apart"].config["args"]["against"] == [rows("composite")]
    assert tasks["data shown"].config["args"]["against"] == rows("composite")
    assert tasks["data mixed"].config["args"]["source"] == rows("problems")


SAVED = [
    ("save_steps: 5}", 1 + 3 * 3),  # the last, and three with two moments each
    ("save_steps: 5}, lora: {r: 4}", 1 + 3 * 1.04),
    ("save_steps: 5, model_init_kwargs: {dtype: bfloat16}}", (1 + 3 * 3) / 2),
]


@pytest.mark.parametrize(("put", "saved"), SAVED)
def test_a_stage_is_sized_in_float32_whatever_its_base_is_saved_in(
    world: Path, put: str, saved: float
) -> None:
    assert sized(put)["stage sft-s3"].disk == pytest.approx(4 * 300_000 * saved)


def sized(put: str) -> dict[str, Task]:
    """The arm `sft` of a base of 300,000 parameters in float16, with three checkpoints."""
    save_file({"w": np.zeros((300, 1000), np.float16)}, "base/model.safetensors")
    text = RECIPE.replace("batch_size: 8}}", f"batch_size: 8, {put}}}")
    return plan(recipe(text), Path("runs/small"), ["sft"], [3])


def test_a_base_in_the_hubs_cache_is_sized_too(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file({"w": np.zeros((300, 1000), np.float16)}, "base/model.safetensors")
    monkeypatch.setattr(recipe_run, "file_of", lambda model, name: Path("base", name))
    assert recipe_run.Model.opened("owner/name") == recipe_run.Model("owner/name", "owner/name", 300_000)


def test_a_stage_that_was_cut_off_needs_room_for_what_it_has_not_written(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks, folder = sized("save_steps: 5}"), Path("runs/small")
    stage, outputs = tasks["stage sft-s3"], dict[str, str]()
    for name in ("data traces", "rows sft-s3"):
        outputs[name] = inputs_of(tasks[name], outputs)
        write_json(tasks[name].folder / "done.json", {"inputs": outputs[name]})
    free = SimpleNamespace(free=stage.disk // 2 + resolve.SPARE)
    monkeypatch.setattr(resolve.shutil, "disk_usage", lambda place: free)
    with pytest.raises(InputError, match="no disk"):
        require_disk(folder, tasks)
    write_text(stage.folder / "checkpoint-5/optimizer.pt", " " * (stage.disk * 2 // 3))
    with pytest.raises(InputError, match="no disk"):
        require_disk(folder, tasks)  # made from something else: it will be put aside, and stay
    write_text(stage.folder / "origin", *origins_of(stage, outputs))
    require_disk(folder, tasks)


def test_of_vllms_arguments_those_that_decide_samples_are_hashed_and_its_cards_are_slots(world: Path) -> None:
    def planned(arguments: str) -> dict[str, Task]:
        launch = f"side_by_side: 2, engine: vllm, vllm: {{{arguments}}}"
        return plan(recipe(RECIPE.replace("side_by_side: 2", launch)), Path("runs/small"), ["sft"], [3])

    plain = planned("")
    asked = planned("tensor_parallel_size: 2, max_num_seqs: 8, enforce_eager: true")
    assert hashes(asked) == hashes(plain)
    evaluation, stage = asked["eval sft-s3"], asked["stage sft-s3"]
    assert evaluation.config["vllm"] == {"tensor_parallel_size": 2, "max_num_seqs": 8, "enforce_eager": True}
    assert (evaluation.processes, stage.processes, plain["eval sft-s3"].processes) == (2, 1, 1)
    for arguments in ("dtype: bfloat16", "quantization: fp8"):
        changed, before = hashes(planned(arguments)), hashes(plain)
        assert (
            changed["eval sft-s3"] != before["eval sft-s3"]
            and changed["stage sft-s3"] == before["stage sft-s3"]
        )
    with pytest.raises(InputError, match="tensor_parallel_size: 3 cards, but 2 process"):
        planned("tensor_parallel_size: 3")


def test_several_engines_share_a_sets_rows_and_change_no_hash(world: Path) -> None:
    def planned(launch: str) -> dict[str, Task]:
        return plan(recipe(RECIPE.replace("side_by_side: 2", launch)), Path("runs/small"), ["sft"], [3])

    alone = planned("side_by_side: 4, engine: vllm")
    shared = planned("side_by_side: 4, engine: vllm, vllm: {tensor_parallel_size: 2, data_parallel_size: 2}")
    assert hashes(shared) == hashes(alone)
    evaluation = shared["eval sft-s3"]
    assert evaluation.processes == 4 and evaluation.config["world_size"] == 2
    assert evaluation.command[1:6] == [*"-m torch.distributed.run --standalone --nproc-per-node 2".split()]
    assert "torch.distributed.run" not in alone["eval sft-s3"].command
    with pytest.raises(InputError, match="data_parallel_size: 5 cards, but 4 process"):
        planned("side_by_side: 4, engine: vllm, vllm: {data_parallel_size: 5}")


@pytest.mark.parametrize(("visible", "rank", "left"), [("0,1,2,3", 1, "2,3"), ("4,5,7", 0, "4"), ("", 1, "")])
def test_each_of_several_engines_takes_cards_of_its_own(
    visible: str, rank: int, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("CUDA_VISIBLE_DEVICES", visible),
        ("LOCAL_WORLD_SIZE", "2"),
        ("LOCAL_RANK", str(rank)),
    ):
        monkeypatch.setenv(name, value)
    take_cards()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == left
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(InputError, match="2 engines, 1 cards"):
        take_cards()


def test_the_outline_says_what_is_trained_for_whom_and_how(world: Path) -> None:
    found = recipe()
    text = outline(found, Path("runs/small"), plan(found, Path("runs/small"), seeds=[3]), {"data traces"})
    assert "done   data traces" in text
    assert "for sft, sft_rl (once)" in text
    assert "40 rows, 15 steps, about" in text
    assert "2 steps, at most 8,192 tokens" in text
    assert "-m reins.train.grpo --config runs/small/stages/sft.rl-s3/config.yaml" in text


def test_the_command_is_launched_by_accelerate_with_this_interpreter(world: Path) -> None:
    task = plan(recipe(), Path("runs/small"), ["sft"], [3])["stage sft-s3"]
    assert task.command[1:8] == [
        *("-m", "accelerate.commands.launch", "--config_file", "cpu.yaml", "--num_processes", "1"),
        "-m",
    ]
    assert task.env["OMP_NUM_THREADS"] == "1" and task.env["ACCELERATE_USE_CPU"] == "true"


def test_steps_are_those_of_the_trainers() -> None:
    sft = Stage(trainer="sft", data={"a": 1.0}, rows=100, args={"num_train_epochs": 2.0})
    assert estimate.steps(sft, 1, None) == 2 * 13
    assert (
        estimate.steps(sft.model_copy(update={"args": {"gradient_accumulation_steps": 4}}), 2, None) == 3 * 2
    )
    with pytest.raises(InputError, match="num_train_epochs: .* optimizer steps"):
        estimate.steps(sft.model_copy(update={"args": {"num_train_epochs": 1e308}}), 1, None)
    packed = {"packing": True, "max_length": 100, "num_train_epochs": 1.0, "per_device_train_batch_size": 1}
    assert estimate.steps(sft.model_copy(update={"args": packed}), 1, 25.0) == 25
    grpo = {"per_device_train_batch_size": 16, "num_generations": 8, "num_train_epochs": 1.0}
    assert estimate.steps(Stage(trainer="grpo", data={"a": 1.0}, rows=101, args=grpo), 1, None) == 50


@pytest.mark.parametrize("name", ["corpus_a", "reasoning"])
def test_a_row_s_tokens_are_those_that_are_trained(name: str, tmp_path: Path) -> None:
    """Constraints are a third of a row of the corpus."""
    recipe = load(ROOT / "recipes/micro/exposure.yaml")
    dataset = recipe.data[name]
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "recipes/micro/base")
    rows = BUILDERS[dataset.builder](rows=400, seed=dataset.seed, **dataset.args)
    turns = [
        [{"role": "user", "content": render(row)}, {"role": "assistant", "content": row.response}]
        for row in rows
    ]
    trained = [len(ids) for ids in tokenizer.apply_chat_template(turns)["input_ids"]]
    assert estimate.row_tokens(recipe, name, tmp_path) == pytest.approx(sum(trained) / len(trained), rel=0.1)


def test_the_defaults_are_those_of_the_installed_trl() -> None:
    trl = pytest.importorskip("trl")
    for key, value in estimate.DEFAULTS.items():
        found = [
            config.__dataclass_fields__[key].default
            for config in (trl.SFTConfig, trl.GRPOConfig, trl.DistillationConfig)
            if key in config.__dataclass_fields__
        ]
        assert found and set(found) <= {value, None}, key


def test_an_evaluation_that_other_processes_than_promised_would_share_is_refused(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = plan(recipe(), Path("runs/small"), ["base"], [3])["eval base"]
    write_text(task.folder / "config.yaml", yaml.safe_dump({**task.config, "parts": [], "inputs": "abc"}))
    monkeypatch.setenv("WORLD_SIZE", "8")
    with pytest.raises(InputError, match="eval.*config.yaml: world_size: 1, but 8 started"):
        evaluate(task.folder / "config.yaml")


def test_models_are_evaluated_as_they_are_and_need_no_base(world: Path) -> None:
    text = RECIPE[: RECIPE.index("  own:")].replace("base: base", "models: {chat: base, far: owner/name}")
    text += "  composite: {builder: micro.composites, rows: 12}\n"
    found = recipe(text + "against: {chat: far}\n" + RECIPE[RECIPE.index("evaluate:") :])
    tasks = plan(found, Path("runs/small"))
    assert list(tasks) == ["data composite", "eval chat", "eval far"]
    assert tasks["eval chat"].config["model"] == "base" and tasks["eval far"].config["model"] == "owner/name"
    assert tasks["eval chat"].parts[0].config["out"] == "runs/small/evals/chat/composite.think"
    assert list(plan(found, Path("runs/small"), ["far"])) == ["data composite", "eval far"]


def test_checkpoints_on_the_way_are_asked_in_the_first_mode_and_only_by_the_sets_that_want_them(
    world: Path,
) -> None:
    text = RECIPE.replace("learning_rate: 3e-4", "save_steps: 4, learning_rate: 3e-4")
    text = text.replace("modes: [think]", "modes: [direct, think]")
    asked = plan(recipe(text), Path("runs/small"), ["sft_rl"], [3])
    assert [name for name in asked if name.startswith("eval")] == ["eval sft-s3 along", "eval sft.rl-s3"]
    along = asked["eval sft-s3 along"]
    assert along.needs == ("data composite", "stage sft-s3") and along.note.startswith(
        "3 checkpoint(s), 72 samples"
    )
    assert [part.config["out"] for part in along.parts] == ["runs/small/evals/sft-s3@*/composite.direct"]
    last = plan(recipe(text.replace("{samples: 2,", "{checkpoints: last, samples: 2,")), Path("runs/small"))
    assert not [name for name in last if "along" in name]
    some = text.replace("{samples: 2,", "{checkpoints: [8, 999], samples: 2,")
    assert plan(recipe(some), Path("x"))["eval sft-s3 along"].note.startswith("1 checkpoint(s), 24 samples")


def test_the_template_of_a_stage_is_hashed_by_its_content(world: Path) -> None:
    Path("other.jinja").write_text("{{ messages }}")
    text = RECIPE.replace("learning_rate: 3e-4", "chat_template_path: other.jinja")
    before = hashes(plan(recipe(text), Path("runs/small"), ["sft"], [3]))
    Path("moved.jinja").write_text("{{ messages }}")
    moved = text.replace("other.jinja", "moved.jinja")
    assert hashes(plan(recipe(moved), Path("runs/small"), ["sft"], [3])) == before
    Path("moved.jinja").write_text("{{ messages }}!")
    changed = hashes(plan(recipe(moved), Path("runs/small"), ["sft"], [3]))
    assert changed["stage sft-s3"] != before["stage sft-s3"]


ATTENDED = RECIPE.replace("modes: [think]", "attention: true, modes: [think, direct]")


def test_attention_is_measured_after_an_evaluation_and_counts_as_its_own(world: Path) -> None:
    assert "attention: true" in ATTENDED
    tasks = plan(recipe(ATTENDED), Path("runs/small"), ["sft"], [3])
    task = tasks["attend sft-s3"]
    assert task.needs == ("eval sft-s3",) and task.kind == "attend"
    assert [part["mode"] for part in task.config["parts"]] == ["think", "direct"]
    assert task.config["model"] == tasks["eval sft-s3"].config["model"]
    plain = plan(recipe(ATTENDED.replace("attention: true, ", "")), Path("runs/small"), ["sft"], [3])
    assert "attend sft-s3" not in plain
    assert hashes(plain)["eval sft-s3"] == hashes(tasks)["eval sft-s3"]  # the samples are the same
    # What it wrote stands beside the responses; where that is gone, the task is not done.
    (place,) = [file for file in task.beside if "think" in file.parent.name]
    place.parent.mkdir(parents=True)
    place.write_text("{}\n")
    task.folder.mkdir(parents=True)
    (task.folder / "done.json").write_text('{"inputs": "x"}')
    for folder in output_folders(task):
        folder.keep()
    assert output_of(task, "x") == "x"
    place.unlink()
    assert output_of(task, "x") is None


def test_prompt_states_are_kept_of_the_prompts_that_ask_for_a_thought(world: Path) -> None:
    asked = RECIPE.replace("modes: [think]", "prompt_states: true, modes: [think, direct]")
    parts = plan(recipe(asked), Path("runs/small"), ["sft"], [3])["eval sft-s3"].parts
    kept = [part.folder.name for part in parts if part.config.get("prompt_states")]
    assert kept == ["composite.think"] and len(parts) > 1


def test_attention_of_a_served_model_is_refused(world: Path) -> None:
    served = """
name: served
models: {one: one-model}
data:
  composite: {builder: micro.composites, rows: 12}
evaluate:
  composite: {attention: true}
launch: {accelerate: cpu.yaml, engine: openai, server: {base_url: 'http://localhost:1/v1'}}
"""
    with pytest.raises(InputError, match=r"evaluate\.composite\.attention: a server gives no attention"):
        recipe(served)

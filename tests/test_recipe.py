"""A recipe is read strictly: every mistake is one line that names file, key and fix."""

from pathlib import Path

import pytest
import yaml

from reins.eval.io.errors import InputError
from reins.recipes.recipe import stages
from reins.recipes.recipe.files import recipe_file
from reins.recipes.recipe.resolve import check, disk
from reins.recipes.recipe.schema import Recipe, dump, load
from reins.train import rewards

RECIPE = """
name: small
base: {base}
data:
  traces: {{builder: micro.traces, rows: 40}}
  more: {{builder: micro.composites, rows: 20, split: train, pool: train}}
  problems: {{builder: micro.problems, rows: 30}}
  own: {{builder: own_answers, of: problems, rows: 10, samples: 2}}
  composite: {{builder: micro.composites, rows: 12}}
stages:
  sft: {{trainer: sft, rows: 30, data: {{traces: 0.5, more: 0.5}}, args: {{learning_rate: 3e-4}}}}
  rl: {{trainer: grpo, data: {{problems: 1.0}}, rewards: {{correct: 1.0}}}}
arms:
  base: []
  sft: [sft]
  sft_rl: [sft, rl]
evaluate:
  composite: {{samples: 2}}
launch: {{accelerate: {launch}}}
"""


@pytest.fixture
def text(tmp_path: Path) -> str:
    base, launch = tmp_path / "base", tmp_path / "cpu.yaml"
    base.mkdir()
    for file in (
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ):
        (base / file).write_text("{}")
    launch.write_text("distributed_type: 'NO'\n")
    return RECIPE.format(base=base, launch=launch)


def read(tmp_path: Path, text: str) -> Recipe:
    file = tmp_path / "recipe.yaml"
    file.write_text(text)
    return check(load(file), file)


def test_a_set_with_a_share_of_nothing_needs_no_rows(tmp_path: Path, text: str) -> None:
    none = "more: 0, traces: 1.0"
    assert read(tmp_path, text.replace("traces: 0.5, more: 0.5", none)).stages["sft"].rows == 30
    unsaid = text.replace(
        "rows: 30, data: {traces: 0.5, more: 0.5}", f"data: {{{none}}}, add: {{problems: 0.5}}"
    )
    assert read(tmp_path, unsaid).stages["sft"].rows == 40
    added = text.replace("{traces: 0.5, more: 0.5}", f"{{{none}}}, add: {{more: 0.5}}")
    assert read(tmp_path, added).stages["sft"].rows == 30
    with pytest.raises(InputError, match="stages.sft: wants 41 rows of 'traces', which has 40"):
        read(
            tmp_path, text.replace("rows: 30, data: {traces: 0.5, more: 0.5}", f"rows: 41, data: {{{none}}}")
        )


def test_every_default_is_written_out_and_the_result_is_a_recipe_again(tmp_path: Path, text: str) -> None:
    recipe = read(tmp_path, text)
    written = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)
    assert "&" not in written
    assert read(tmp_path, written) == recipe
    assert recipe.stages["rl"].rows == 30
    assert recipe.stages["sft"].args["learning_rate"] == 3e-4
    assert recipe.evaluate["composite"].modes == ["think"]


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ("rows: 30, data:", "rows: 30, dat:", "stages.sft.dat: unknown key; did you mean 'data'?"),
        (
            "data: {traces: 0.5, more: 0.5}",
            "data: {traces: 0.5, more: 0.5}, add: {more: 0.1}",
            "stages.sft: 'more' is in `data` and in `add`",
        ),
        ("evaluate:", "evalaute:", "evalaute: unknown key; did you mean 'evaluate'?"),
        ("{samples: 2}", "{sample: 2}", "evaluate.composite.sample: unknown key; did you mean 'samples'?"),
        ("rows: 40", "rows: 0", "data.traces.rows: got 0; input should be greater than or equal to 1"),
        ("builder: micro.traces, ", "", "data.traces: no source; give one of builder, file, hub"),
        (
            "micro.traces",
            "micro.trace",
            "data.traces.builder: unknown builder 'micro.trace'; did you mean 'micro.tr",
        ),
        (
            "pool: train",
            "pol: train",
            "data.more.pol: unknown argument of micro.composites; did you mean 'pool'?",
        ),
        (
            "pool: train",
            "pool: trian",
            "data.more.pool: got 'trian'; input should be 'train', 'test' or 'all'",
        ),
        ("of: problems, ", "", "data.own.samples: unknown argument of own_answers"),
        ("of: problems", "of: problem", "data.own: unknown set 'problem'; did you mean 'problems'?"),
        ("of: problems", "of: own", "data.own: made from itself; break the circle"),
        (
            "builder: micro.composites, rows: 12",
            "builder: benchmark, name: iffeval, rows: 12",
            "data.composite.name: unknown benchmark 'iffeval'; did you mean 'ifeval'?",
        ),
        (
            "builder: micro.composites, rows: 12",
            "builder: benchmark, name: aime24, rows: 300",
            "data.composite.rows: 300, and aime24 has 30; 30 at most",
        ),
        (
            "rows: 10, samples: 2",
            "rows: 31, samples: 2",
            "data.own.rows: 31, and each of the 30 rows of problems gives one at most; 30 at most",
        ),
        (
            "own_answers, of: problems, rows: 10, samples: 2",
            "undecided, of: problems, rows: 10",
            "data.own.samples: 1, and undecided compares several; samples: 4, or more",
        ),
        (
            "own_answers, of: problems, rows: 10, samples: 2",
            "undecided, of: problems, rows: 10, samples: 2, temperature: 0",
            "data.own.temperature: 0, at which all samples to a prompt are the same",
        ),
        (
            "rows: 10, samples: 2",
            "rows: 10, keep: [thought, no_thought]",
            "data.own.keep: thought and no_thought, and no sample is both",
        ),
        ("builder: micro.problems, rows: 30", "file: no.jsonl", "data.problems.file: no.jsonl: No such file"),
        (
            "trainer: grpo",
            "trainer: gpro",
            "stages.rl.trainer: got 'gpro'; input should be 'sft', 'grpo', 'pretrain', 'distill' or 'interpolate'",
        ),
        ("traces: 0.5", "traces: 0.4", "stages.sft.data: shares add to 0.9, not 1; rows that come on top"),
        ("more: 0.5", "mroe: 0.5", "stages.sft.data: unknown set 'mroe'; did you mean 'more'?"),
        ("rows: 30, data", "rows: 41, data", "stages.sft: wants 41 rows of 'traces', which has 40"),
        (
            "traces: 0.5, more: 0.5",
            "traces: 0.99, more: 0.01",
            "stages.sft: 30 rows at this share give no row of 'more'",
        ),
        (
            "{correct: 1.0}",
            "{corect: 1.0}",
            "stages.rl.rewards: unknown reward 'corect'; did you mean 'correct'?",
        ),
        (", rewards: {correct: 1.0}", "", "stages.rl.rewards: GRPO stages have rewards, others none"),
        (
            "trainer: sft, rows: 30, data: {traces: 0.5, more: 0.5}, args: {learning_rate: 3e-4}",
            "trainer: pretrain, data: {traces: 1.0}, architecture: {dtype: bf16}",
            "stages.sft.architecture.dtype: 'bf16' is none that weights are trained in; did you mean 'bfloat16'?",
        ),
        ("learning_rate: 3e-4", "output_dir: x", "stages.sft.args.output_dir: the recipe sets this itself"),
        (
            "learning_rate: 3e-4",
            "learning_rat: 1",
            "stages.sft.args.learning_rat: SFTConfig has no such key; did you",
        ),
        ("{samples: 2}", "{modes: [thinking]}", "evaluate.composite.modes: mode: 'thinking' is unknown"),
        (
            "{samples: 2}",
            "{modes: [cot, decid]}",
            "evaluate.composite.modes: mode: 'decid' is unknown; did you mean",
        ),
        (
            "{samples: 2}",
            "{modes: [few_shot-2]}",
            "evaluate.composite.examples: missing, and mode few_shot-2 shows",
        ),
        (
            "{samples: 2}",
            "{modes: [few_shot-2], examples: tracs}",
            "evaluate.composite.examples: unknown set 'tracs'; did you mean 'traces'?",
        ),
        (
            "{samples: 2}",
            "{modes: [direct, reflect_other], replies_of: sft_rl}",
            "evaluate.composite.modes: reflect_other shows samples of mode cot or think, which are not there",
        ),
        (
            "{samples: 2}",
            "{prompt_states: true}",
            "evaluate.composite.prompt_states: nobody reads them of the modes think; leave it out, or ask in direct",
        ),
        (
            "{samples: 2}",
            "{modes: [decide]}",
            "evaluate.composite.modes: decide answers no row, and is the first",
        ),
        ("[sft, rl]", "[sft, lr]", "arms.sft_rl: unknown stage 'lr'; did you mean 'rl'?"),
        (
            "[sft, rl]",
            "{stages: [sft, rl], mixed_of: stf}",
            "arms.sft_rl.mixed_of: unknown arm 'stf'; did you mean 'sft'?",
        ),
        ("[sft, rl]", "{stages: [sft], control_of: sft_rl}", "arms.sft_rl.control_of: 'sft_rl' is itself"),
        ("[sft, rl]", "{stages: [sft], control_of: [base]}", "arms.sft_rl.control_of: 'base' is the base"),
        (
            "launch: {",
            "launch: {vllm: {max_num_seq: 4}, ",
            "launch.vllm.max_num_seq: unknown key; did you mean 'max_num_seqs'?",
        ),
        ("launch: {", "launch: {vllm: {dtype: half}, ", "launch.vllm.dtype: got 'half'"),
        ("[sft, rl]", "{stages: [sft], controls: sft}", "arms.sft_rl.controls: unknown key"),
        (
            "base: []",
            "base: {stages: [], mixed_of: sft}",
            "arms.base.mixed_of: an arm without stages is the base",
        ),
        ("composite: {s", "compsite: {s", "evaluate.compsite: unknown set; did you mean 'composite'?"),
        ("cpu.yaml", "gpu.yaml", "launch.accelerate: "),
        (
            "arms:",
            "models: {sft: owner/name}\narms:",
            "models.sft: an arm has this name; give the model another",
        ),
        ("arms:", "models: {other: here}\narms:", "models.other: here holds no model (config.json)"),
        (
            "arms:",
            "against: {sft: bse}\narms:",
            "against.sft: 'bse' is neither arm nor model; did you mean 'base'?",
        ),
        ("arms:", "against: {sft: sft}\narms:", "against.sft: 'sft' is itself; name another arm or model"),
        (
            "composite: {samples: 2}",
            "composite: {modes: [cot, reflect_other], replies_of: sft}\n  problems: {modes: [cot, reflect_other], replies_of: sft_rl}",
            "evaluate.problems.replies_of: 'sft_rl', and composite shows those of 'sft': either would wait for",
        ),
        ("name: small", "name: small\nname: large", ":3: key 'name' is given twice"),
        ("name: small", "name: small\nseeds: [1, 1]", "seeds: [1, 1] names a seed twice"),
        ("arms:", "arms: {", "mend the YAML"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_fix(
    tmp_path: Path, text: str, find: str, put: str, message: str
) -> None:
    assert find in text
    with pytest.raises(InputError) as error:
        read(tmp_path, text.replace(find, put))
    assert str(error.value).startswith(str(tmp_path / "recipe.yaml"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("chat_template.jinja", "has no chat template"),
        ("model.safetensors", "holds no weights"),
        ("config.json", "holds no model"),
    ],
)
def test_a_base_without_what_it_needs_is_refused(tmp_path: Path, text: str, file: str, message: str) -> None:
    (tmp_path / "base" / file).unlink()
    with pytest.raises(InputError, match=f"recipe.yaml: base: .*{message}"):
        read(tmp_path, text)


def test_a_template_in_the_tokenizers_settings_counts(tmp_path: Path, text: str) -> None:
    (tmp_path / "base" / "chat_template.jinja").unlink()
    (tmp_path / "base" / "tokenizer_config.json").write_text('{"chat_template": "x"}')
    assert read(tmp_path, text).name == "small"


def test_an_arm_says_what_it_is_for_and_a_bare_list_of_stages_is_one_without_role(
    tmp_path: Path, text: str
) -> None:
    recipe = read(tmp_path, text.replace("[sft, rl]", "{stages: [sft, rl], control_of: sft, mixed_of: sft}"))
    assert recipe.arms["sft"].model_dump() == {
        "stages": ["sft"],
        "factors": {},
        "control_of": [],
        "mixed_of": None,
        "decides_for": None,
    }
    role = recipe.arms["sft_rl"]
    assert (role.stages, role.control_of, role.mixed_of) == (["sft", "rl"], ["sft"], "sft")


def test_a_recipe_of_data_alone_needs_no_base(tmp_path: Path, text: str) -> None:
    data = "name: small\ndata: {traces: {builder: micro.traces, rows: 4}}\n"
    assert read(tmp_path, data).arms == {}
    with pytest.raises(InputError, match="recipe.yaml: base: missing; name a model's folder or a hub id"):
        read(tmp_path, data + "arms: {base: []}\n")


def test_a_recipe_of_models_alone_needs_no_base(tmp_path: Path, text: str) -> None:
    models = "name: small\nmodels: {a: owner/one, b: owner/two}\nagainst: {b: a}\n"
    assert read(tmp_path, models).against == {"b": "a"}


def test_a_recipe_extends_one_other(tmp_path: Path, text: str) -> None:
    read(tmp_path, text)
    child = tmp_path / "child.yaml"
    child.write_text(
        "extends: recipe.yaml\nname: child\nseeds: [0, 1]\nstages: {sft: {args: {max_steps: 2}}}\n"
    )
    recipe = check(load(child), child)
    assert (recipe.name, recipe.seeds) == ("child", [0, 1])
    assert recipe.stages["sft"].args == {"learning_rate": 3e-4, "max_steps": 2}
    grandchild = tmp_path / "grandchild.yaml"
    grandchild.write_text("extends: child.yaml\n")
    with pytest.raises(InputError, match="one level, no more"):
        load(grandchild)
    for parent, said in (
        ("no", r"grandchild.yaml: extends: no: No such file"),
        ("[a, b]", r"extends: got \['a', 'b'\]"),
    ):
        grandchild.write_text(f"extends: {parent}\n")
        with pytest.raises(InputError, match=said):
            load(grandchild)


@pytest.mark.parametrize("steps", ["[0]", "every"])
def test_what_may_be_of_two_kinds_is_refused_by_both_and_by_its_own_key(
    tmp_path: Path, text: str, steps: str
) -> None:
    said = r"evaluate.composite.checkpoints: got .*; input should be 'all' or 'last', or: "
    with pytest.raises(InputError, match=said):
        read(tmp_path, text.replace("{samples: 2}\n", f"{{samples: 2, checkpoints: {steps}}}\n"))


def test_numbers_are_those_of_yaml_1_2(tmp_path: Path, text: str) -> None:
    slurm = "slurm: {time: 24:00:00, gpus: 8, account: 1e}"
    args = "{learning_rate: 3e-4, weight_decay: .01, warmup_steps: 0, max_steps: -1, adam_beta1: 0.9}"
    changed = text.replace("{learning_rate: 3e-4}", args).replace("cpu.yaml}", f"cpu.yaml, {slurm}}}")
    recipe = read(tmp_path, changed)
    assert recipe.stages["sft"].args == {
        "learning_rate": 0.0003,
        "weight_decay": 0.01,
        "warmup_steps": 0,
        "max_steps": -1,
        "adam_beta1": 0.9,
    }
    assert (recipe.launch.slurm.time, recipe.launch.slurm.gpus) == ("24:00:00", 8)
    assert read(tmp_path, dump(recipe)) == recipe


def test_no_disk_is_refused(tmp_path: Path) -> None:
    disk(tmp_path / "runs" / "small", 2**20)
    with pytest.raises(
        InputError, match=r"small: no disk: \d+ MiB free, the stages leave about 1073741824 MiB"
    ):
        disk(tmp_path / "runs" / "small", 2**50)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: a file, not a folder"):
        disk(tmp_path / "file", 0)


def test_the_rewards_are_those_of_the_trainer() -> None:
    assert set(stages.REWARDS) == set(rewards.NAMES)


def test_a_recipe_is_named_by_path_or_name_and_what_is_here_comes_first(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe_file("micro/ablation") == recipe_file("recipes/micro/ablation.yaml")
    Path("micro").mkdir()
    Path("micro/ablation.yaml").write_text("name: mine")
    Path("micro/ablation").mkdir()  # a folder of the same name is no recipe
    assert recipe_file("micro/ablation") == Path("micro/ablation.yaml")
    with pytest.raises(InputError, match="did you mean 'qwen/if_share'"):
        recipe_file("qwen/if_shares")

"""Weights between a base and what was trained from it: a stage of a recipe that trains nothing."""

from pathlib import Path

import pytest
import torch
import yaml
from tiny import make_tiny
from transformers import AutoModelForCausalLM, AutoTokenizer

from reins.eval.io.errors import InputError
from reins.eval.io.files import read_state
from reins.recipes.plan.plan import plan
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import load
from reins.train.interpolate import interpolate

RECIPE = """
name: repair
base: recipes/micro/base
data:
  traces: {builder: micro.traces, rows: 40}
  composite: {builder: micro.composites, rows: 12}
stages:
  sft: {trainer: sft, rows: 40, data: {traces: 1.0}}
  back: {trainer: interpolate, share: 0.5}
factors: {kept: {key: stages.back.share, values: [0.25, 0.75]}}
arms: {base: [], sft: [sft], sft_back: [sft, back]}
evaluate: {composite: {samples: 2}}
"""


def config(folder: Path, base: Path, model: Path, share: float) -> Path:
    content = {"trainer": "interpolate", "base": str(base), "model": str(model), "share": share}
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump({**content, "out": str(folder), "inputs": "in"}))
    return folder / "config.yaml"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForCausalLM.from_pretrained(folder).state_dict()


@pytest.fixture(scope="module")
def trained(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "model"
    model = AutoModelForCausalLM.from_pretrained(tiny)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1.0)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_is_so_much_of_the_trained_one(
    tiny: Path, trained: Path, tmp_path: Path, share: float
) -> None:
    interpolate(config(tmp_path / "out", tiny, trained, share))
    before, after = weights(tiny), weights(tmp_path / "out" / "final")
    assert before.keys() == after.keys()
    for name, weight in before.items():
        torch.testing.assert_close(after[name], weight + share)
    done = read_state(tmp_path / "out" / "done.json") or {}
    assert (done["inputs"], done["steps"], done["supervised_tokens"]) == ("in", 0, 0)
    assert AutoTokenizer.from_pretrained(tmp_path / "out" / "final").chat_template


def test_what_it_hands_on_is_told_apart_by_its_weights(tiny: Path, trained: Path, tmp_path: Path) -> None:
    """A stage done again from the same inputs need not give the same weights: what grew from it is then not done."""
    handed_on = []
    for name, share in (("first", 0.25), ("again", 0.25), ("other", 0.75)):
        interpolate(config(tmp_path / name, tiny, trained, share))
        handed_on.append((read_state(tmp_path / name / "done.json") or {})["output"])
    assert handed_on[0] == handed_on[1] != handed_on[2]


def test_models_of_two_architectures_are_refused(tiny: Path, tmp_path: Path) -> None:
    other = make_tiny(tmp_path / "other", think_tokens=True)
    model = AutoModelForCausalLM.from_pretrained(other)
    model.resize_token_embeddings(model.config.vocab_size + 8)
    model.save_pretrained(other)
    with pytest.raises(InputError, match=r"embed_tokens\.weight is not in .* alike; two of one architecture"):
        interpolate(config(tmp_path / "out", tiny, other, 0.5))


def test_it_is_a_stage_after_the_one_that_it_takes_back(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE)
    tasks = plan(check(load(file), file), tmp_path / "run")
    stage = tasks["stage sft.back_kept0_25-s0"]
    assert stage.needs == ("stage sft-s0",) and stage.config["share"] == 0.25
    assert "stage sft.back_kept0_25-s0" in tasks["eval sft.back_kept0_25-s0"].needs
    for find, put, message in (
        ("[sft, back]", "[back]", "arms.sft_back_kept0_25: .* put a stage before it"),
        (
            "interpolate, share: 0.5",
            "interpolate, share: 0.5, rows: 3",
            "stages.back_kept0_25.rows: nothing is tr",
        ),
        ("{traces: 1.0}}", "{traces: 1.0}, share: 0.5}", "stages.sft.share: sft has no share"),
        ("data: {traces: 1.0}", "args: {}", "stages.sft.data: missing"),
    ):
        file.write_text(RECIPE.replace(find, put))
        with pytest.raises(InputError, match=message):
            check(load(file), file)

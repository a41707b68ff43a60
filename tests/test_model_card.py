"""Every trained arm has a card beside its weights, and goes to the hub with it."""

import json
import re
from types import SimpleNamespace

import pytest
import yaml
from huggingface_hub import ModelCard
from typer.testing import CliRunner

from reins.eval.io.errors import InputError
from reins.eval.report.report import report
from reins.recipes.cli import app
from reins.recipes.engine.model_card import push, write_cards
from tests.synthetic_run import make_run

STAGES = {
    "sft": {"trainer": "sft", "data": {"reasoning": 0.7}, "add": {"if_traces": 0.3}, "rewards": {}},
    "rl": {"trainer": "grpo", "data": {"problems": 1.0}, "add": {}, "rewards": {"correct": 1.0}},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = make_run(
        tmp_path_factory.mktemp("card"), arms={"base": [], "sft": ["sft"], "sft_rl": ["sft", "rl"]}
    )
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text())
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"base": "me/base", "stages": STAGES}))
    for checkpoint in ("sft-s0", "sft.rl-s0"):
        (folder / "stages" / checkpoint / "final").mkdir()
    report([folder], folder / "report")
    return folder


def test_a_card_says_how_the_arm_was_trained_and_what_was_found(run):
    write_cards(run)
    card = ModelCard.load(run / "stages/sft.rl-s0/final/README.md")
    assert (card.data.base_model, card.data.tags) == ("me/base", ["reins", "sft", "grpo"])
    assert card.data.license is None and "license" not in card.content
    text = card.text
    assert "| sft | sft | reasoning 0.7, if_traces 0.3 | – | 400 | 20 | 100 | 50000 |" in text
    hacc = next(line for line in text.splitlines() if line.startswith("| composite | think | hacc |"))
    assert hacc.count("[") == 2 and "| -0." in hacc, (
        "the value and the change against the base, with intervals"
    )


def test_the_hubs_index_holds_the_figures_with_n_interval_and_preset(run):
    write_cards(run)
    card = ModelCard.load(run / "stages/sft-s0/final/README.md")
    results = json.loads((run / "report/results.json").read_text())
    figures = {
        (entry["set"], entry["mode"], entry["metric"]): entry
        for entry in results["figures"]
        if entry["checkpoint"] == "sft-s0" and entry["group"] is None
    }
    assert {"hacc", "sacc"} <= {result.metric_type for result in card.data.eval_results}
    for result in card.data.eval_results:
        figure = figures[result.dataset_name, result.dataset_config, result.metric_type]
        assert result.metric_value == figure["value"]
        assert result.metric_args == {"preset": "reins"} | {key: figure[key] for key in ("n", "low", "high")}


@pytest.mark.parametrize("base", ["/home/alice/models/mine", "mine", "tests/mine", "~/mine", "../mine"])
def test_a_base_that_is_no_hub_id_is_not_published(run, base):
    recipe = (run / "recipe.yaml").read_text()
    (run / "recipe.yaml").write_text(yaml.safe_dump(yaml.safe_load(recipe) | {"base": base}))
    write_cards(run)
    (run / "recipe.yaml").write_text(recipe)
    card = ModelCard.load(run / "stages/sft-s0/final/README.md")
    assert card.data.base_model is None and "mine" not in card.content and "alice" not in card.content


def test_a_card_links_data_base_and_arm_and_shows_the_recipe(run):
    plain = (run / "recipe.yaml").read_text()
    data = {
        "reasoning": {"builder": "self", "of": "questions"},
        "questions": {"hub": "them/questions:main", "split": "train"},
        "if_traces": {"file": "/home/alice/private/if.jsonl"},
        "problems": {"builder": "problems", "source": "them/problems", "note": "hf_plantedTokenXYZabcdefgh"},
    }
    kept = {"data": data, "launch": {"slurm": {"account": "alices"}}}
    (run / "recipe.yaml").write_text(yaml.safe_dump(yaml.safe_load(plain) | kept))
    write_cards(run)
    (run / "recipe.yaml").write_text(plain)
    cards = {name: ModelCard.load(run / f"stages/{name}/final/README.md") for name in ("sft-s0", "sft.rl-s0")}
    assert cards["sft-s0"].data.datasets == ["them/questions"]
    assert cards["sft.rl-s0"].data.datasets == ["them/problems", "them/questions"]
    assert cards["sft-s0"].data.base_model_relation == "finetune"
    (shown,) = re.findall(r"```yaml\n(.*?)```", cards["sft-s0"].text, re.DOTALL)
    recipe = yaml.safe_load(shown)
    assert recipe["stages"] == STAGES and recipe["data"]["if_traces"] == {"file": "if.jsonl"}
    assert not any(secret in cards["sft-s0"].content for secret in ("alice", "plantedToken", "launch"))


@pytest.fixture
def calls(monkeypatch):
    """What the hub is asked."""
    calls = []
    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", lambda self, *a, **k: calls.append((a, k)))
    monkeypatch.setattr(
        "huggingface_hub.HfApi.upload_folder", lambda self, **k: calls.append(k["folder_path"])
    )
    monkeypatch.setattr("huggingface_hub.HfApi.create_collection", lambda self, *a, **k: collection(a, k))
    monkeypatch.setattr(
        "huggingface_hub.HfApi.add_collection_item", lambda self, *a, **k: calls.append((a, k))
    )

    def collection(given, named):
        calls.append((given, named["namespace"], named["private"], named["exists_ok"]))
        return SimpleNamespace(slug="me/x-1")

    return calls


def test_push_uploads_the_arms_folder_into_the_collection_of_its_ablation(run, calls):
    push(run, "sft_rl", "me/sft-rl", seed=0)
    push(run, "sft", "me/sft", seed=0, private=False)
    private, public = calls[:4], calls[4:]
    assert private == [
        (("me/sft-rl",), {"private": True, "exist_ok": True}),
        run / "stages/sft.rl-s0/final",
        (("reins: synthetic",), "me", True, True),
        (("me/x-1", "me/sft-rl", "model"), {"exists_ok": True}),
    ]
    assert public[0][1]["private"] is False and public[2][2] is False


@pytest.mark.parametrize(("more", "private"), [([], True), (["--public", "--seed", "0"], False)])
def test_the_command_pushes_for_oneself_unless_public_is_asked(more, private, run, calls):
    done = CliRunner().invoke(app, ["push", str(run), "--arm", "sft", "--to", "me/sft", *more])
    assert (done.exit_code, done.output) == (0, "https://huggingface.co/me/sft\n")
    made, folder, collected, _ = calls
    assert made == (("me/sft",), {"private": private, "exist_ok": True}) and collected[2] is private
    assert folder == run / "stages/sft-s0/final"


@pytest.mark.parametrize(
    ("arm", "seed", "said"), [("base", 0, "--arm base: not trained"), ("sft", 3, "--seed 3")]
)
def test_push_refuses_what_was_not_trained(run, arm, seed, said):
    with pytest.raises(InputError, match=said):
        push(run, arm, "me/x", seed=seed)


def test_push_needs_a_report(tmp_path):
    with pytest.raises(InputError, match="finish the run first"):
        push(tmp_path, "sft", "me/x", seed=0)

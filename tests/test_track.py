"""Offline W&B runs hold every evaluation metric, and no tracking needs no W&B."""

import importlib.util
import json
import struct
import subprocess
import sys

import pytest
import yaml
from stages import make_stage
from synthetic_run import MADE_OF, make_run, make_tracked_run
from tiny import make_tiny
from trl import SFTConfig

from reins.eval.io.errors import InputError
from reins.eval.io.wandb_names import short
from reins.eval.report.report import report
from reins.eval.report.track import track
from reins.recipes.recipe import resolve
from reins.recipes.recipe.schema import load
from reins.train.config import configure
from reins.train.stage import read_stage

BLOCK = 32768


def tracked_run(folder, track_with):
    run = make_tracked_run(folder, track_with)
    report([run], run / "report")
    return run


def records(file):
    """The records of an offline run: a LevelDB log after a header of seven bytes."""
    from wandb.proto import wandb_internal_pb2

    content, at, whole = file.read_bytes(), 7, b""
    while at + 7 <= len(content):
        left = BLOCK - at % BLOCK
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", content[at : at + 7])
        whole += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()  # type: ignore[attr-defined]
            record.ParseFromString(whole)
            whole = b""
            yield record


def logged(place):
    """Of the offline run in a folder: what the run is, and its history, a dict a point."""
    (file,) = place.glob("wandb/offline-run-*/*.wandb")
    said = list(records(file))
    (about,) = [record.run for record in said if record.HasField("run")]
    points = [
        {item.nested_key[0] if item.nested_key else item.key: item.value_json for item in record.history.item}
        for record in said
        if record.HasField("history")
    ]
    return about, points


def artifacts(place):
    """The artifacts that an offline run in a folder has logged."""
    (file,) = place.glob("wandb/offline-run-*/*.wandb")
    logged = [record.request.log_artifact.artifact for record in records(file)]
    logged += [record.artifact for record in records(file)]
    return [each for each in logged if each.type in ("dataset", "checkpoint", "evaluation", "report")]


def files(place):
    """Those artifacts, each with its files, the report's figures and tables left out."""
    return {
        artifact.name: {
            entry.path for entry in artifact.manifest.contents if entry.path[:3] not in ("fig", "tab")
        }
        for artifact in artifacts(place)
    }


SECRETS = {"WANDB_API_KEY": "0123456789abcdef" * 2 + "01234567", "HF_TOKEN": "hf_plantedTokenXYZ"}


@pytest.mark.slow
def test_offline_runs_hold_every_figure_in_one_group_and_no_secret(tmp_path, monkeypatch):
    import wandb

    home = tmp_path / "home" / "alice"
    home.mkdir(parents=True)
    for name, value in {**SECRETS, "HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "staged"))
    setup = f"export HF_TOKEN={SECRETS['HF_TOKEN']}"
    planted = {"base": f"{home}/models/base", "launch": {"slurm": {"setup": setup}}, "note": setup}
    run = tracked_run(tmp_path / "run", {"track": {"project": "reins", "mode": "offline"}} | planted)
    (run / "data/composite/card.md").write_text(f"made of {home}/rows.jsonl")
    (run / "evals/sft-s0/composite.think/metrics.json").write_text("{}")
    track(run)
    wandb.teardown()  # only then are the files whole

    results = json.loads((run / "report" / "results.json").read_text())
    for place, tags in (("base", {"base"}), ("sft-s0", {"sft", "seed0"})):
        about, points = logged(run / "evals" / place)
        assert (about.run_group, about.job_type, set(about.tags)) == ("synthetic", "eval", tags)
        steps = [int(point["eval/checkpoint_step"]) for point in points]
        assert steps == ([0] if place == "base" else [0, 40, 80, 100])
        figures = [one for one in results["figures"] if one["checkpoint"] == place and one["group"] is None]
        assert len(figures) > 10
        for one in figures:
            assert float(points[-1][f"eval/composite.think/{one['metric']}"]) == one["value"]
        for key in (
            "eval/composite.think/hacc_low",
            "eval/composite.think/hacc_n",
            "eval/types",
            "eval/bins",
        ):
            assert key in points[-1]
        for point in points:
            assert "eval/composite.think/reasoning_tokens" in point
            assert point["arm/HAcc"] == point["eval/composite.think/hacc"]
            assert {"arm/correct", "arm/truncated share"} <= point.keys()
    about, points = logged(run / "report")
    assert (about.run_group, about.job_type) == ("synthetic", "report")
    assert {"report/contrasts", "report/flips", "report/length", "report/attribution"} <= points[-1].keys()
    assert [files(run / place) for place in (".", "evals/sft-s0", "report")] == [
        {"synthetic-data-composite": {"card.md", "set.json"}},
        {"synthetic-eval-sft-s0": {"composite.think/metrics.json"}},
        {"synthetic-report": {"index.html", "results.json"}},
    ]
    assert {"overview/HAcc against correct_table", "overview/HAcc along training_table"} <= points[-1].keys()

    bare = [value.encode() for value in (*SECRETS.values(), str(home))]
    offline = [file for file in run.glob("**/wandb/**/*") if file.is_file() and not file.is_symlink()]
    assert len(offline) > 6
    for file in offline:
        content = file.read_bytes()
        assert not [secret for secret in bare if secret in content], file


def test_a_recipe_that_does_not_track_needs_no_wandb(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)  # importing it would fail
    run = make_run(tmp_path / "run", arms={"base": []}, rows=4)
    track(run)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text()) | {"track": {"mode": "disabled"}}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    track(run)
    assert not list(run.rglob("wandb*"))


@pytest.mark.parametrize("tracker", ["trackio", "tensorboard"])
def test_another_tracker_gets_the_stages_and_is_refused_where_it_is_not_installed(
    tracker, tmp_path, monkeypatch
):
    config = make_stage(
        tmp_path / "stage",
        "base",
        "sft",
        {},
        track={"project": "me/mine", "report_to": tracker, "name": "x-sft"},
    )
    args = configure(read_stage(config, "sft"), SFTConfig)
    assert (args.report_to, args.project, args.run_name) == ([tracker], "mine", "x-sft")
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == tracker else there(name))
    file = tmp_path / "recipe.yaml"
    file.write_text(f"name: a\ntrack: {{report_to: {tracker}}}\n")
    with pytest.raises(
        InputError, match=rf"track\.report_to: {tracker} is not installed; pip install {tracker}"
    ):
        resolve.check(load(file), file)


def test_a_recipe_tracks_only_where_it_says_so(tmp_path):
    file = tmp_path / "recipe.yaml"
    file.write_text("name: a\n")
    assert load(file).track.mode == "disabled"
    file.write_text("name: a\ntrack: {project: mine}\n")
    assert load(file).track.mode == "offline"


LONG = "sft_on_long_reasoning_traces_of_the_teacher_with_constraints_added_beside"


def test_long_names_are_cut_alike_each_time_and_told_apart():
    assert short(LONG[:64], 64) == LONG[:64]
    cut = short(LONG, 64)
    assert len(cut) == 64 and cut == short(LONG, 64) and cut.startswith(LONG[:50])
    assert short(LONG + "a", 64) != short(LONG + "b", 64)


def test_an_offline_run_takes_long_names_and_an_entity(tmp_path):
    import wandb

    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=4)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text()) | MADE_OF
    named = {"name": LONG * 2, "track": {"project": "my-team/reins", "mode": "offline"}}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe | named))
    report([run], run / "report")
    track(run)
    wandb.teardown()
    about, _ = logged(run / "report")
    assert (about.entity, about.project) == ("my-team", "reins")
    assert about.run_group == short(LONG * 2, 128) and len(about.display_name) == 128


def test_a_stage_of_a_long_name_is_tracked(tmp_path):
    named = {"project": "my-team/reins", "group": LONG * 2, "name": LONG * 2, "tags": [LONG, "s0"]}
    args = {"max_steps": 1, "use_cpu": True, "save_strategy": "no"}
    stage = tmp_path / "stage"
    config = make_stage(stage, make_tiny(tmp_path / "base"), "sft", args, track=named)
    command = [sys.executable, "-m", "reins.train.sft", "--config", str(config)]
    subprocess.run(command, check=True, capture_output=True)  # W&B's variables stay in its process
    about, _ = logged(stage)
    assert set(about.tags) == {short(LONG, 64), "s0"}
    (artifact,) = artifacts(stage)
    assert artifact.name == short(f"{LONG * 2}-stage", 128)
    trained = json.loads(artifact.metadata)
    assert (trained["trainer"], trained["steps"], trained["args"]["max_steps"]) == ("sft", 1, 1)
    assert (about.entity, about.project) == ("my-team", "reins")


@pytest.mark.parametrize("project", ["a/b/c", "what?", "x" * 129, "/reins"])
def test_a_project_that_wandb_does_not_take_is_refused_with_the_recipe(project, tmp_path):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump({"name": "a", "track": {"project": project}}))
    with pytest.raises(InputError, match="track.project: "):
        load(tmp_path / "recipe.yaml")


def test_a_stage_trains_where_wandb_cannot_be_imported(tmp_path):
    config = make_stage(
        tmp_path / "stage", make_tiny(tmp_path / "base"), "sft", {"max_steps": 1, "use_cpu": True}
    )
    without = "import sys; sys.modules['wandb'] = None; sys.argv = ['sft', '--config', sys.argv[1]]; "
    code = without + "import runpy; runpy.run_module('reins.train.sft', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(config)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (config.parent / "done.json").exists()

"""Offline W&B runs hold every evaluation metric, and no tracking needs no W&B."""

import struct
import sys

import pytest
import yaml
from synthetic_run import make_run

from reins.eval.report import report
from reins.eval.track import track

BLOCK = 32768


def tracked_run(folder, track_with):
    run = make_run(folder, arms={"base": [], "sft": ["sft"]}, rows=40)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text()) | track_with
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
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


@pytest.mark.slow
def test_offline_runs_hold_every_figure_in_one_group(tmp_path, monkeypatch):
    import wandb

    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "staged"))
    run = tracked_run(tmp_path / "run", {"track": {"project": "reins", "mode": "offline"}})
    track(run)
    wandb.teardown()  # only then are the files whole
    found = {}
    for place in (run / "evals" / "base", run / "evals" / "sft-s0", run / "report"):
        (file,) = place.glob("wandb/offline-run-*/*.wandb")
        said = list(records(file))
        (about,) = [record.run for record in said if record.HasField("run")]
        assert about.run_group == "synthetic"
        keys = {item.nested_key[0] for record in said for item in record.history.item}
        found[place.name] = about.job_type, set(about.tags), keys
    assert found["sft-s0"][:2] == ("eval", {"sft", "seed0"})
    for metric in ("hacc", "hacc_low", "hacc_high", "hacc_n", "sacc", "correct", "blind_hacc", "cut"):
        assert f"eval/composite.think/{metric}" in found["sft-s0"][2]
        assert f"eval/composite.think/{metric}" in found["base"][2]
    assert {"eval/bins", "eval/types", "eval/checkpoint_step"} <= found["sft-s0"][2]
    assert found["report"][0] == "report"
    assert "report/contrasts" in found["report"][2]


def test_a_recipe_that_does_not_track_needs_no_wandb(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)  # importing it would fail
    run = make_run(tmp_path / "run", arms={"base": []}, rows=4)
    track(run)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text()) | {"track": {"mode": "disabled"}}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    track(run)
    assert not list(run.rglob("wandb*"))

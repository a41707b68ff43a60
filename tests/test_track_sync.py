"""What nodes logged offline is uploaded once nothing in it is a secret, and the server is told what each run was given."""

import subprocess
from types import SimpleNamespace

import pytest
from synthetic_run import make_run, make_tracked_run
from typer.testing import CliRunner

from reins.eval.analyse.analyse import analyse
from reins.eval.analyse.run_folder import RunFolder
from reins.eval.io.errors import InputError
from reins.eval.io.files import write_json
from reins.eval.report.sync import sync
from reins.recipes.cli import app

TOKEN = "hf_plantedTokenXYZ"


class Server:
    """In place of `wandb.Api`: what was asked of it."""

    default_entity = "me"

    def __init__(self):
        self.used = {}

    def run(self, path):
        return SimpleNamespace(use_artifact=self.used.setdefault(path, []).append)

    def artifact(self, path):
        return path


def offline_run(folder, content=b"reward"):
    """The folder of an offline run as a node leaves it."""
    kept = folder / "wandb/offline-run-20261126_090000-abc"
    kept.mkdir(parents=True)
    (folder / "wandb_id").write_text(f"{folder.parent.name}-{folder.name}")
    (kept / "run-abc.wandb").write_bytes(content)
    return kept


@pytest.fixture
def tracked(tmp_path, monkeypatch):
    """A finished run with its offline runs, the server, and what `wandb` was called with."""
    run = make_tracked_run(
        tmp_path / "run", {"track": {"project": "reins", "mode": "offline"}}, ["sft", "sft_rl"]
    )
    write_json(run / "report/results.json", analyse([RunFolder(run)]))
    tracked = ("stages/sft-s0", "stages/sft.rl-s0", "evals/base", "evals/sft-s0", "evals/sft.rl-s0", "report")
    kept = sorted(offline_run(run / place) for place in tracked)
    server, called = Server(), []
    monkeypatch.setattr("wandb.Api", lambda: server)
    monkeypatch.setattr(
        subprocess, "run", lambda words, **_: called.append(words) or SimpleNamespace(returncode=0)
    )
    return run, kept, server, called


def test_sync_uploads_every_offline_run_and_declares_what_each_was_given(tracked):
    run, kept, server, called = tracked
    assert sync(run) == kept
    (command,) = called
    assert command[1:] == ["-m", "wandb", "sync", *map(str, kept)]
    ours = "me/reins/synthetic-"
    used = {
        path[len("me/reins/") :]: [name.removeprefix(ours) for name in names]
        for path, names in server.used.items()
    }
    data = "data-composite:latest"
    assert used == {
        "stages-sft-s0": [data],
        "stages-sft.rl-s0": ["sft-s0:latest", data],
        "evals-base": [data],
        "evals-sft-s0": ["sft-s0:latest", data],
        "evals-sft.rl-s0": ["sft.rl-s0:latest", data],
        "run-report": ["eval-base:latest", "eval-sft-s0:latest", "eval-sft.rl-s0:latest"],
    }


def test_the_command_prints_what_it_uploaded(tracked):
    run, kept, server, called = tracked
    done = CliRunner().invoke(app, ["track", "sync", str(run)])
    assert (done.exit_code, done.output.split()) == (0, [str(folder) for folder in kept])
    assert len(called) == 1 and "me/reins/run-report" in server.used


def test_sync_uploads_nothing_where_a_secret_is_held(tmp_path, monkeypatch):
    run = make_tracked_run(tmp_path / "run", {})
    offline_run(run / "report", content=b"\x00\xff" + TOKEN.encode())
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("uploaded"))
    with pytest.raises(InputError, match=r"run-abc\.wandb: holds a secret") as refused:
        sync(run)
    assert TOKEN not in str(refused.value)


def test_sync_says_where_there_is_nothing_to_upload(tmp_path):
    with pytest.raises(InputError, match=r"recipe\.yaml: not there"):
        sync(tmp_path)
    with pytest.raises(InputError, match="no offline run"):
        sync(make_run(tmp_path / "run", arms={"base": []}, rows=4))

"""A run that is there is looked at again: files cut off, edited, copied or gone are noticed."""

import json
import os
from pathlib import Path

import pytest
import torch
from reins_command import reins
from safetensors.torch import save_file

from reins.eval.io.errors import InputError
from reins.eval.io.files import read_state
from reins.recipes.engine.model_card import push
from reins.train.checkpoints import last_whole, mark_whole, remove_broken

BROKEN = {
    "empty": b"",
    "cut": b'{"inputs": "ab',
    "zeros": bytes(300),
    "a list": b"[]",
    "binary": b"\xff\xfe{",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_done_json_that_cannot_be_read_is_not_done(broken: bytes, here: Path) -> None:
    assert reins("build", "r.yaml", "--out", "o").returncode == 0
    rows = (here / "o/data/x/rows.jsonl").read_bytes()
    (here / "o/data/x/done.json").write_bytes(broken)
    again = reins("build", "r.yaml", "--out", "o")
    assert again.returncode == 0 and again.stderr.count("\n") == 1
    assert "o/data/x/done.json: cannot be read, so what it is about counts as not done" in again.stderr
    assert (here / "o/data/x/rows.jsonl").read_bytes() == rows
    assert reins("build", "r.yaml", "--out", "o").stderr == ""


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_step_that_cannot_be_read_is_none(broken: bytes, tmp_path: Path) -> None:
    (file := tmp_path / "state.json").write_bytes(broken)
    assert read_state(file) == {} and read_state(tmp_path / "none.json") is None


def test_rows_edited_by_hand_are_named_kept_and_made_anew(here: Path) -> None:
    reins("build", "r.yaml", "--out", "o")
    file = here / "o/data/x/rows.jsonl"
    rows = file.read_bytes()
    for number in (1, 2):
        file.write_bytes(rows.replace(b"a", b"b", number))
        done = reins("build", "r.yaml", "--out", "o")
        assert "rows.jsonl is not what it was when it was done, and is now in o/old/changed/" in done.stdout
        kept = here / f"o/old/changed/{number}/data/x/rows.jsonl"
        assert kept.read_bytes() == rows.replace(b"a", b"b", number) and file.read_bytes() == rows
    file.unlink()
    assert "rows.jsonl is gone: done again" in reins("build", "r.yaml", "--out", "o").stdout
    assert file.read_bytes() == rows


def test_a_copied_run_is_not_done_again(here: Path) -> None:
    reins("build", "r.yaml", "--out", "o")
    for file in (here / "o").rglob("*.jsonl"):
        os.utime(file, (1, 1))
    assert "started" not in reins("build", "r.yaml", "--out", "o").stdout


@pytest.mark.parametrize("source", ["probs", "./probs"])
def test_a_source_is_watched_however_it_is_named(source: str, here: Path) -> None:
    file = here / "probs/p.jsonl"
    file.parent.mkdir()
    lines = [json.dumps({"question": f"What is {i} + {i}?", "answer": str(2 * i)}) for i in range(8)]
    file.write_text("\n".join(lines))
    given = f"{{x: {{builder: problems, rows: 4, source: {source}, test_share: 0.0}}}}"
    (here / "r.yaml").write_text(f"name: k\ndata: {given}\n")
    reins("build", "r.yaml", "--out", "o")
    file.write_text("\n".join(lines).replace("What", "CHANGED what"))
    reins("build", "r.yaml", "--out", "o")
    assert (here / "o/data/x/rows.jsonl").read_text().count("CHANGED") == 4


@pytest.mark.parametrize("damage", ["zeros", "a hole", "the end"])
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_checkpoint_that_lost_its_contents_gives_way_to_the_one_before(
    damage: str, name: str, tmp_path: Path
) -> None:
    for step in (1, 2):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        save_file({"weight": torch.rand(1 << 19)}, folder / "model.safetensors")
        torch.save({"state": {0: {"exp_avg": torch.rand(1 << 19)}}}, folder / "optimizer.pt")
        (folder / "trainer_state.json").write_bytes(os.urandom(1 << 21))
        mark_whole(folder, "digest", {})
    assert last_whole(tmp_path) == tmp_path / "checkpoint-2"
    start, end = {
        "zeros": (0, 1 << 21),
        "a hole": (1 << 20, 1 << 20 | 1 << 17),
        "the end": (2097000, 1 << 21),
    }[damage]
    with open(tmp_path / "checkpoint-2" / name, "r+b") as file:
        file.seek(start)
        file.write(bytes(end - start))
    assert last_whole(tmp_path) == tmp_path / "checkpoint-1"
    assert remove_broken(tmp_path) == {"checkpoint-2": "not whole"}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("file", ["recipe.yaml", "report/results.json"])
def test_a_run_that_cannot_be_read_is_one_line(broken: bytes, file: str, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "recipe.yaml").write_text("name: k")
    (tmp_path / "report/results.json").write_text('{"arms": []}')
    (tmp_path / file).write_bytes(broken)
    with pytest.raises(InputError):
        push(tmp_path, "a", "me/a", seed=0)

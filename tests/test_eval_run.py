"""`reins.eval.run`: a checkpoint's plan is run once, along a stage, by several processes, and after a kill."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import yaml
from small_rows import read, write
from transformers import AutoModelForCausalLM

from reins.eval.io.errors import InputError
from reins.eval.io.whole import mark_whole
from reins.eval.run import main, run
from reins.eval.sample.checkpoint import read_checkpoint
from reins.eval.verify.rows import read_rows


def plan(tmp_path, tiny, rows, **changes):
    common = {"rows": str(rows), "samples": 1, "max_new_tokens": 12}
    sets = [
        {"label": "all", "out": str(tmp_path / "all.think"), **common},
        {"label": "all-plain", "out": str(tmp_path / "plain.think"), "with_constraints": False, **common},
    ]
    config = {"model": str(tiny), "seed": 0, "preset": "reins", "threads": 1, "inputs": "abc", "parts": sets}
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config | changes))
    return file


def test_a_checkpoint_is_evaluated_once(tiny, rows, tmp_path):
    run(plan(tmp_path, tiny, rows))
    assert json.loads((tmp_path / "done.json").read_text()) == {"inputs": "abc"}
    made = [tmp_path / name for name in ("all.think/metrics.json", "plain.think/metrics.json")]
    times = [file.stat().st_mtime_ns for file in made]
    run(plan(tmp_path, tiny, rows))
    assert [file.stat().st_mtime_ns for file in made] == times
    run(plan(tmp_path, tiny, rows, inputs="def"))
    assert all(file.stat().st_mtime_ns > before for file, before in zip(made, times, strict=True))
    assert json.loads((tmp_path / "done.json").read_text()) == {"inputs": "def"}


def test_states_of_the_prompts_are_those_of_the_last_token_of_each_row_as_asked(tiny, rows, tmp_path):
    part = {"label": "all", "rows": str(rows), "samples": 1, "max_new_tokens": 4, "prompt_states": True}
    parts = [part | {"mode": mode, "out": str(tmp_path / mode)} for mode in ("think", "cot")]
    run(plan(tmp_path, tiny, rows, parts=parts))
    model = AutoModelForCausalLM.from_pretrained(tiny)
    checkpoint = read_checkpoint(str(tiny))
    prompts = [checkpoint.prompt(row, preset="reins", with_constraints=True) for row in read_rows(rows)]
    with torch.inference_mode():
        outputs = [model(torch.tensor([each.tokens]), output_hidden_states=True) for each in prompts]
    expected = np.stack([each.hidden_states[-1][0, -1].numpy() for each in outputs])
    states = np.load(tmp_path / "think" / "prompt_states.npy")
    assert states.shape == expected.shape and states == pytest.approx(expected, abs=1e-5)
    asked_otherwise = np.load(tmp_path / "cot" / "prompt_states.npy")
    assert np.abs(asked_otherwise - states).max() > 1e-3


def test_a_second_look_is_taken_at_the_replies_that_cot_has_given(tiny, rows, tmp_path):
    common = {"label": "all", "rows": str(rows), "samples": 2, "max_new_tokens": 12}
    cot, reflect, alone = (
        common | {"mode": mode, "out": str(tmp_path / name)}
        for mode, name in (("cot", "cot"), ("reflect", "reflect"), ("reflect", "alone"))
    )
    run(plan(tmp_path, tiny, rows, parts=[cot, reflect]))
    run(plan(tmp_path, tiny, rows, parts=[alone]))
    made = [(tmp_path / name / "responses.jsonl").read_bytes() for name in ("reflect", "alone")]
    assert made[0] == made[1], "as if it had drawn them itself"
    write(
        tmp_path / "cot/responses.jsonl",
        [each | {"text": "1"} for each in read(tmp_path / "cot/responses.jsonl")],
    )
    other = reflect | {"out": str(tmp_path / "other")}
    run(plan(tmp_path, tiny, rows, parts=[cot, other]))
    assert {each["first"]["text"] for each in read(tmp_path / "other/responses.jsonl")} == {"1"}
    hotter = other | {"temperature": 0.5, "out": str(tmp_path / "hotter")}
    run(plan(tmp_path, tiny, rows, parts=[cot, hotter]))
    assert "1" not in {each["first"]["text"] for each in read(tmp_path / "hotter/responses.jsonl")}


def test_along_a_stage_its_whole_checkpoints_of_the_wanted_steps_are_asked(tiny, rows, tmp_path):
    stage = tmp_path / "stages" / "sft-s0"
    for step, whole in ((5, True), (10, True), (15, False)):
        shutil.copytree(tiny, stage / f"checkpoint-{step}")
        if whole:
            mark_whole(stage / f"checkpoint-{step}", {})
    common = {"rows": str(rows), "samples": 1, "max_new_tokens": 12, "origin": "what went in"}
    parts = [
        {
            "label": label,
            "out": str(tmp_path / f"evals/sft-s0@*/{label}.think"),
            "checkpoints": steps,
            **common,
        }
        for label, steps in (("all", "all"), ("late", [10, 99]))
    ]
    run(plan(tmp_path, stage, rows, parts=parts))
    asked = {str(file.parent.relative_to(tmp_path)) for file in tmp_path.glob("evals/*/*/metrics.json")}
    assert asked == {f"evals/sft-s0@{one}.think" for one in ("5/all", "10/all", "10/late")}
    (stage / "checkpoint-10" / "model.safetensors").write_bytes(b"half")
    with pytest.raises(InputError, match=r"checkpoint-10: model.safetensors is not what was saved; remove"):
        run(plan(tmp_path, stage, rows, parts=parts, inputs="again"))
    assert (tmp_path / "evals/sft-s0@5/all.think/origin").read_text() == "what went in"
    assert json.loads((tmp_path / "progress.json").read_text())["steps"] == 3


def test_a_bad_plan_is_one_line_and_status_2(tiny, rows, tmp_path, monkeypatch, capsys):
    file = plan(tmp_path, tiny, rows, thread=2)
    monkeypatch.setattr(sys, "argv", ["run", "--config", str(file)])
    assert main() == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "config.yaml" in said and "thread" in said


def launch(file, *launcher):
    command = [sys.executable, *launcher, "-m", "reins.eval.run", "--config", str(file)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_kill_9_and_two_processes_end_in_the_same_bytes(tiny, rows, tmp_path):
    made = []
    for name in ("whole", "killed", "two"):
        folder = tmp_path / name
        folder.mkdir()
        one = {
            "label": "all",
            "rows": str(rows),
            "out": str(folder / "all"),
            "samples": 8,
            "max_new_tokens": 200,
        }
        file = plan(folder, tiny, rows, parts=[one])
        if name == "killed":
            process, partial = launch(file), folder / "all/responses.partial-0.jsonl"
            while not partial.exists() or partial.stat().st_size < 4_000:
                assert process.poll() is None
                time.sleep(0.002)
            process.kill()
            process.wait()
            assert not (folder / "all/responses.jsonl").exists()
        two = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        assert launch(file, *(two if name == "two" else [])).wait() == 0
        made.append([(folder / "all" / file).read_bytes() for file in ("responses.jsonl", "scores.jsonl")])
    assert made[0] == made[1] == made[2]

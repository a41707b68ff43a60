"""How a process ends: a status and one line, whatever the work was."""

import subprocess
import sys

import pytest

from reins.eval.io.command import exit_status, of_config
from reins.eval.io.errors import InputError, Stopped


def raising(error: Exception):
    def work(*_: object) -> None:
        raise error

    return work


def test_done_bad_input_and_a_guard_have_their_status_and_one_line(capsys, monkeypatch) -> None:
    monkeypatch.setenv("RANK", "0")
    assert exit_status(lambda: print("3 rows")) == 0
    assert exit_status(raising(InputError("rows.jsonl:3", "no prompt", "add one"))) == 2
    assert exit_status(raising(Stopped("step 4: loss is nan"))) == 3
    said = capsys.readouterr()
    assert said.out == "3 rows\n"
    assert said.err == "error: rows.jsonl:3: no prompt; add one\nstopped: step 4: loss is nan\n"


def test_of_several_processes_the_first_says_that_they_are_stopped(capsys, monkeypatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert exit_status(raising(Stopped("step 4: loss is nan"))) == 3
    assert capsys.readouterr().err == ""


def test_a_failure_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_status(lambda: 1 / 0)


def test_the_work_is_given_its_config(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "--config", str(tmp_path / "config.yaml")])
    given = []
    assert of_config(given.append, "reins.x", "What it does.") == 0
    assert given == [tmp_path / "config.yaml"]


@pytest.mark.parametrize("module", ["data_builders.build", "eval.run"])
def test_a_module_that_is_run_exits_with_the_status(module: str, tmp_path) -> None:
    command = [sys.executable, "-m", f"reins.{module}", "--config", str(tmp_path / "none.yaml")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    last = ended.stderr.strip().splitlines()[-1]
    assert ended.returncode == 2 and last.startswith("error: ") and "none.yaml" in last, ended.stderr

"""Grading workers that die or hang: a death gives its own reason, and what somebody else killed is asked again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reins.eval.verify.answers import Grader
from reins.eval.verify.answers import grader as workers

DYING = """
import json, os, pathlib, signal, sys, time
from reins.eval.verify.answers.worker import outcome
for line in sys.stdin:
    gold, text, boxed = json.loads(line)
    if "raise" in text:
        raise ValueError("its own words")
    if "hang" in text:
        time.sleep(600)
    if "alarm" in text:
        signal.setitimer(signal.ITIMER_PROF, 0.01)
        while True:
            pass
    if "killed" in text or "once" in text and not pathlib.Path("before").exists():
        pathlib.Path("before").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    print(outcome(gold, text.replace("once", ""), boxed), flush=True)
"""


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Grade an answer that tells its worker how to end, and then one that does not."""
    (tmp_path / "dying.py").write_text(DYING)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(workers, "WORKER", "dying")

    def outcome(text: str) -> str:
        with Grader(workers=1, deadline=1.0) as grader:
            first, after = grader.grade_many([("x+1", rf"\boxed{{{text}}}"), ("x+1", r"\boxed{1+x}")])
        assert after == "right"
        return first

    return outcome


@pytest.mark.parametrize(
    ("text", "reason"), [("killed", "was killed by SIGKILL"), ("raise\x1b[31m", "failed (status 1)")]
)
def test_an_answer_that_ends_two_workers_is_unparsed_and_said(
    text: str, reason: str, dying: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert dying(text) == "unparsed"
    said = capfd.readouterr().err
    assert f"a grading worker {reason} on '{text[:5]}" in said and "twice: counted as unparsed" in said
    assert "\x1b" not in said


def test_a_worker_that_somebody_killed_is_started_again(
    dying: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert dying("once1+x") == "right"
    assert "grading worker" not in capfd.readouterr().err


@pytest.mark.parametrize("text", ["alarm", "hang"])
def test_only_the_deadline_is_a_timeout(
    text: str, dying: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LAST_CLOCK", 5)
    assert dying(text) == "timeout"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("killed", "was killed by SIGKILL at its start: its own words stand above"),
        ("raise", r"failed \(status 1\) at its start"),
        ("hang", "said nothing for 5 s"),
    ],
)
def test_a_worker_that_cannot_start_stops_the_run_by_its_reason(
    text: str, reason: str, dying: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        workers, "LAST_CLOCK", 5 if text == "hang" else 60
    )  # a busy machine starts workers slowly
    monkeypatch.setattr(workers, "SENTINELS", [("x", text, "right")])
    with pytest.raises(RuntimeError, match=f"a grading worker {reason}"):
        dying("1+x")

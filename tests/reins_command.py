"""`reins` as its user calls it, and a row and a recipe for it."""

import os
import subprocess
import sys
from pathlib import Path

ROW = {
    "source": "s",
    "id": "1",
    "question": "What is 2+2?",
    "answer": "4",
    "constraint_name": ["punctuation:no_comma"],
    "constraint_args": [None],
    "constraint_desc": ["No comma."],
    "row": "r-0",
    "problem_id": "p0",
}
RECIPE = "name: k\ndata: {x: {builder: micro.traces, rows: 4}}\n"


def reins(*arguments: object, said: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """`said` is what somebody types; `env` are variables beside ours."""
    words = [str(Path(sys.executable).with_name("reins")), *map(str, arguments)]
    return _run(words, said, env)


def reins_within(limits: list[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """The same, started by a command that takes something from it."""
    return _run([*limits, str(Path(sys.executable).with_name("reins")), *map(str, arguments)], "", {})


def _run(words: list[str], said: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, check=False, capture_output=True, text=True, input=said, env={**os.environ, **env}, timeout=300
    )


def refused(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr

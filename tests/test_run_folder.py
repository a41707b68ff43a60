"""Where a run writes: no folder of somebody else, no place that cannot be made, and its word when it is ended."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from reins_command import RECIPE, ROW, refused, reins


@pytest.mark.parametrize("theirs", ["data/x/mine.txt", "recipe.yaml", "report/index.html"])
def test_a_run_takes_no_folder_of_somebody_else(theirs: str, here: Path) -> None:
    file = here / "o" / theirs
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("precious")
    for _ in range(2):
        refused(reins("build", "r.yaml", "--out", "o"), "not made by a run; give an --out of its own")
        assert file.read_text() == "precious" and not (here / "o/old").exists()


def test_out_here_leaves_the_users_files(here: Path) -> None:
    (here / "data").mkdir()
    (here / "data/mine.jsonl").write_text("precious")
    for rows in (4, 5, 6):
        (here / "r.yaml").write_text(RECIPE.replace("4", str(rows)))
        assert reins("build", "r.yaml", "--out", ".").returncode == 0
    assert (here / "data/mine.jsonl").read_text() == "precious"


@pytest.mark.parametrize("builder", ["problems", "composites"])
def test_a_set_is_built_apart_from_another_of_the_run(builder: str, here: Path) -> None:
    lines = [json.dumps({"question": f"What is {n} and {n}?", "answer": str(2 * n)}) for n in range(8)]
    (here / "p.jsonl").write_text("\n".join(lines))
    row = ROW | {"question": "what is 3 and 3", "answer": "6"}
    (here / "e.jsonl").write_text(json.dumps(row))
    made = f"{{builder: {builder}, rows: 7, source: p.jsonl, test_share: 0.0, against: {{set: e}}}}"
    (here / "r.yaml").write_text(f"name: k\ndata: {{e: {{file: e.jsonl}}, x: {made}}}\n")
    done = reins("build", "r.yaml", "--out", "o")
    assert done.returncode == 0, done.stderr
    asked = [json.loads(line)["question"] for line in (here / "o/data/x/rows.jsonl").read_text().splitlines()]
    assert len(asked) == 7 and "What is 3 and 3?" not in asked
    assert "overlap with" in (here / "o/data/x/card.md").read_text()


def test_a_rehearsal_empties_no_folder_of_somebody_else(here: Path) -> None:
    file = here / "o.rehearsal" / "mine"
    file.parent.mkdir()
    file.write_text("precious")
    refused(reins("run", "r.yaml", "--rehearse", "--out", "o"), "not made by a rehearsal")
    assert file.read_text() == "precious"


def test_what_a_terminal_would_obey_is_shown_and_not_done(here: Path) -> None:
    done = reins("run", "no\x1b[31m\x07.yaml")
    refused(done, "no\\x1b[31m\\x07.yaml")
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("theirs", ["a file", "a link to nowhere"])
def test_a_place_that_cannot_be_made_is_one_line(theirs: str, here: Path) -> None:
    (here / "o").touch() if theirs == "a file" else (here / "o").symlink_to("/nonexistent/p")
    refused(reins("build", "r.yaml", "--out", "o"), "o: no folder to write in")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_says_so(sign: signal.Signals, here: Path) -> None:
    """Its word comes as soon as the first task is started."""
    (here / "r.yaml").write_text(RECIPE.replace("4", "20000"))
    command = [str(Path(sys.executable).with_name("reins")), "build", "r.yaml", "--out", "o"]
    # Tests started by nohup hand on that SIGHUP is ignored, and a run leaves that as it is.
    command = ["env", f"--default-signal={sign.name}", *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout and run.stderr and "started" in run.stdout.readline()
        run.send_signal(sign)
        said = run.stderr.read()
    assert said == f"reins: ended by {sign.name}; the same command goes on from here\n"
    assert run.returncode == 128 + sign


@pytest.mark.parametrize("left", [[".origin.123"], ["origin"], ["origin", "config.yaml"]])
def test_a_run_killed_as_a_task_began_goes_on(left: list[str], here: Path) -> None:
    assert reins("build", "r.yaml", "--out", "o").returncode == 0
    (folder,) = (here / "o/data").iterdir()
    for file in folder.iterdir():
        if file.name not in left:
            file.unlink()
    (folder / left[0]).touch()
    assert reins("build", "r.yaml", "--out", "o").returncode == 0
    assert (folder / "rows.jsonl").exists()

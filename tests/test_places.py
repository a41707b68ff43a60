"""Places that are full, read-only, loops, folders where a file is due, or of odd names: one line, or it works."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from reins_command import RECIPE, refused, reins, reins_within
from small_recipe import look
from synthetic_run import make_run

STAGE = """
name: k
base: base
data: {t: {builder: micro.traces, rows: 8}}
stages: {s: {trainer: sft, data: {t: 1.0}, args: {max_steps: 1, per_device_train_batch_size: 2%s}}}
arms: {base: [], s: [s]}
"""
# Root may write everywhere, unless that right is taken from it.
NO_ROOT = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


def read_only(folder: Path) -> None:
    for place in (folder, *folder.rglob("*")):
        place.chmod(0o555 if place.is_dir() else 0o444)


TEMPLATES: dict[str, tuple[Callable[[], object], str]] = {
    "a folder": (lambda: Path("t.jinja").mkdir(), "Is a directory"),
    "not there": (lambda: None, "No such file"),
    "a loop": (lambda: Path("t.jinja").symlink_to("t.jinja"), "Too many levels of symbolic links"),
    "no text": (lambda: Path("t.jinja").write_bytes(b"{{ \xd9 }}"), "not UTF-8 (byte 0xd9)"),
    "cut off": (lambda: Path("t.jinja").write_text("{% for"), "cannot be used (line 1: unexpected 'end of"),
    "one that refuses": (lambda: Path("t.jinja").write_text("{{ raise_exception('Never') }}"), "cannot be used (Never)"),
    "of another shape": (lambda: Path("t.jinja").write_text("{{ messages[0].parts[0].x }}"), "cannot be used ("),
    "one that divides": (lambda: Path("t.jinja").write_text("{{ 1 / 0 }}"), "cannot be used (division by zero)"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("of", ["stage", "base"])
def test_a_template_that_is_none_is_one_line(of: str, name: str, world: Path) -> None:
    make, said = TEMPLATES[name]
    if of == "base":
        Path("base/chat_template.jinja").unlink()
        make()
        if Path("t.jinja").exists():
            Path("t.jinja").rename("base/chat_template.jinja")
        said = said if "cannot be used" in said else ""
    else:
        make()
    (found,) = look(STAGE % (", chat_template_path: t.jinja" if of == "stage" else ""))
    assert found.level == "FAIL" and said in found.text and "\n" not in str(found)


LOOPS: dict[str, tuple[list[str], str]] = {
    "the recipe": (["check", "loop"], "loop: Too many levels"),
    "what it extends": (["check", "extends.yaml"], "loop: Too many levels"),
    "a set": (["build", "file.yaml"], "data.x.file: loop: Too many levels"),
    "a run": (["build", "r.yaml", "--out", "loop"], "loop: no folder to write in"),
    "within a run": (["build", "r.yaml", "--out", "loop/o"], "loop/o: no folder to write in"),
    "an evaluation": (["compare", "loop", "loop"], "Too many levels"),
    "a report's run": (["report", "loop", "--out", "o"], "loop/recipe.yaml"),
    "where a score goes": (["score", "--data", "d.jsonl", "--responses", "r.jsonl", "--out", "loop"], "loop"),
    "a name too long": (["build", "r.yaml", "--out", "n" * 300], "File name too long; give another place"),
    "a report there": (["report", "n" * 300, "--out", "o"], "File name too long"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_links_that_loop_and_names_too_long_are_one_line(name: str, here: Path) -> None:
    row = '{"source": "s", "id": "1", "question": "q", "answer": "", "constraint_name": [], "constraint_args": [], "constraint_desc": []}\n'
    (here / "d.jsonl").write_text(row)
    (here / "r.jsonl").write_text('{"output": ["a"]}\n')
    (here / "loop").symlink_to("loop")
    (here / "extends.yaml").write_text("extends: loop\nname: k\n")
    (here / "file.yaml").write_text("name: k\ndata: {x: {file: loop}}\n")
    command, said = LOOPS[name]
    refused(reins(*command), said)


@pytest.mark.parametrize("name", ["o*", "o[a]?", "o**", "a b"])
def test_a_runs_folder_may_have_any_name(name: str, here: Path) -> None:
    (here / "other").mkdir()
    for rows in ("4", "5"):
        (here / "r.yaml").write_text(RECIPE.replace("4", rows))
        assert reins("build", "r.yaml", "--out", name).returncode == 0
    assert (here / name / "old/data/x/rows.jsonl").exists() and not list((here / "other").iterdir())


@pytest.mark.parametrize("bytes_a_file", [100, 4000])
def test_a_full_disk_is_one_line_and_nothing_done_is_lost(bytes_a_file: int, here: Path) -> None:
    (here / "r.yaml").write_text(
        RECIPE.replace("rows: 4}", "rows: 2}, y: {builder: micro.traces, rows: 400}")
    )
    assert reins("build", "r.yaml", "x", "--out", "o").returncode == 0
    before = {file: file.read_bytes() for file in (here / "o/data/x").iterdir()}
    done = reins_within(["prlimit", f"--fsize={bytes_a_file}"], "build", "r.yaml", "--out", "o")
    refused(done, "File too large; make room there: what is done stays done")
    assert {file: file.read_bytes() for file in (here / "o/data/x").iterdir()} == before
    again = reins("build", "r.yaml", "--out", "o")
    assert again.returncode == 0 and "data y: done" in again.stdout and "data x: started" not in again.stdout


def test_a_full_disk_under_a_score_is_named(here: Path) -> None:
    rows, responses = here / "d.jsonl", here / "r.jsonl"
    rows.write_text("".join(
        f'{{"source": "s", "id": "{i}", "question": "q{i}", "answer": "", "constraint_name": [], '
        '"constraint_args": [], "constraint_desc": []}\n' for i in range(90)
    ))  # fmt: skip
    responses.write_text('{"output": ["a"]}\n' * 90)
    done = reins_within(
        ["prlimit", "--fsize=2000"], "score", "--data", rows, "--responses", responses, "--out", "s"
    )
    refused(done, "s/scores.jsonl: File too large; make room there")
    assert not list((here / "s").iterdir())


def test_what_is_done_is_shown_from_a_folder_that_may_only_be_read(here: Path) -> None:
    assert reins("build", "r.yaml", "--out", "o").returncode == 0
    read_only(here / "o")
    for command in ("build", "check"):
        done = reins_within(NO_ROOT, command, "r.yaml", "--out", "o")
        assert done.returncode == 0, done.stderr
    (here / "r.yaml").write_text(RECIPE.replace("4", "5"))
    refused(
        reins_within(NO_ROOT, "build", "r.yaml", "--out", "o"), "o: no folder to write in (Permission denied)"
    )


@pytest.mark.slow
def test_a_whole_run_is_shown_again_from_a_folder_that_may_only_be_read(world: Path) -> None:
    rows = "rows: 2}}\nevaluate: {t: {samples: 1, max_new_tokens: 2}}"
    Path("r.yaml").write_text((STAGE % "").replace("rows: 8}}", rows))
    first = reins("run", "r.yaml", "--out", "o", "--arm", "base")
    assert first.returncode == 0, first.stderr
    read_only(Path("o"))
    again = reins_within(NO_ROOT, "run", "r.yaml", "--out", "o", "--arm", "base")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.strip() and first.stdout.endswith(again.stdout)


@pytest.mark.slow
def test_a_report_of_a_stage_that_is_trained_anew_shows_nothing_of_its_old_weights(world: Path) -> None:
    stage = STAGE.replace("max_steps: 1", "max_steps: 2, save_steps: 1, learning_rate: %s")
    stage = stage.replace("rows: 8}}", "rows: 8}, e: {builder: micro.composites, rows: 2}}")
    asked = "evaluate: {e: {samples: 1, max_new_tokens: 2%s}}"

    def shown(rate: str, changes: str) -> set[tuple[str, str]]:
        Path("r.yaml").write_text(stage % (rate, "") + asked % changes)
        done = reins("run", "r.yaml", "--out", "o")
        assert done.returncode == 0, done.stderr
        return {(file.parent.parent.name, file.parent.name) for file in Path("o/evals").rglob("scores.jsonl")}

    named = {("s-s0", "e.think"), ("base", "e.think")}
    plain = {("s-s0", "e-plain.think"), ("base", "e-plain.think")}
    assert shown("1e-3", "") == named | plain | {("s-s0@1", "e.think")}
    assert shown("1e-2", ", plain: false, checkpoints: last") == named
    assert shown("1e-3", "") == named | plain | {("s-s0@1", "e.think")}


def test_a_run_that_may_only_be_read_is_reported_and_compared(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=12, samples=1)
    read_only(tmp_path / "run")
    done = reins_within(NO_ROOT, "report", run, "--out", tmp_path / "report")
    assert done.returncode == 0 and (tmp_path / "report/index.html").exists(), done.stderr
    evaluations = sorted(file.parent for file in (tmp_path / "run/evals").rglob("scores.jsonl"))[:1] * 2
    assert reins_within(NO_ROOT, "compare", *evaluations).returncode == 0
    refused(
        reins_within(NO_ROOT, "report", run, "--out", run / "mine"), "Permission denied; give another place"
    )


def test_a_report_of_a_run_with_a_name_of_300_characters(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", arms={"base": [], "sft": ["sft"]}, rows=12, samples=1)
    file = tmp_path / "run/recipe.yaml"
    name = file.read_text().partition("name: ")[2].split()[0]
    file.write_text(file.read_text().replace(f"name: {name}", f"name: {'n' * 300}"))
    done = reins("report", run, "--out", tmp_path / "report")
    assert done.returncode == 0 and "n" * 300 in (tmp_path / "report/index.html").read_text()


def test_what_is_said_and_shown_obeys_no_name(world: Path) -> None:
    out = "o\x1b[31m\x07"
    Path("r.yaml").write_text(RECIPE)
    for _ in range(2):
        done = reins("build", "r.yaml", "--out", out)
        assert "\x1b" not in done.stdout + done.stderr and "\x07" not in done.stdout + done.stderr
        shutil.rmtree(Path(out, "old"), ignore_errors=True)
        Path(out, "data/x/rows.jsonl").write_text("edited")

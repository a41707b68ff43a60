"""Served models in a recipe: planned, looked at, run whole; the key is nowhere in what that writes or says."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from openai_server import MODEL, ROWS, failure, sample
from reins_command import reins
from small_rows import read

from reins.eval.io.errors import InputError
from reins.recipes.engine.run import dry_run
from reins.recipes.plan.plan import plan
from reins.recipes.preflight import preflight
from reins.recipes.recipe.resolve import check
from reins.recipes.recipe.schema import dump, load
from reins.recipes.rehearse.rehearse import rehearse

SECRET = "planted-Key_0123456789abcdefXYZ"
RECIPE = """
name: served
models: {one: served-model, two: served-model}
against: {two: one}
data:
  composite: {builder: micro.composites, rows: 4, split: test, pool: test}
evaluate:
  composite: {samples: 2, max_new_tokens: 50, temperature: 0.0}
launch:
  engine: openai
  server: {base_url: URL, price: {input: 1, output: 3}}
"""


def recipe(folder: Path, url: str, *changes: tuple[str, str]) -> Path:
    text = RECIPE.replace("URL", url)
    for find, put in changes:
        assert find in text, find
        text = text.replace(find, put)
    (folder / "served.yaml").write_text(text)
    return folder / "served.yaml"


def written(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_plan_says_where_a_model_is_served_and_what_it_costs(server, tmp_path):
    other = "  servers: {two: {base_url: http://elsewhere:9/v1, key_variable: OTHER_KEY, concurrency: 3}}\n"
    file = recipe(tmp_path, server.url, ("launch:\n", f"launch:\n{other}"))
    tasks = plan(check(load(file), file), tmp_path / "run")
    one, two = tasks["eval one"].config, tasks["eval two"].config
    assert one["model"] == two["model"] == MODEL and one["engine"] == "openai"
    assert one["server"]["base_url"] == server.url and one["server"]["price"] == {"input": 1.0, "output": 3.0}
    assert (
        two["server"]["base_url"] == "http://elsewhere:9/v1" and two["server"]["key_variable"] == "OTHER_KEY"
    )
    # two ways to ask 4 rows, twice, 50 tokens each, at 3 a million
    assert tasks["eval one"].note == "16 samples, at most 800 tokens, at most 0.0024 and the prompts"
    assert load(_saved(tmp_path, dump(load(file)))) == load(file)


def _saved(folder: Path, text: str) -> Path:
    (folder / "again.yaml").write_text(text)
    return folder / "again.yaml"


def test_what_a_model_is_asked_for_decides_what_is_done_again_and_nothing_else(server, tmp_path):
    def inputs(*changes):
        file = recipe(tmp_path, server.url, *changes)
        task = plan(check(load(file), file), tmp_path / "run")["eval one"]
        return task.spec, [part.spec for part in task.parts]

    price = ("price: {input: 1, output: 3}", "price: {input: 2, output: 4}, concurrency: 2, timeout: 9")
    assert inputs(price, ("engine", "threads: 2\n  engine"))[1] == inputs()[1]
    assert inputs(price) == inputs()
    assert inputs((server.url, "http://elsewhere/v1")) != inputs()
    assert inputs(("one: served-model", "one: other-model")) != inputs()


FAULTS = [
    ((("  server: {", "  nothing: {"),), "launch.nothing: unknown key; known: accelerate"),
    ((("base_url: URL, ", ""),), "launch.server.base_url: missing"),
    ((("  server: {", "  servers: {x: {"), ("3}}", "3}}}")), "launch.servers.x: no model has this name"),
    ((("  server: {", "  servers: {one: {"), ("3}}", "3}}}")), "launch.servers.two: missing"),
    ((("engine: openai", "engine: vllm"),), "launch.server: engine vllm asks none"),
    ((("samples: 2", "modes: [think, wait 1], samples: 2"),), "evaluate.composite.modes: 'wait 1' edits"),
    ((("samples: 2", "modes: [thnik], samples: 2"),), "evaluate.composite.modes: 'thnik' is unknown"),
    (
        (("against:", "base: base\narms: {base: []}\nagainst:"),),
        "arms: engine openai asks models that are served",
    ),
    ((("URL", f"http://me:{SECRET}@host/v1"),), "launch.server.base_url: is none; give an address without"),
    ((("price:", f"key_variable: {SECRET}-, price:"),), "launch.server.key_variable: is none; give the name"),
    ((("price:", f"key: {SECRET}, price:"),), "launch.server.key: unknown key; known: base_url"),
    ((("price:", "tokenizer: nowhere, price:"),), "launch.server.tokenizer: nowhere holds no model"),
]


@pytest.mark.parametrize(("changes", "line"), FAULTS)
def test_a_mistake_is_one_line_that_shows_no_secret(world, changes, line):
    text = RECIPE
    for find, put in changes:
        assert find in text, find
        text = text.replace(find, put)
    Path("served.yaml").write_text(text.replace("URL", "http://host/v1"))
    with pytest.raises(InputError) as error:
        check(load("served.yaml"), Path("served.yaml"))
    assert line in str(error.value) and SECRET not in str(error.value) and "\n" not in str(error.value)


def test_a_tokenizer_makes_every_mode_possible(world):
    text = RECIPE.replace("URL", "http://host/v1").replace("price:", "tokenizer: base, price:")
    Path("served.yaml").write_text(text.replace("samples: 2", "modes: [think, wait 1, direct], samples: 2"))
    for file in Path("base").glob("*.safetensors"):
        file.unlink()
    tasks = plan(check(load("served.yaml"), Path("served.yaml")), Path("run"))
    assert tasks["eval one"].config["server"]["tokenizer"] == "base"


def found(file: Path, name: str) -> list[str]:
    return [str(finding) for finding in preflight(load(file), file.parent / "run") if finding.name == name]


def test_check_asks_the_server_once_what_it_has_and_sends_no_row(server, tmp_path, capsys):
    file = recipe(tmp_path, server.url)
    assert found(file, "server") == [
        f"ok    server      one, two: {server.url} has {MODEL}, 4096 tokens each"
    ]
    assert found(file, "price")[0].startswith(
        "ok    price       one, two: at most 0.0024 for 800 tokens of replies"
    )
    server.asked_for_models = 0
    preflight(load(file), tmp_path / "run")
    assert server.asked_for_models == 1
    dry_run(check(load(file), file), tmp_path / "run", [], [])
    assert "eval one" in capsys.readouterr().out
    assert server.asked_for_models == 1 and not server.posted and not (tmp_path / "run").exists()


def test_check_says_what_is_wrong_with_a_server(server, tmp_path):
    (line,) = found(recipe(tmp_path, server.url, ("max_new_tokens: 50", "max_new_tokens: 4096")), "server")
    assert line.startswith("FAIL") and f"replies of up to 4096 tokens, {MODEL} has 4096" in line
    (line,) = found(recipe(tmp_path, server.url, (": served-model", ": served-modle")), "server")
    assert line.startswith("warn") and "does not list 'served-modle'  → did you mean 'served-model'?" in line
    server.models = None
    (line,) = found(recipe(tmp_path, server.url), "server")
    assert line.startswith("warn") and "does not list its models" in line
    server.key = SECRET
    (line,) = found(recipe(tmp_path, server.url), "server")
    assert line.startswith("FAIL") and "the key in OPENAI_API_KEY is not set" in line
    (line,) = found(recipe(tmp_path, "http://127.0.0.1:9/v1"), "server")
    assert line.startswith("warn") and "nothing answers there" in line


def test_a_rehearsal_says_that_nothing_stands_in_for_a_server(server, tmp_path):
    file = recipe(tmp_path, server.url)
    with pytest.raises(
        InputError, match="launch.engine: openai: nothing stands in for a server; `reins check`"
    ):
        rehearse(check(load(file), file), file, tmp_path / "rehearsal")
    assert not server.posted and not (tmp_path / "rehearsal").exists()


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "MY_OWN"])
def test_the_key_is_sent_and_is_in_no_file_and_no_line(server, few, tmp_path, monkeypatch, capfd, variable):
    server.key = SECRET
    settings = {"key_variable": variable}
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InputError, match=rf"the key in {variable} is not set \(401 .*\); export {variable}"):
        sample(server, few, tmp_path / "out", settings=settings)
    monkeypatch.setenv(variable, f"{SECRET}\n")
    said = []
    server.faults = [failure(400, f"Bearer {SECRET} has no access")]
    with pytest.raises(InputError) as error:
        sample(server, few, tmp_path / "out", settings=settings)
    said.append(str(error.value))
    assert "Bearer *** has no access" in said[0]
    server.faults = [failure(500, f"no quota left for {SECRET}")]
    sample(server, few, tmp_path / "out", settings=settings)
    monkeypatch.setenv(variable, f"{SECRET}-wrong")
    with pytest.raises(InputError) as error:
        sample(server, few, tmp_path / "other", settings=settings)
    said.append(str(error.value))
    assert f"the key in {variable} is not taken" in said[1]
    said += [*capfd.readouterr()]
    assert "no quota left for ***" in "".join(said) and SECRET not in "".join(said)
    assert server.keys == {None, f"Bearer {SECRET}", f"Bearer {SECRET}-wrong"}
    files = written(tmp_path)
    assert len(files) >= 4 and not [file for file, content in files.items() if SECRET.encode() in content]


def test_a_key_that_no_header_can_hold_is_refused_unseen(server, few, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET}\nü")
    with pytest.raises(InputError, match="OPENAI_API_KEY: holds what no key does") as error:
        sample(server, few, tmp_path / "out")
    assert SECRET not in str(error.value)


@pytest.mark.slow
def test_a_whole_run_asks_scores_reports_and_tracks_without_the_key(server, tmp_path):
    server.key = SECRET
    file = recipe(tmp_path, server.url, ("launch:", "track: {mode: offline}\nlaunch:"))
    places = {"WANDB_DIR": str(tmp_path), "WANDB_DATA_DIR": str(tmp_path / "staged")}
    out = ["--out", tmp_path / "run"]
    refused = reins("run", file, *out, **places)
    assert refused.returncode == 2 and "the key in OPENAI_API_KEY is not set" in refused.stderr
    done = reins("run", file, *out, OPENAI_API_KEY=SECRET, **places)
    assert done.returncode == 0, done.stderr
    assert len(server.posted) == 2 * 2 * 2 * 4  # models, with and without constraints, samples, rows
    usage = yaml.safe_load((tmp_path / "run/evals/two/composite.think/usage.json").read_text())
    assert usage["samples"] == 8 and usage["cost"] > 0
    again = reins("run", file, *out, **places)
    assert again.returncode == 0 and len(server.posted) == 32
    files = written(tmp_path)
    assert any(file.suffix == ".wandb" for file in files) and any(file.name == "output.txt" for file in files)
    assert not [file for file, content in files.items() if SECRET.encode() in content]
    for ended in (refused, done, again):
        assert SECRET not in ended.stdout + ended.stderr


@pytest.mark.slow
def test_a_killed_call_goes_on_and_asks_for_nothing_that_it_has(server, few, tmp_path):
    good, held, holding = server.reply, threading.Event(), threading.Event()
    left = iter(range(5))

    def holds_the_sixth(body):
        if next(left, None) is None:
            holding.set()
            held.wait(timeout=60)
        return good(body)

    server.reply = holds_the_sixth
    words = [Path(sys.executable).with_name("reins"), "generate", "--model", MODEL, "--data", few]
    words += ["--out", tmp_path / "out", "--engine", "openai", "--base-url", server.url, "--samples", "1"]
    words += ["--concurrency", "1"]
    process = subprocess.Popen([str(word) for word in words], stderr=subprocess.DEVNULL)
    assert holding.wait(timeout=120)
    process.kill()
    process.wait()
    held.set()
    assert len(read(tmp_path / "out/responses.partial-0.jsonl")) == 5
    server.reply, server.posted = good, []
    done = subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True)
    assert done.returncode == 0 and len(server.posted) == ROWS - 5, done.stderr
    assert len(read(tmp_path / "out/responses.jsonl")) == ROWS

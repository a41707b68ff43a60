"""Hard use: secrets, folders of somebody else's, files cut off by a power cut, and words when it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reins.data_builders.card import UNKNOWN, card, licence
from reins.eval.io.public import public
from reins.eval.verify.rows import as_row

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


def reins(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    words = [str(Path(sys.executable).with_name("reins")), *map(str, arguments)]
    return subprocess.run(
        words, check=False, capture_output=True, text=True, env={**os.environ, **env}, timeout=300
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


def refused(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "key",
    "hub_token HF_TOKEN token push_to_hub_token apiKey api_key WANDB_API_KEY DB_PWD mysql_pwd password Password "
    "client_secret SECRET aws_secret_access_key openai_apikey credentials gh_pat authToken".split(),
)
def test_what_a_key_calls_secret_is_not_shown(key: str) -> None:
    for content in ({key: "PLANTED"}, {"stages": [{"s": {"args": {key: "PLANTED"}}}]}, {key: ["PLANTED", 5]}):
        assert "PLANTED" not in str(public(content)) and "***" in str(public(content))


def test_a_mapping_of_passwords_is_not_shown() -> None:
    assert public({"passwords": 1, "credentials": {"user": "PLANTED"}})["credentials"] == {"user": "***"}


def test_what_is_no_secret_is_shown_as_it_is() -> None:
    content = {
        "eos_token": "<|im_end|>",
        "pad_token": "!",
        "max_new_tokens": 5,
        "num_key_value_heads": 2,
        "hub_token": None,
        "push_to_hub_token": "<PUSH_TO_HUB_TOKEN>",
        "think_end_token": "</think>",
        "tokenizer": "Qwen/Qwen2.5-1.5B",
        "tokens_per_second": "9",
        "keyword": "and",
        "compatible": "yes",
        "key": {"builder": "problems"},
    }
    assert public(content) == content


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:PLANTED@h/db", "postgres://***@h/db"),
        ("https://hf_abcdefghijklmnopqrst@huggingface.co/x", "https://***@huggingface.co/x"),
        ("the token hf_abcdefghijklmnopqrst of mine", "the token *** of mine"),
        ("ghp_abcdefghijklmnopqrst0123", "***"),
        ("sk-proj-abcdefghijklmnop", "***"),
        ("me@example.org", "me@example.org"),
        ("https://example.org/a@b", "https://example.org/a@b"),
    ],
)
def test_what_looks_like_a_secret_is_not_shown_wherever_it_is(text: str, shown: str) -> None:
    assert public({"a": [text]}) == {"a": [shown]}


@pytest.mark.parametrize(
    "name", ["MYSQL_PWD", "mysql_pwd", "GITHUB_PAT", "api_key", "X_PASSPHRASE", "OldToken"]
)
def test_what_the_environment_calls_secret_is_not_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "PLANTEDvalue")
    monkeypatch.setenv("DATABASE_URL", "redis://:PLANTED@h")
    assert public(["is PLANTEDvalue", "redis://:PLANTED@h"]) == ["is ***", "***"]


def test_ordinary_variables_hide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.setenv("PWD", "/work/place")
    monkeypatch.setenv("KEYBOARD", "german")
    assert public("false /work/place german") == "false /work/place german"


@pytest.mark.parametrize(
    ("home", "path", "shown"),
    [
        ("/", "Qwen/Qwen2.5-1.5B", "Qwen/Qwen2.5-1.5B"),
        ("/", "/data/base", "/data/base"),
        ("/home/al", "/home/al/base", "~/base"),
        ("/home/al", "/home/alice/base", "/home/alice/base"),
        ("/home/al", "/mnt/home/al/base", "/mnt/home/al/base"),
        ("/home/al", "file:///home/al", "file://~"),
        ("", "Qwen/Qwen2.5-1.5B", "Qwen/Qwen2.5-1.5B"),
    ],
)
def test_only_the_home_folder_is_shortened(
    home: str, path: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    assert public({"base": path}) == {"base": shown}


def test_nobody_at_home_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert public("/data/x") == "/data/x"


@pytest.mark.parametrize(
    "source",
    ["claimed", "dreamcatcher", "gsm8k-fr by someone, cc-by-nc", "me/gsm8k", "GSM8K", "micro/mine", "aime"],
)
def test_a_licence_is_never_guessed(source: str) -> None:
    assert licence(source) == UNKNOWN


def test_a_source_that_is_known_has_its_licence() -> None:
    assert (licence("openai/gsm8k"), licence("micro/trace")) == ("mit", "apache-2.0")


def test_a_rows_text_is_text_in_a_card() -> None:
    source = "evil |\n\n# Licence: MIT\n<script>x</script>\x1b[31m"
    made = card([as_row(ROW | {"source": source}, "", 0, "")], name="x", command="c", seed=0)
    assert "license: other" in made and "<script" not in made and "\x1b" not in made
    assert not [line for line in made.splitlines() if line.startswith("# Lic")]
    (line,) = [line for line in made.splitlines() if line.startswith("| evil")]
    assert line.count("|") == 4


def test_a_card_names_no_place_of_this_machine(here: Path) -> None:
    (here / "d.jsonl").write_text(json.dumps(ROW | {"source": str(here / "secret/place.jsonl")}) + "\n")
    (here / "r.yaml").write_text(f"name: k\ndata: {{x: {{file: {here}/d.jsonl}}}}\n")
    assert reins("build", here / "r.yaml", "--out", here / "o").returncode == 0
    about = (here / "o/data/x/card.md").read_text()
    assert str(here) not in about and "reins build recipe.yaml x" in about and "secret/place.jsonl" in about


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


def test_a_rehearsal_empties_no_folder_of_somebody_else(here: Path) -> None:
    file = here / "o.rehearsal" / "mine"
    file.parent.mkdir()
    file.write_text("precious")
    refused(reins("run", "r.yaml", "--rehearse", "--out", "o"), "not made by a rehearsal")
    assert file.read_text() == "precious"

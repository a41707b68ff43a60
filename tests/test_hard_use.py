"""Hard use: secrets, folders of somebody else's, files cut off by a power cut, and words when it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reins.data_builders.card import UNKNOWN, card, licence
from reins.eval.io.errors import InputError
from reins.eval.io.files import read_state
from reins.eval.io.public import public
from reins.eval.verify.rows import as_row
from reins.recipes.engine.model_card import push
from reins.train.checkpoints import last_whole, mark_whole, remove_broken

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
        for file in ("model.safetensors", "optimizer.pt", "trainer_state.json"):
            (folder / file).write_bytes(os.urandom(1 << 21))
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
    assert remove_broken(tmp_path) == ["checkpoint-2"]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("file", ["recipe.yaml", "report/results.json"])
def test_a_run_that_cannot_be_read_is_one_line(broken: bytes, file: str, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "recipe.yaml").write_text("name: k")
    (tmp_path / "report/results.json").write_text('{"arms": []}')
    (tmp_path / file).write_bytes(broken)
    with pytest.raises(InputError):
        push(tmp_path, "a", "me/a", seed=0)


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
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout and run.stderr and "started" in run.stdout.readline()
        run.send_signal(sign)
        said = run.stderr.read()
    assert said == f"reins: ended by {sign.name}; the same command goes on from here\n"
    assert run.returncode == 128 + sign

"""What is written down for others shows no secret and no home folder, and all else as it is."""

import pytest

from reins.eval.io.public import public


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

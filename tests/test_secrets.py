"""What is written down for others shows no secret and no home folder, and all else as it is."""

import pytest

from reins.eval.io.public import public


@pytest.mark.parametrize(
    "key",
    "hub_token HF_TOKEN token push_to_hub_token apiKey api_key WANDB_API_KEY DB_PWD mysql_pwd password Password "
    "client_secret SECRET aws_secret_access_key openai_apikey credentials gh_pat authToken pass db_pass authorization "
    "tokens api_keys secrets passwords bearer jwt dsn connection_string webhook_url SLACK_WEBHOOK".split(),
)
def test_what_a_key_calls_secret_is_not_shown(key: str) -> None:
    for content in ({key: "PLANTED"}, {"stages": [{"s": {"args": {key: "PLANTED"}}}]}, {key: ["PLANTED", 5]}):
        assert "PLANTED" not in str(public(content)) and "***" in str(public(content))


@pytest.mark.parametrize(
    "content",
    [
        {"token": {"value": "PLANTED"}},
        [{"name": "HF_TOKEN", "value": "PLANTED"}],
        ["--hub_token", "PLANTED"],
        [("HF_TOKEN", "PLANTED")],
        "reins run --token=PLANTED",
        "reins run --hub-token PLANTED",
        "HF_TOKEN=PLANTED reins",
        "https://example.org/db?token=PLANTED&x=1",
    ],
    ids=str,
)
def test_what_stands_beside_the_name_of_a_secret_is_not_shown(content) -> None:
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
        "max_tokens": 5,
        "tokens": 5000,
        "num_tokens": "9",
        "stop_token": "###",
        "special_tokens": ["<a>"],
        "sort_key": "row",
        "group_key": "x",
        "second_pass": "reflect",
        "args": ["--max_tokens", "512", "--seed", "5", "--eos_token=</s>", "--num_tokens=123456"],
        "text": "sorted(rows, key=by_problem), max_tokens=123456, --hub_token --push_to_hub",
        "names": [{"name": "rows", "value": "12"}, ["LIMIT", "12"]],
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
        *(
            (secret, "***")
            for secret in (
                "AIza" + "a" * 35,
                "npm_" + "a" * 36,
                "pypi-" + "A" * 40,
                "r8_" + "a" * 37,
                "ASIA" + "A" * 16,
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123456",
                f"SG.{'a' * 22}.{'b' * 43}",
            )
        ),
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

"""Recipes and launch files are YAML 1.2; what would hang or mislead the reader is one line with its place."""

from pathlib import Path

import pytest
import yaml

from reins.eval.io.errors import InputError
from reins.recipes.recipe.yaml_file import LARGEST, read_yaml, write_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def read(tmp_path: Path, text: str) -> dict:
    file = tmp_path / "file.yaml"
    file.write_text(text, encoding="utf-8")
    return read_yaml(file)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 0.0003),
        ("2.0e-5", 2e-5),
        ("1_000", 1000),
        ("010", 10),
        ("24:00:00", "24:00:00"),
        ("2026-11-26", "2026-11-26"),
        ("1e", "1e"),
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("", None),
        ("~", None),
        ("=", "="),
    ],
)
def test_a_value_is_what_yaml_1_2_says(tmp_path: Path, text: str, value: object) -> None:
    found = read(tmp_path, f"key: {text}\n")["key"]
    assert (found, type(found)) == (value, type(value))


def test_keys_that_yaml_1_1_takes_for_truths_are_names(tmp_path: Path) -> None:
    assert read(tmp_path, "arms: {on: [a], no: [b], y: []}") == {"arms": {"on": ["a"], "no": ["b"], "y": []}}


def test_anchors_and_merged_keys(tmp_path: Path) -> None:
    text = "a: &rl {x: 1, y: 2}\nb: *rl\nc: {<<: *rl, y: 3}\n"
    assert read(tmp_path, text) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", ":3: key 'a' is given twice"),
        ("a: 1\nb: !!int abc\n", ":2: 'abc' is no int"),
        ("a: !!bool maybe\n", ":1: 'maybe' is no bool"),
        ("a: 0x_\n", ":1: '0x_' is no int"),
        ("x: &g {p: 1}\na: {<<: *g, b: 1, b: 2}\n", ":2: key 'b' is given twice"),
        (BOMB, "more than 100,000 values"),
        (f"a: {'[' * 1000}{']' * 1000}\n", ":1: nested deeper than 40"),
        ("".join(f"{' ' * depth}a:\n" for depth in range(1000)), ":41: nested deeper than 40"),
        ("a: &a [*a]\n", ":1: *a is inside of what it stands for"),
        ("a: *b\n", "found undefined alias 'b'"),
        (f"a: {'9' * 5000}\n", ":1: a number of 5000 digits"),
        ("b: 1\na: .nan\n", ":2: .nan is no finite number"),
        ("a: -.inf\n", ":1: -.inf is no finite number"),
        ("a: 1e999\n", ":1: 1e999 is no finite number"),
        ("a: 1\nb: \x07\n", ":2: a character that YAML does not take"),
        ('a: "\\x1b[31m"\n', ":1: a control character, '\\x1b'"),
        ('"\\0": 1\n', ":1: a control character, '\\x00'"),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: !!binary eA==\n", "could not determine a constructor"),
        ("1: [a]\n", ":1: 1 is no text, and so no key"),
        ("null: [a]\n", ":1: null is no text"),
        ("? [a, b]\n: 1\n", ":1: a list or mapping is no text"),
        ("a: 1\n---\nb: 2\n", "but found another document"),
        ("a: {b: 1\n", "mend the YAML"),
        ("- a\n", "no mapping of keys to values"),
        ("", "no mapping of keys to values"),
        (f"a: {'x' * LARGEST}\n", "larger than 1 MiB"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert said in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "file.yaml"))
    assert "\n" not in str(error.value) and len(str(error.value)) < len(str(tmp_path)) + 300


@pytest.mark.parametrize("place", ["gone.yaml", "", "x" * 300 + ".yaml", "a\0b", "loop"])
def test_a_file_that_cannot_be_opened_is_one_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InputError, match="name a YAML file that can be read"):
        read_yaml(tmp_path / place)


def test_what_is_written_reads_the_same_in_both_versions(tmp_path: Path) -> None:
    texts = [
        "no",
        "1e5",
        "3e-4",
        "1.5e3",
        "24:00:00",
        "0o17",
        "0x1F",
        "2026-11-26",
        "1_0",
        "null",
        "~",
        "",
        "a: b",
    ]
    content = {"texts": texts, "no": 3e-4, "numbers": [1e-05, 1e22, 5, 0.5], "truths": [True, None]}
    written = write_yaml(content)
    assert yaml.safe_load(written) == content
    assert read(tmp_path, written) == content

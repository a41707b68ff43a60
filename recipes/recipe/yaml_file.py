"""YAML as recipes and launch files are read: version 1.2, no key given twice, and nothing that hangs the reader."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from ...eval.io.errors import InputError

LARGEST = 1 << 20  # bytes of a file
DEEPEST = 40  # mappings and lists in each other
MOST = 100_000  # values, with every alias written out
TAG = "tag:yaml.org,2002:"


def _promised(construct: Callable[[Any], Any], node: Any) -> Any:
    """What a scalar promises to be by its tag or its first signs, where it is that: not `!!int abc`, not `0x_`."""
    try:
        return construct(node)
    except (ValueError, KeyError, IndexError):
        said = f"{node.value!r:.40} is no {node.tag.removeprefix(TAG)}"
        raise ConstructorError(None, None, said, node.start_mark) from None


class _Constructor(SafeConstructor):
    """Values that JSON has too: text, finite numbers, true and false, null, lists, mappings of text."""

    def construct_yaml_float(self, node: Any) -> float:
        value = _promised(super().construct_yaml_float, node)
        if not math.isfinite(value):
            raise ConstructorError(None, None, f"{node.value:.20} is no finite number", node.start_mark)
        return value

    def construct_yaml_int(self, node: Any) -> int:
        if len(node.value) > 20:  # more than 64 bits; Python refuses thousands of digits by a ValueError
            raise ConstructorError(None, None, f"a number of {len(node.value)} digits", node.start_mark)
        return int(_promised(super().construct_yaml_int, node))

    def construct_yaml_bool(self, node: Any) -> bool:
        return bool(_promised(super().construct_yaml_bool, node))

    def construct_scalar(self, node: Node) -> Any:
        if control := next((sign for sign in node.value if sign < " " and sign not in "\n\t"), None):
            raise ConstructorError(None, None, f"a control character, {control!r}", node.start_mark)
        return super().construct_scalar(node)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()  # ruamel.yaml looks for doubled keys itself, but not beside a merged one
        for key, _ in node.value if isinstance(node, MappingNode) else []:
            if not isinstance(key, ScalarNode) or key.tag not in (f"{TAG}str", f"{TAG}merge"):
                said = f"{key.value:.40}" if isinstance(key, ScalarNode) else "a list or mapping"
                raise ConstructorError(None, None, f"{said} is no text, and so no key", key.start_mark)
            if key.value in seen:
                raise ConstructorError(None, None, f"key {key.value!r:.60} is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _name in ("float", "int", "bool"):
    _Constructor.add_constructor(TAG + _name, getattr(_Constructor, f"construct_yaml_{_name}"))
for _name in ("timestamp", "value"):  # text, as in YAML 1.2's core schema
    _Constructor.add_constructor(TAG + _name, _Constructor.construct_yaml_str)
for _name in ("binary", "omap", "pairs", "set"):
    _Constructor.add_constructor(TAG + _name, _Constructor.construct_undefined)


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 takes for a number, a date or a truth, and what 1.2 does."""


_Dumper.add_implicit_resolver(
    f"{TAG}float", re.compile(r"[-+]?[0-9][0-9._]*([eE][-+]?[0-9]+)?"), list("-+0123456789")
)
_Dumper.add_implicit_resolver(f"{TAG}int", re.compile(r"0o[0-7]+"), ["0"])


def write_yaml(content: dict[str, Any]) -> str:
    """YAML that any reader, of 1.1 or 1.2, reads as this content; keys keep their order."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises InputError, with the line, on anything else."""
    text = _text(path)
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _Constructor
    try:
        _bounded(path, text)  # by events alone: loading such a text is what hangs
        content = reader.load(text)
    except ReaderError as error:
        row = text.count("\n", 0, error.position) + 1
        raise InputError(f"{path}:{row}", "a character that YAML does not take", "take it out") from None
    except MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = " ".join(str(error.problem).split())
        raise InputError(f"{path}{line}", f"{problem:.160}", "mend the YAML") from None
    if not isinstance(content, dict):
        raise InputError(path, "no mapping of keys to values", "see recipes/ for examples")
    return content


def _text(path: Path) -> str:
    if "\0" in str(path):
        raise InputError(repr(str(path)), "no name of a file", "name a YAML file that can be read")
    try:
        size, text = path.stat().st_size, path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(path, f"not UTF-8 ({error.reason})", "save the file as UTF-8") from None
    except OSError as error:
        raise InputError(path, f"{error.strerror}", "name a YAML file that can be read") from None
    if size > LARGEST:
        raise InputError(path, f"larger than {LARGEST >> 20} MiB", "name a recipe or a launch file")
    return text


def _bounded(path: Path, text: str) -> None:
    """Raise InputError on nesting that exhausts the stack, and on aliases of aliases that write out to billions."""
    sizes: dict[str | None, int] = {}  # values under an anchor
    open_anchors: list[str | None] = []  # anchors, or None, of what is open around the event
    counts = [0]  # values of each of these so far; first those of the document
    for event in YAML(typ="safe", pure=True).parse(text):
        anchor, where = getattr(event, "anchor", None), f"{path}:{event.start_mark.line + 1}"
        if isinstance(event, CollectionStartEvent):
            open_anchors.append(anchor)
            counts.append(1)
        elif isinstance(event, CollectionEndEvent):
            sizes[open_anchors.pop()] = size = counts.pop()
            counts[-1] += size
        elif isinstance(event, ScalarEvent):
            sizes[anchor] = 1
            counts[-1] += 1
        elif isinstance(event, AliasEvent):
            if anchor in open_anchors:
                raise InputError(where, f"*{anchor} is inside of what it stands for", "write it out")
            counts[-1] += sizes.get(anchor, 0)
        if len(open_anchors) > DEEPEST:
            raise InputError(where, f"nested deeper than {DEEPEST}", "write a flatter file")
        if counts[-1] > MOST:
            raise InputError(where, f"more than {MOST:,} values, aliases written out", "write a shorter file")

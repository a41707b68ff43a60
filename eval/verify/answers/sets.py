r"""Sets, vectors and systems in the one notation that is compared: `\langle 1,2\rangle` is `(1,2)`, `\{x \mid x > 2\}` is
`x > 2`, the rows of a system are a list.
"""

import re

from .words import TEXT

VECTOR = re.compile(
    r"(?:\\left\s*)?\\langle(?![a-z])(?P<inner>[^<>]*,.*?)(?:\\right\s*)?\\rangle(?![a-z])|^<(?P<plain>[^<>=]*,[^<>=]*)>$"
)
TRANSPOSED = re.compile(
    r"^(\([^()]*,[^()]*\)|\[[^\[\]]*,[^\[\]]*\])\s*\^\s*\{?\s*(?:T|\\top|\\intercal)\s*\}?$"
)
SYSTEM = re.compile(  # and no function by cases, which has columns
    r"^(?:\\left\s*\\?[{.]\s*)?\\begin\{(?P<name>cases|aligned|array|gathered)\}(?:\{[lcr]+\})?(?P<rows>[^&]*=[^&]*)"
    r"\\end\{(?P=name)\}(?:\s*\\right\s*\.?)?$",
    re.DOTALL,
)
NEW_ROW = re.compile(r"\s*,?\s*\\\\(?:\[[^\]]*\])?\s*(?=\S)")
SUCH_THAT = re.compile(
    r"^(?:\\left\s*)?\\?\{\s*(?P<letter>[a-z])\s*(?:\\in\s*\\(?:mathbb|R)\s*(?:\{R\}|R)?\s*)?(?:\\mid(?![a-z])|\\?\||:)"
    r"(?P<condition>.*(?P=letter).*?)(?:\\right\s*)?\\?\}$"
)
IS_REAL = r"\s*\\in\s*(?:\\mathbb\s*\{?\s*R\s*\}?|\\R(?![a-z]))\s*"
# `x\in\mathbb{R}, ` before what x satisfies says nothing; alone it is the answer.
OF_REALS = re.compile(rf"^(?P<letter>[a-z]){IS_REAL}[,:;]\s*(?:{TEXT}\{{[^{{}}]*\}}\s*)?(?=(?P=letter)\b)")
ALL_REALS = re.compile(
    r"(?:the\s+set\s+of\s+)?(?:all|every|any)\s+(?:the\s+)?real(?:s|\s+numbers?|\s+values?(?:\s+of\s+[a-z])?)"
    rf"|[a-z]{IS_REAL}",
    re.IGNORECASE,
)


def plain_set(text: str) -> str:
    """The set, vector or system in the notation that is compared; any other text comes back as it is."""
    text = VECTOR.sub(lambda vector: f"({vector['inner'] or vector['plain']})", text)
    text = SUCH_THAT.sub(lambda elements: elements["condition"].strip(), text)
    text = SYSTEM.sub(lambda system: NEW_ROW.sub(", ", system["rows"].strip()), text)
    text = OF_REALS.sub("", TRANSPOSED.sub(r"\1", text))
    return r"\mathbb{R}" if ALL_REALS.fullmatch(text) else text

r"""A formula in plain text as LaTeX: `2*sqrt(3)/3`, `exp(16)`, `x^(n+1)`, `sin(pi/4)`; degrees under a sine as radians."""

import re

NAMES = "alpha beta gamma delta epsilon theta lambda mu sigma phi omega rho tau pi infty".split()
NAMES += "arcsin arccos arctan sinh cosh tanh sin cos tan cot csc ln log".split()
OTHER = {
    "Infinity": "infty",
    "infinity": "infty",
    "inf": "infty",
    "oo": "infty",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
}
OTHER |= {"union": "cup", "abs": "abs", "sqrt": "sqrt", "cbrt": "cbrt", "exp": "exp"}
WORDS = {name: name for name in NAMES} | OTHER
WORD = re.compile(
    rf"(?<![\\A-Za-z{{])({'|'.join(sorted(WORDS, key=len, reverse=True))})(?![A-Za-z}}])|sec(?=\()"
)
SIGNS = {
    "<=": r"\le ",
    ">=": r"\ge ",
    "!=": r"\ne ",
    "=<": r"\le ",
    "<>": r"\ne ",
    "+/-": r"\pm ",
    "+-": r"\pm ",
    "**": "^",
}
SIGN = re.compile("|".join(map(re.escape, SIGNS)))
UNION = re.compile(r"(?<=[)\]}])\s*U\s*(?=[(\[{\\])")
CALL = re.compile(r"(?:\\(sqrt|cbrt|abs)|(\^))\s*\(")
ROOT = re.compile(r"\\(sqrt|cbrt)\s*(\d+(?:\.\d+)?|[a-z](?![a-z])|\\pi(?![a-z]))")
SINE = re.compile(
    r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])\s*(?:\^\s*(?:\{\s*-?\d+\s*\}|\d)\s*)?(?:\\left\s*(?=\())?"
)
DEGREES = re.compile(r"(\d+(?:\.\d+)?|(?<![\\A-Za-z])[a-z])\s*\^\s*\{?\s*\\circ(?![a-z])\s*\}?\s*")
BARE_DEGREES = re.compile(rf"\s*-?\s*{DEGREES.pattern}")
DEGREE_SIGN = re.compile(
    r"\^\s*\{?\s*\\degree(?![a-z])\s*\}?|\\degree(?![a-z])|(?<=\d)\s*\^\s*(?:o(?![A-Za-z])|\{\s*o\s*\})"
)
NEGATIVE_POWER = re.compile(r"\^\s*(-\s*(?:\d+(?:\.\d+)?|[a-z](?![a-z])))")
TIMES = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)")
NAMED_OTHERWISE = [
    (re.compile(pattern), command)
    for pattern, command in (
        (r"\\log\s*_\s*(?:\{\s*e\s*\}|e(?![a-z]))", r"\\ln "),
        (r"\\lg(?![A-Za-z])", r"\\log_{10} "),
        (r"\\(arc)?tg(?![A-Za-z])", r"\\\1tan "),
        (r"\\(arc)?ctg(?![A-Za-z])", r"\\\1cot "),
        (r"\\cosec(?![A-Za-z])", r"\\csc "),
    )
]
OVER = re.compile(r"(?<![\w.^/])(\d+)/(\d+)\s+(?=(?:pi|sqrt)(?![a-z]))")
LOG_OF_BASE = re.compile(r"(?<![A-Za-z])\\?log\s*(\d+)\s*(?=\()")


def plain_formula(text: str) -> str:
    """The formula as LaTeX; LaTeX comes back as it is."""
    text = TIMES.sub(r"\\times ", DEGREE_SIGN.sub(r"^\\circ ", UNION.sub(r"\\cup ", text)))
    for pattern, command in NAMED_OTHERWISE:
        text = pattern.sub(command, text)
    text = LOG_OF_BASE.sub(r"\\log_{\1}", NEGATIVE_POWER.sub(r"^{\1}", text))
    text = OVER.sub(r"\\frac{\1}{\2} ", text)
    text = SIGN.sub(lambda sign: SIGNS[sign[0]], text)
    text = re.sub(r"(?<![\\A-Za-z])(sqrt|cbrt)(?=\d)", r"\\\1 ", text)
    text = WORD.sub(lambda word: f"\\{WORDS.get(word[0], word[0])} ", text)
    text = _called(text)
    text = re.sub(r"\\cbrt\s*\{", r"\\sqrt[3]{", ROOT.sub(r"\\\1{\2}", text))
    return _radians(text)


def _radians(text: str) -> str:
    """Degrees in the argument of a sine as radians."""
    place = 0
    while match := SINE.search(text, place):
        start, place = match.end(), match.end()
        if text[start : start + 1] in ("(", "{"):
            end = closing(text, start) + 1
            inner = _in_radians(text[start:end])
        elif bare := BARE_DEGREES.match(text, start):
            end, inner = bare.end(), rf"\left({_in_radians(bare[0])}\right)"
        else:
            continue
        text, place = text[:start] + inner + text[end:], start + len(inner)
    return text


def _in_radians(argument: str) -> str:
    return DEGREES.sub(r"\\frac{\1\\pi}{180}", argument)


def _called(text: str) -> str:
    """Arguments in parentheses as arguments in braces."""
    place = 0
    while match := CALL.search(text, place):
        end = closing(text, match.end() - 1)
        inner, rest = text[match.end() : end], text[end + 1 :]
        name = "^" if match[2] else f"\\{match[1]}"
        opened, closed = ("|", "|") if match[1] == "abs" else (name + "{", "}")
        text, place = text[: match.start()] + opened + inner + closed + rest, match.start() + len(opened)
    return text


def closing(text: str, start: int) -> int:
    """Where the bracket that opens at start closes: the end of the text where it does not."""
    opening, depth = text[start], 0
    other = {"{": "}", "(": ")", "[": "]"}[opening]
    for place in range(start, len(text)):
        depth += (text[place] == opening) - (text[place] == other)
        if not depth:
            return place
    return len(text)

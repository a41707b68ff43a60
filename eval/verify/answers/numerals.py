r"""Numbers as people write them, as the number they are, exactly: spaces and braces in them, mixed numbers, repeating
decimals, and `million` or `万` behind them. All steps read text and give text that math-verify reads.
"""

import re
from fractions import Fraction
from math import prod

SPACED = re.compile(r"(?<![\w.,^}])([1-9]\d{0,2})((?:[ ']\d{3})+)(?![\d'^_]|\s*[/!^]|\s*\\d?frac|\s\d)")
SPACED_DECIMALS = re.compile(r"(?<=\d)\.(\d{3}(?: \d{3})*(?: \d{1,3}))(?!\s?[\d/])")
THIN = r"\s*(?:\\,|\\thinspace(?![a-z])|\{\\,\})\s*"
# A thin space between digits says that they are one number, also in groups of two and four.
THIN_GROUPS = re.compile(
    rf"(?<![\d.,])\d{{1,4}}(?:{THIN}\d{{2,4}})*{THIN}\d{{3,4}}(?!\d|{THIN}\d|\s*[/!^_])"
    rf"|(?<=\d)\.\d{{3,5}}(?:{THIN}\d{{3,5}})*{THIN}\d{{1,5}}(?!\d|{THIN}\d|\s*[/!^_])"
)
UNDERSCORED = re.compile(r"(?<![\w.])[1-9]\d{0,2}(?:_\d{3})+(?!\w)")
SET_COMMA = re.compile(r"(?<=\d)\\(?:text|mathrm|mbox|mathord|mathpunct)\s*\{,\}(?=\s*\d)")
BRACED = re.compile(r"(?<=\d)\s*\{([.:])\}\s*(?=\d)")
BRACED_COMMAS = re.compile(r"(?<![\d.])\d+(?:\s*\{,\}\s*\d+)+")
GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+|\d+(?:,\d+){2,}")
THOUSANDS = re.compile(r"(?<![\d,.])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)")
# Where something else parts a list, a comma between digits groups them.
PARTED = re.compile(r"\d\s*[)}]*,\s|;|\b(?:and|or)\b")
MIXED = re.compile(
    r"(?<![\w.}^)])(\d+)(?:\s*\\[dtc]?frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}|\s+(\d+)\s*/\s*(\d+)(?![\d.]))"
)
DECIMAL_COMMA = re.compile(
    r"(?<=\d)\s*\{,\}\s*(?=\d*(?:\\(?:overline|bar|dot)|\(\d+\)))|(?<=\d),(?=\d*(?:\\(?:overline|bar)\s*\{\d|\\dot|\(\d+\)$))"
)
DOT_ABOVE = re.compile(r"\\overset\s*\{\s*(?:\.|\\cdot|\\bullet)\s*\}")
REPEATED = re.compile(
    r"(?<![\w.}])(\d+(?:,\d{3})+|\d*)\.(\d*)(?:\\(?:overline|bar)\s*(?:\{\s*(\d+)\s*\}|(\d))|\((\d+)\)(?!\s*[\d(]))"
    r"(?:\s*(?:\.\.\.|\\[lc]?dots(?![a-z])))?"
)
DOTTED = re.compile(r"(?<![\w.}])(\d*)\.(\d*)\\dot\s*\{?(\d)\}?(?:(\d*)\\dot\s*\{?(\d)\}?)?")
TRAILING = re.compile(
    r"(?<![\w.}])(\d*)\.(\d*?)(?:(\d)\3\3+|(\d{2,6})\4+)\s*(?:\.\.\.|\\(?:l|c)?dots(?![a-z]))"
)
# Three of one digit in a row, of which some stand before the point
ACROSS = re.compile(r"(?<![\w.}])(\d*(\d))\.(\2\2+)\s*(?:\.\.\.|\\[lc]?dots(?![a-z]))")
IN_WORDS = re.compile(
    r"(?<![\w.}])(\d*)\.(\d)\s*(?:\\(?:text|mathrm|mbox)\s*\{)?\s*\(?\s*repeating\s*\)?\s*\}?(?![A-Za-z])"
)
SCALES = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 10**3,
    "lakh": 10**5,
    "million": 10**6,
    "crore": 10**7,
    "billion": 10**9,
    "trillion": 10**12,
}
SCALE_SIGNS = dict(
    zip(
        "十百千万萬亿億백천만억",
        (10, 100, 10**3, 10**4, 10**4, 10**8, 10**8, 100, 10**3, 10**4, 10**8),
        strict=True,
    )
)
UNIT_OF_KILO = "[米克瓦卡帕赫焦]"  # 千克 is a kilogram, no thousand of anything
SCALE = rf"(?:(?P<word>{'|'.join(SCALES)})s?\b|(?P<signs>[{''.join(SCALE_SIGNS)}]+)(?!\s*\d|(?<=千){UNIT_OF_KILO}))"
SCALED = re.compile(
    rf"(?<![\w.,^}}])(\d+(?:,\d{{3}})*(?:\.\d+)?)\s*(?:\\(?:text|mathrm|mbox)\s*\{{\s*)?{SCALE}(?P<rest>[^{{}}]*\}})?"
)


def exact_numbers(text: str) -> str:
    """The text with each number in the one spelling that math-verify reads."""
    text = DOT_ABOVE.sub(r"\\dot", DECIMAL_COMMA.sub(".", SET_COMMA.sub("{,}", text)))
    text = UNDERSCORED.sub(lambda number: number[0].replace("_", ""), text)
    text = _without_grouping(BRACED_COMMAS.sub(_braced, BRACED.sub(r"\1", text)))
    text = SPACED.sub(lambda m: m[1] + re.sub("[ ']", "", m[2]), text)
    text = SPACED_DECIMALS.sub(lambda m: "." + m[1].replace(" ", ""), text)
    text = REPEATED.sub(lambda m: _repeating(m[1], m[2], m[3] or m[4] or m[5]), text)
    text = DOTTED.sub(lambda m: _repeating(m[1], m[2], m[3] + (m[4] or "") + (m[5] or "")), text)
    text = TRAILING.sub(lambda m: _repeating(m[1], m[2], m[3] or m[4]), text)
    text = ACROSS.sub(lambda m: _repeating(m[1], "", m[2]), text)
    text = IN_WORDS.sub(lambda m: _repeating(m[1], "", m[2]), text)
    text = SCALED.sub(_scaled, text)
    return MIXED.sub(_mixed, text)


def joined_groups(text: str) -> str:
    r"""`1\,2345` as 12345 and `3.141\,59` as 3.14159."""
    return THIN_GROUPS.sub(lambda number: re.sub(THIN, "", number[0]), text)


def _braced(match: re.Match[str]) -> str:
    """`1{,}234` as 1234, and `3{,}14` as 3.14: the braces say that the comma parts no list."""
    number = re.sub(r"[{}\s]", "", match[0])
    return number.replace(",", "" if GROUPED.fullmatch(number) else ".")


def _without_grouping(text: str) -> str:
    """`1,500 and 2,500` without the commas that group digits, where all bare commas between digits do."""
    bare = THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    return bare if PARTED.search(bare) and not re.search(r"\d,\d", bare) else text


def _repeating(whole: str, start: str, period: str) -> str:
    """The fraction that the decimal whole.start period period … is."""
    tail = Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(start))
    whole = whole.replace(",", "")
    value = Fraction(int(whole + start or "0"), 10 ** len(start)) + tail
    return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def _mixed(match: re.Match[str]) -> str:
    whole, over, under = (int(group) for group in match.groups() if group is not None)
    if over >= under or not over:  # 2 5/3 is no mixed number
        return match[0]
    return rf"\frac{{{whole * under + over}}}{{{under}}}"


def _scaled(match: re.Match[str]) -> str:
    scale = SCALES[match["word"]] if match["word"] else prod(map(SCALE_SIGNS.__getitem__, match["signs"]))
    value = Fraction(match[1].replace(",", "")) * scale
    digits = (
        str(value.numerator)
        if value.denominator == 1
        else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    )
    rest = (match["rest"] or "").rstrip("}").strip()
    return digits + (rf"\text{{ {rest}}}" if rest else "")

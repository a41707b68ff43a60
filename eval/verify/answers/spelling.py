r"""An answer without its ornaments, and what is written in plain text as LaTeX: `**48,**` is 48, `pi/2` is `\pi/2`,
`\mathrm{e}` is `e`. What can change the value stays: factorials, exponents, signs, bars.
"""

import re

from .choices import CHOICE_LETTER, SHORT, stated_choice
from .formulas import closing, plain_formula
from .numerals import exact_numbers, joined_groups
from .sets import plain_set
from .signs import latex_signs
from .units import joined_unit
from .words import OTHER_ANSWERS, TEXT, opened_text, without_lead

COMMAND = re.compile(r"\\[A-Z]+")
SPACE = re.compile(
    r"(?<!\\)\\[ ,;:>]|~|\\(?:q?quad|en(?:space|skip)|(?:neg)?(?:thin|med|thick)space|nobreakspace|noindent|allowbreak)(?![a-z])"
    r"|\\[hv]space\*?\{[^{}]*\}|\\phantom\{[^{}]*\}|\\(?:display|text|script)style(?![a-z])"
    r"|\\(?:LARGE|Large|large|huge|Huge|normalsize|small)(?![A-Za-z])|\\(?:text)?color\s*\{[^{}]*\}"
    r"|\\(?:[bB]igg?)[lrm]?(?![A-Za-z])|\\(?:bf|it|sf|tt|sl|sc|em|bfseries|itshape|boldmath)(?![A-Za-z])"
    r"|\\(?:tag\*?|label)\s*\{[^{}]*\}|\\(?:notag|nonumber)(?![a-z])"
    r"|(?<=\d)\{\s*\}(?![_^])"  # 36{}, but not {}_5C_2
)
WRAPPER = re.compile(
    r"\\(?:underline|text(?:bf|it|sf|tt|sl|sc|up|md)|math(?:bf|it|sf|tt|normal)|boldsymbol|bm|bold|emph|boxed|fbox|framebox"
    r"|ensuremath|(?:text)?color\s*\{[^{}]*\}|colorbox\s*\{[^{}]*\}|fcolorbox\s*\{[^{}]*\}\s*\{[^{}]*\}|bbox\s*(?:\[[^\]]*\])?"
    r"|(?P<labelled>underbrace|overbrace))\s*\{"
)
LABEL = re.compile(rf"\s*[_^]\s*\{{\s*{TEXT}\{{[^{{}}]*\}}\s*\}}")
NAMED_OTHERWISE = [
    (re.compile(r"\\(?:nice|s|flat|x)frac(?=\s*[\d{\\])"), r"\\frac"),
    (re.compile(r"\\colon(?![a-z])"), ":"),
    (re.compile(r"\\textsuperscript\s*(?=\{)"), "^"),
]
TEXT_PART = re.compile(rf"({TEXT}\{{[^{{}}]*\}})")
WORDS = re.compile(rf"{TEXT}\{{([^{{}}\d]{{3,}})\}}")
APPROXIMATELY = re.compile(
    rf"(?<=\S)\s*(?P<face>{TEXT}\{{\s*)?\(\s*(?:approx(?:\.|imately)?|about|roughly)(?![a-z])[^()]*\)\s*(?(face)\}}|(?=\}}?))\s*(?=\}}?\s*$)"
)
PERCENT = re.compile(
    rf"(?<=[\d)}}])\s*(?:{TEXT}\{{\s*)?(?:per\s?cent(?:age\s+points?)?|pct\.?|\\?%(?=\s*\}}))\s*\}}?$"
)
NUMBER_TEXT = re.compile(rf"{TEXT}\{{\s*([-+]?\d[\d.,/]*)\s*\}}")
ARGUMENT = r"(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\(?!left|right|frac|sqrt|text)[A-Za-z]+(?![A-Za-z])|[0-9A-Za-z])"
UNBRACED = re.compile(rf"(\\[dtc]?(?:frac|binom))\s*({ARGUMENT})\s*({ARGUMENT})(?!(?<=\d)\d)")
LETTER_INDEX = re.compile(r"(?<=[A-Za-z])_([A-Za-z])(?![A-Za-z])")
BRACELESS = re.compile(r"\\(?:mathrm\s+([A-Za-z])(?![A-Za-z])|rm\s*\{([A-Za-z])\})")
LETTER = re.compile(rf"{TEXT}\{{\s*([A-Za-z]|\\[a-z]+)\s*\}}|\{{\\rm\s+([a-z])\}}")
FUNCTION = re.compile(
    rf"{TEXT}\{{\s*((?:arc)?(?:sin|cos|tan)|(?:sin|cos|tan)h|(?:arc)?c?tg|cot|csc|cosec|ln|lg|log|exp|max|gcd|lcm|det)\s*\}}"
    rf"|{TEXT}\{{\s*(min)\s*\}}(?=\s*\S)"  # at the end: minutes
)
ORDINAL = re.compile(rf"(?<=\d)\s*\^?\s*\{{?\s*(?:{TEXT}\{{?\s*)?(?:st|nd|rd|th)(?![A-Za-z])\s*\}}{{0,2}}")
BEFORE = re.compile(
    r"^(?:[\s=,;:]|\\?#|\\\\(?![a-z])|\\(?:therefore|implies|Rightarrow|rightarrow|to|approx|sim|simeq|star|bullet)(?![a-z]))+"
)
BEHIND = re.compile(
    r"(?:\s|(?<!\\)[,;:]|\\\\|(?<![.\\])\.|\\(?:hfill|blacksquare|square|checkmark|newline|n)|\\)$"
)
PICTURES = "".join(map(chr, (0x220E, *range(0x2580, 0x27C0), *range(0x1F300, 0x1FB00), 0xFE0F)))
PAIRED = re.compile(r"([*_`\"']{1,3})(.+)\1$", re.DOTALL)
MONEY = re.compile(
    r"^(-?)\s*(?:(?P<dollar>\\?\$)|(?P<coin>[€£¥₹₽₩]|(?:USD|EUR|GBP|Rs)(?![a-z])))(?:(?<=Rs)\.)?\s*(?P<sum>-?[\d.].*)$",
    re.DOTALL,
)
NAME = re.compile(  # n, x_1, f(2), AB, |AB|, \angle ABC, \text{Area}
    rf"(?:[A-Za-z]|\\[a-z]+)(?:_(?:\w|\{{\w+\}}))?'?(?:\([\w ]+\))?'?|(?:m?\s*\\angle(?![a-z])\s*)?[A-Z]{{1,4}}|\|[A-Z]{{1,3}}\|"
    rf"|\\overline\s*\{{[A-Z]{{2}}\}}|{TEXT}\{{[^{{}}\d]+\}}"
)
EQUALS = re.compile(r"(?<![<>!\\])=")
STATED = re.compile(
    rf"^\W*(?:(?:the\s+)?(?:final\s+)?answer|{'|'.join(sorted(OTHER_ANSWERS, key=len, reverse=True))})(?:是|为|為|\s*(?:is\s*)?\W*?[:=])"
    r"\W*?(?=[-(\[{\\√\w])(.+?)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
OPERATION = re.compile(r"[\\^=]|[\w)]\s*[-+*/]\s*[\w(]")
LONG_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")


def spell(text: str) -> str:
    """The answer in the spelling that is compared."""
    if text.isupper():  # a reply in capitals writes \FRAC
        text = COMMAND.sub(lambda command: command[0].lower(), text)
    text = _unwrapped(latex_signs(text))
    for pattern, command in NAMED_OTHERWISE:
        text = pattern.sub(command, text)
    text = joined_groups(UNBRACED.sub(_braced, re.sub(r"\\!\s*", "", text)))
    text = APPROXIMATELY.sub("", text)
    text = opened_text(_currency_behind(_bare(SPACE.sub(" ", text))))
    text = _bare(without_lead(_bare(text)))
    if words := WORDS.fullmatch(text):  # an answer in words alone, which need not be set as such
        text = _bare(without_lead(_bare(words[1])))
    text = BRACELESS.sub(lambda letter: rf"\mathrm{{{letter[1] or letter[2]}}}", plain_set(text))
    text = joined_unit(PERCENT.sub(r"\\%", text))
    text = NUMBER_TEXT.sub(r"\1", ORDINAL.sub("", text).replace(r"\varnothing", r"\emptyset"))
    text = re.sub(
        r"\\imath(?![a-z])",
        "i",
        FUNCTION.sub(lambda name: f"\\{name[1] or name[2]} ", LETTER.sub(_letter, text)),
    )
    parts = TEXT_PART.split(text)
    parts[::2] = map(plain_formula, parts[::2])
    return LETTER_INDEX.sub(r"_{\1}", _forward(_bare(exact_numbers("".join(parts)))))


def stated(text: str, gold: str) -> str | None:
    """The formula, number or choice of the last line that says `Answer: …`, where math-verify would read less, else None."""
    of_choices = CHOICE_LETTER.fullmatch(gold)
    if of_choices:
        if len(text) <= SHORT and CHOICE_LETTER.fullmatch(letter := spell(text)):
            return letter
        if letters := stated_choice(text):
            return letters
    lines = STATED.findall(latex_signs(text))
    if not lines or "$" in lines[-1] or "\\(" in lines[-1]:
        return None
    line = spell(lines[-1])
    formula = OPERATION.search(line) and not LONG_WORD.search(TEXT_PART.sub("", line))
    if of_choices and CHOICE_LETTER.fullmatch(line.upper()):
        return line.upper()
    return line if formula or NUMBER.fullmatch(line) else None


def _braced(match: re.Match[str]) -> str:
    r"""`\frac\pi3` with its arguments in braces."""
    return match[1] + "".join(part if part[0] == "{" else f"{{{part}}}" for part in match.group(2, 3))


def _unwrapped(text: str) -> str:
    """Without the commands that only set their argument in another face."""
    while match := WRAPPER.search(text):
        end = closing(text, match.end() - 1)
        inner, rest = text[match.end() : end], text[end + 1 :]
        label = LABEL.match(rest) if match["labelled"] else None
        text = text[: match.start()] + inner + (rest[label.end() :] if label else rest)
    return text


def _bare(text: str) -> str:
    """Without what stands before and behind an answer and is no part of it."""
    text = BEFORE.sub("", text.rstrip(PICTURES))
    while match := BEHIND.search(text) or PAIRED.match(text):
        text = text[: match.start()] if match.re is BEHIND else match[2]
    return text


def _currency_behind(text: str) -> str:
    r"""`\$36` as 36 dollars; other dollar signs only set formulas."""
    money = MONEY.match(text)
    if money and not (money["dollar"] == "$" and text.count("$") % 2 == 0) and "$" not in money["sum"]:
        return rf"{money[1]}{money['sum']} \text{{ {money['coin'] or 'dollars'}}}"
    return re.sub(r"\\?\$|\\[()\[\]](?![A-Za-z])", " ", text).strip()


def _letter(match: re.Match[str]) -> str:
    r"""An upright letter as a letter, but behind a number, where all but e and i are units."""
    letter = match[1] or match[2]
    behind_number = match.string[: match.start()].rstrip()[-1:] in tuple("0123456789})")
    return match[0] if behind_number and letter not in ("e", "i", r"\pi") else f" {letter} "


def _forward(text: str) -> str:
    """`48 = n` as `n = 48`."""
    sides = EQUALS.split(text)
    if len(sides) != 2 or "," in text:
        return text
    left, right = (side.strip() for side in sides)
    turn = NAME.fullmatch(right) and not NAME.fullmatch(left) and re.search(r"\d", left)
    return f"{right} = {left}" if turn else text

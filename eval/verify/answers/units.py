r"""The unit behind a number: what it is, and what one of it is in the first unit of its kind.

Two answers in different units are different answers unless one is the other converted; an answer without a unit is
compared by its number, as math-verify does. Words that are no unit of the table ("apples") are dropped.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .numerals import SCALE_SIGNS, SCALES, UNIT_OF_KILO
from .unit_names import UNITS, Reading

SQUARED = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
CHANGES_VALUE = {"percent", "percentage", "pct", "or", "and", "plus", "minus", "times", "squared", "cubed", "factorial",
                 "base", "mod", "half", "halves", "third", "thirds", "quarter", "quarters", *SCALES}  # fmt: skip
TENTHS = ("割", "成", "折")
OTHER_WORDS = re.compile(  # of numbers, percents and bounds in other scripts
    r"\bat (?:least|most)\b|\bnot\b|тыс|милли|млн|млрд|процент|квадрат|平方$|立方$|分之|分点|以上|以下|लाख|करोड़|हज़ार|لاکھ|ألف|مليون"
)
# What may be a product of letters (`3ha`, `5M`) is a unit in upright letters, or behind the answer to a number.
PLAIN = {name for name in UNITS if len(name) > 2} | set(
    r"km cm dm mm nm in ft yd mi ms hr kg mg lb oz mL ml kN kJ eV kW MW mV kV mA Hz Pa \circ ¢ € £ ¥ ₹ ₽ ₩".split()
)
UPRIGHT = set("tbBCFTHM")
BARE_NAMES = [name for name in UNITS if name not in UPRIGHT] + [r"\Omega", r"k\Omega"]


def _one_of(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


POWER = r"(?:\s*(?:\^\s*\{?\s*-?\d\s*\}?|\b(?:squared|cubed)\b))"
STEP = rf"(?:per\s+)?(?:{_one_of([*BARE_NAMES, *SQUARED])})(?![A-Za-z]){POWER}?"
BEHIND = re.compile(rf"(?:(?<=[\d)}}!])|(?<=\\pi)\s)\s*(?P<unit>{STEP}(?:\s*(?:/|\\cdot|\s)\s*{STEP})*)$")
NAME = re.compile(rf"(?:{_one_of([*BARE_NAMES, *SQUARED])})(?![A-Za-z])")
PART = re.compile(
    rf"\s*(?P<slash>/|per\b)?\s*(?P<open>\()?\s*(?P<name>{_one_of([*UNITS, *SQUARED])})(?![A-Za-z])"
    rf"(?P<power>{POWER})?\s*(?P<close>\))?\s*"
)
TEXT = r"\\(?:text|textrm|mathrm|mbox)\s*"
TEXT_BEHIND = re.compile(
    rf"(?<=\S)\s*(?P<unit>(?:[/\s]*{TEXT}\{{(?:[^{{}}\d]|\^\s*\{{?-?\d\}}?)*\}}\s*(?:\^\s*\{{?\s*-?\d\s*\}}?)?[\s./]*(?:\\cdot)?)+)$"
)
UPRIGHT_BEHIND = re.compile(
    rf"(?:(?<=[\d)}}!])|(?<=\\pi))\s*(?P<unit>(?:\\mu\s*|\(\s*|\[\s*|\\[dt]?frac\s*\{{\s*)*{TEXT}\{{.*)$",
    re.DOTALL,
)
WORDS_BEHIND = re.compile(
    r"(?<=[\d)}])\s+[A-Za-z][A-Za-z '-]{2,}$|(?<=\d)[A-Za-z]{4,}$"
    r"|(?<=[\d)}])\s*(?![A-Za-z])[^\W\d_][^\x00-\x2d\x2f-\x7f]+$"  # in another script: 36개, 36 руб.
    r"|(?<=[\d)}])\s*[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]$"  # where one sign is a word: 36元
)
DEGREES = re.compile(
    r"\s*\^\s*\{?\s*\\circ(?![a-z])\s*\}?\s*(?:\\(?:text|mathrm)\s*\{\s*([CF])\s*\}|([CF])(?![A-Za-z]))?\s*$"
)
FACE = re.compile(rf"{TEXT}\{{((?:[^{{}}]|\^\s*\{{-?\d\}})*)\}}")
EXPONENT = re.compile(r"\^\s*\{\s*(-?\d)\s*\}")
FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
WORDS = re.compile(r"\s*[A-Za-z]{2,}(?:[\s/()]+[A-Za-z]{2,})*[\s)]*")
LETTERS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]")
MEASURE = re.compile(
    rf"\s*(?:(?:,|and\b)\s*)?(?P<number>\d+(?:\.\d+)?)\s*(?:{TEXT}\{{(?P<words>[^{{}}\d]+)\}}|(?P<name>[A-Za-z]+)(?![A-Za-z]))"
)
AND = re.compile(r"^\s*and\b|[\s,.]*(?:\band)?\s*$")


@dataclass(frozen=True)
class Unit:
    """A product of powers of kinds of units, and how many of their first units one is."""

    size: Fraction
    kinds: tuple[tuple[str, int], ...]

    def times(self, reading: Reading, power: int) -> "Unit":
        """This unit, by a power of another."""
        kinds = dict(self.kinds)
        for kind, times in reading.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + power * times
        return Unit(
            self.size * reading.size**power, tuple(sorted((kind, n) for kind, n in kinds.items() if n))
        )


def split_unit(text: str, *, letters: bool) -> tuple[str, list[Unit]]:
    """A number and the readings of its unit, none where it has none that is known; words that are no unit are dropped too.

    `letters`: whether bare letters behind a number may be a unit (5 m), not variables. A text of words alone stays.
    """
    if match := DEGREES.search(text):
        name = {"C": "Celsius", "F": "Fahrenheit"}.get(match[1] or match[2] or "", "degree")
        return text[: match.start()], units_of(name)
    if match := TEXT_BEHIND.search(text):
        words = FACE.sub(r" \1 ", match["unit"]).strip(" .")
        units = units_of(words)
        return (text[: match.start()], units) if units or not _changes(words) else (text, [])
    if (match := BEHIND.search(text)) and (letters or _is_plain(match["unit"])):
        return text[: match.start()], units_of(match["unit"])
    behind = WORDS_BEHIND.search(text)
    if behind and (letters or not behind[0].isascii()):
        units = units_of(behind[0])
        if units or not _changes(behind[0]):
            return text[: behind.start()], units
    return text, []


def joined_measures(text: str) -> str:
    r"""`1\text{ h }30\text{ min}` as `90 \text{ min}`: numbers with ever smaller units of one kind are one number."""
    found, place = list[tuple[Fraction, str]](), 0
    while piece := MEASURE.match(text, place):
        words = AND.sub("", piece["words"] or piece["name"]).strip()
        found.append((Fraction(piece["number"]), words))
        place = piece.end()
    if len(found) < 2 or text[place:].strip(" ."):
        return text
    for last in units_of(found[-1][1]):
        alike = [next((u for u in units_of(words) if u.kinds == last.kinds), None) for _, words in found]
        sizes = [unit.size for unit in alike if unit]
        if len(sizes) == len(found) and all(a > b for a, b in pairwise(sizes)):
            total = sum(number * size for (number, _), size in zip(found, sizes, strict=True)) / last.size
            return rf"\frac{{{total.numerator}}}{{{total.denominator}}} \text{{ {found[-1][1]} }}"
    return text


def joined_unit(text: str) -> str:
    r"""Upright words behind a number as one: `25 \frac{\text{km}}{\text{h}}` is `25 \text{ km/(h)}`."""
    match = UPRIGHT_BEHIND.search(text)
    if not match:
        return text
    words = FRACTION.sub(r"\1/(\2)", FACE.sub(r" \1 ", EXPONENT.sub(r"^\1", match["unit"])))
    bare = re.sub(r"^\s*[(\[](.*)[)\]]\s*$", r"\1", words)
    if units_of(bare) or WORDS.fullmatch(words) and not _changes(words):
        return rf"{text[: match.start()]} \text{{ {' '.join(bare.split())} }}"
    return text


def units_of(words: str) -> list[Unit]:
    """The units that words can name (`km/h`, `square feet`), more than one where a name has two meanings."""
    words, found = _plain_words(words), [Unit(Fraction(1), ())]
    sign, exponent, place = 1, 1, 0
    while place < len(words):
        if not (part := PART.match(words, place)):
            return []
        place, name = part.end(), part["name"]
        sign = -1 if part["slash"] else sign
        if name in SQUARED:
            exponent = SQUARED[name]
            continue
        power, exponent = sign * _power(part["power"], exponent), 1
        found = [unit.times(reading, power) for unit in found for reading in UNITS[name]]
        sign = 1 if part["close"] else sign
    return found if words else []


def _plain_words(words: str) -> str:
    words = re.sub(r"\s*\\Omega(?![a-z])\s*", "Ω ", re.sub(r"\\mu(?![a-z])\s*", "µ", words))
    words = re.sub(r"\bdeg(?:ree)?s?\s+(?=[CFcf])", "", words.replace("\\cdot", " ").replace("\\circ", "deg"))
    return re.sub(r"(?<=[A-Za-z])-(?=[A-Za-z])", " ", words).strip()


def _power(written: str | None, otherwise: int) -> int:
    if not written:
        return otherwise
    number = re.search(r"-?\d", written)
    return int(number[0]) if number else 2 if "squared" in written else 3


def _is_plain(unit: str) -> bool:
    """Whether bare letters are plainly a unit: some name is, or one is divided by another."""
    names = NAME.findall(unit)
    return any(name in PLAIN for name in names) or len(names) > 1 and bool(re.search(r"/|per\b", unit))


def is_number(text: str) -> bool:
    """Whether nothing in the text can be a variable."""
    return bool(re.search(r"\d|\\pi", text)) and not LETTERS.search(text)


def _changes(words: str) -> bool:
    words = re.sub(f"千(?={UNIT_OF_KILO})", "", words)
    tenths = words.strip() in TENTHS or bool(OTHER_WORDS.search(words))
    numerals = tenths or any(
        sign == "半" or sign in SCALE_SIGNS or not sign.isascii() and unicodedata.numeric(sign, None)
        for sign in words
    )
    return numerals or bool(CHANGES_VALUE & set(re.findall("[A-Za-z]+", words.lower())))

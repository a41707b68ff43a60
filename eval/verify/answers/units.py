r"""The unit behind a number: what it is, and what one of it is in the first unit of its kind.

Two answers in different units are different answers unless one is the other converted; an answer without a unit is
compared by its number, as math-verify does. Words that are no unit of the table ("apples") are dropped.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from .numerals import SCALE_SIGNS, SCALES, UNIT_OF_KILO

# Of each kind (a volume is a length to the third): names, and how many of the kind's first unit one is.
TABLE = {
    "length": {"m meter meters metre metres": "1", "km kilometer kilometers kilometre kilometres": "1000",
               "cm centimeter centimeters centimetre centimetres": "1/100", "dm": "1/10",
               "mm millimeter millimeters millimetre millimetres": "1/1000", "nm": "1/1000000000",
               "in inch inches": "254/10000", "ft foot feet": "3048/10000", "yd yard yards": "9144/10000",
               "mi mile miles": "1609344/1000"},
    "time": {"s sec secs second seconds": "1", "ms": "1/1000", "min mins minute minutes": "60",
             "h hr hrs hour hours": "3600", "day days": "86400", "week weeks": "604800", "month months": "2629746",
             "year years yr yrs": "31556952"},
    "mass": {"g gram grams": "1", "kg kilogram kilograms": "1000", "mg milligram milligrams": "1/1000",
             "ton tons tonne tonnes": "1000000", "lb lbs": "45359237/100000", "oz ounce ounces": "45359237/1600000"},
    "length^3": {"L l liter liters litre litres": "1/1000", "mL ml milliliter milliliters": "1/1000000",
                 "gal gallon gallons": "3785411784/1000000000000"},
    "dollar": {"dollar dollars USD": "1", "cent cents ¢": "1/100"},
    "euro": {"euro euros EUR €": "1"},
    "sterling": {"sterling GBP £": "1"},
    "yen": {"yen ¥": "1"},
    "rupee": {"rupee rupees Rs ₹": "1"},
    "ruble": {"₽": "1"},
    "won": {"₩": "1"},
    "degree": {r"degree degrees deg \circ": "1"},
    "radian": {"rad radian radians": "1"},
    "celsius": {"Celsius": "1"},
    "fahrenheit": {"Fahrenheit": "1"},
    "temperature": {"K kelvin kelvins": "1"},
    "force": {"N newton newtons": "1", "kN": "1000"},
    "energy": {"J joule joules": "1", "kJ": "1000", "eV": "1602176634/10000000000000000000000000000"},
    "power": {"W watt watts": "1", "kW": "1000", "MW": "1000000"},
    "voltage": {"V volt volts": "1", "mV": "1/1000", "kV": "1000"},
    "current": {"A amp amps ampere amperes": "1", "mA": "1/1000"},
    "resistance": {r"\Omega ohm ohms": "1", r"k\Omega": "1000"},
    "frequency": {"Hz hertz": "1", "kHz": "1000", "MHz": "1000000", "GHz": "1000000000"},
    "pressure": {"Pa pascal pascals": "1", "kPa": "1000", "atm": "101325"},
    "amount": {"mol mole moles": "1"},
}  # fmt: skip
UNITS = {
    name: (kind.partition("^")[0], int(kind.partition("^")[2] or 1), Fraction(size))
    for kind, units in TABLE.items()
    for names, size in units.items()
    for name in names.split()
}
SPEEDS = {"mph": r"mi/h", "kmh": "km/h", "kph": "km/h", "kmph": "km/h"}
SQUARED = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
CHANGES_VALUE = {"percent", "percentage", "pct", "or", "and", "plus", "minus", "times", "squared", "cubed", "factorial",
                 "base", "mod", "half", "halves", "third", "thirds", "quarter", "quarters", *SCALES}  # fmt: skip
TENTHS = ("割", "成", "折")
OTHER_WORDS = re.compile(  # of numbers, percents and bounds in other scripts
    "тыс|милли|млн|млрд|процент|квадрат|平方$|立方$|分之|分点|以上|以下|लाख|करोड़|हज़ार|لاکھ|ألف|مليون"
)
NAMED = "|".join(sorted(map(re.escape, [*UNITS, *SPEEDS, *SQUARED]), key=len, reverse=True))
STEP = rf"(?:per\s+)?(?:{NAMED})(?![A-Za-z])\s*(?:\^\s*\{{?\s*-?\d\s*\}}?)?"
BEHIND = re.compile(rf"(?:(?<=[\d)}}!])|(?<=\\pi)\s)\s*(?P<unit>{STEP}(?:\s*(?:/|\\cdot|\s)\s*{STEP})*)$")
PART = re.compile(
    rf"\s*(?P<slash>/|per\b)?\s*(?P<name>{NAMED})(?![A-Za-z])\s*(?:\^\s*\{{?\s*(?P<power>-?\d)\s*\}}?)?\s*"
)
TEXT_BEHIND = re.compile(
    r"(?<=\S)\s*(?P<unit>(?:[/\s]*\\(?:text|textrm|mathrm|mbox)\s*\{(?:[^{}\d]|\^\s*\{?-?\d\}?)*\}\s*(?:\^\s*\{?\s*-?\d\s*\}?)?[\s./]*(?:\\cdot)?)+)$"
)
WORDS_BEHIND = re.compile(
    r"(?<=[\d)}])\s+[A-Za-z][A-Za-z '-]{2,}$|(?<=\d)[A-Za-z]{4,}$"
    r"|(?<=[\d)}])\s*(?![A-Za-z])[^\W\d_][^\x00-\x2d\x2f-\x7f]+$"  # in another script: 36개, 36 руб.
    r"|(?<=[\d)}])\s*[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]$"  # where one sign is a word: 36元
)
DEGREES = re.compile(
    r"\s*\^\s*\{?\s*\\circ(?![a-z])\s*\}?\s*(?:\\(?:text|mathrm)\s*\{\s*([CF])\s*\}|([CF])(?![A-Za-z]))?\s*$"
)
FACE = re.compile(r"\\(?:text|textrm|mathrm|mbox)\s*\{((?:[^{}]|\^\s*\{-?\d\})*)\}")
LETTERS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]")


@dataclass(frozen=True)
class Unit:
    """A product of powers of kinds of units, and how many of their first units one is."""

    size: Fraction
    kinds: tuple[tuple[str, int], ...]


def split_unit(text: str, *, letters: bool) -> tuple[str, Unit | None]:
    """A number and its unit, None where it has none that is known; words that are no unit are dropped too.

    `letters`: whether one bare letter behind a number may be a unit (5 m), not a variable. A text of words alone stays.
    """
    if match := DEGREES.search(text):
        name = {"C": "Celsius", "F": "Fahrenheit"}.get(match[1] or match[2] or "", "degree")
        return text[: match.start()], unit_of(name)
    if match := TEXT_BEHIND.search(text):
        words = FACE.sub(r" \1 ", match["unit"]).strip(" .")
        return (text, None) if _changes(words) else (text[: match.start()], unit_of(words))
    if (match := BEHIND.search(text)) and (letters or not LETTERS.fullmatch(match["unit"].strip())):
        return text[: match.start()], unit_of(match["unit"])
    behind = WORDS_BEHIND.search(text)
    if behind and (letters or not behind[0].isascii()) and not _changes(behind[0]):
        return text[: behind.start()], None
    return text, None


def unit_of(words: str) -> Unit | None:
    """The unit that words name (`km/h`, `square feet`), None where they name none."""
    words = re.sub(r"[a-z]+", lambda name: SPEEDS.get(name[0], name[0]), words.replace("\\cdot", " ").strip())
    size, powers, sign, exponent, place = Fraction(1), dict[str, int](), 1, 1, 0
    while place < len(words):
        if not (part := PART.match(words, place)):
            return None
        place, name = part.end(), part["name"]
        sign = -1 if part["slash"] else sign
        if name in SQUARED:
            exponent = SQUARED[name]
            continue
        kind, dimension, value = UNITS[name]
        power, exponent = sign * int(part["power"] or exponent), 1
        size *= value**power
        powers[kind] = powers.get(kind, 0) + power * dimension
    return Unit(size, tuple(sorted((kind, power) for kind, power in powers.items() if power)))


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

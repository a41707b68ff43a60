r"""Names of units: metric ones as every prefix before every base unit, the others one by one.

A kind is a product of powers of what is measured, so that a joule is a newton metre. A name with two meanings (a pound, C)
has both readings.
"""

from fractions import Fraction
from typing import NamedTuple


class Reading(NamedTuple):
    """What a unit measures, as powers of kinds, and how many of the kind's first unit one of it is."""

    kinds: dict[str, int]
    size: Fraction


PREFIXES = {
    "T": ("tera", 12), "G": ("giga", 9), "M": ("mega", 6), "k": ("kilo", 3), "h": ("hecto", 2), "d": ("deci", -1),
    "c": ("centi", -2), "m": ("milli", -3), "µ": ("micro", -6), "n": ("nano", -9), "p": ("pico", -12), "f": ("femto", -15),
}  # fmt: skip
FORCE, ENERGY, POWER = "mass length time^-2", "mass length^2 time^-2", "mass length^2 time^-3"
PRESSURE = "mass length^-1 time^-2"
# Kind, symbols, words, size, and the prefixes that people write before the symbol; the words take any.
METRIC = [
    ("length", "m", "meter metre", "1", "kdcmµnf"),
    ("time", "s", "second", "1", "mµnpf"),
    ("mass", "g", "gram gramme", "1", "kmµn"),
    ("length^3", "L l", "liter litre", "1/1000", "kdcmµ"),
    (FORCE, "N", "newton", "1000", "mµkM"),
    (ENERGY, "J", "joule", "1000", "mµnkMGT"),
    (ENERGY, "eV", "electronvolt", "1.602176634e-16", "mkMGT"),
    (ENERGY, "cal", "calorie", "4184", "k"),
    (ENERGY, "Wh", "watthour", "3600000", "kMGT"),
    (POWER, "W", "watt", "1000", "mµnkMGT"),
    (PRESSURE, "Pa", "pascal", "1000", "hkMG"),
    (PRESSURE, "bar", "", "100000000", "m"),
    ("current", "A", "ampere amp", "1", "mµnk"),
    ("current time", "C", "coulomb", "1", "mµnp"),
    (f"{POWER} current^-1", "V", "volt", "1000", "mµkM"),
    (f"{POWER} current^-2", "Ω", "ohm", "1000", "mkMG"),
    ("current^2 time^4 mass^-1 length^-2", "F", "farad", "1/1000", "mµnp"),
    ("mass time^-2 current^-1", "T", "tesla", "1000", "mµ"),
    ("mass length^2 time^-2 current^-1", "Wb", "weber", "1000", "m"),
    ("mass length^2 time^-2 current^-2", "H", "henry", "1000", "mµ"),
    ("time^-1", "Hz", "hertz", "1", "kMGT"),
    ("time^-1", "Bq", "becquerel", "1", "kMG"),
    ("temperature", "K", "kelvin", "1", "m"),
    ("amount", "mol", "mole", "1", "kmµn"),
    ("amount length^-3", "M", "molar", "1000", "mµn"),
    ("dose", "Sv", "sievert", "1", "mµ"),
    ("dose", "Gy", "gray", "1", "m"),
    ("light", "lm", "lumen", "1", ""),
    ("light length^-2", "lx", "lux", "1", ""),
    ("intensity", "cd", "candela", "1", ""),
    ("information", "bit b", "", "1", "kMGT"),
    ("information", "B", "byte", "8", "kMGT"),
    ("information time^-1", "bps", "", "1", "kMGT"),
    ("length", "pc", "parsec", "30856775814913673", "kM"),
]  # fmt: skip
OTHER = {
    "length": {"KM Km": "1000", "in inch inches": "0.0254", "ft foot feet": "0.3048", "yd yard yards": "0.9144", "mi mile miles": "1609.344",
               "Å angstrom angstroms": "1e-10", "AU au": "149597870700", "ly lightyear lightyears": "9460730472580800"},
    "time": {"sec secs": "1", "min mins minute minutes": "60", "h hr hrs hour hours": "3600", "day days": "86400",
             "week weeks": "604800", "fortnight fortnights": "1209600", "month months": "2629746",
             "year years yr yrs": "31556952", "decade decades": "315569520", "century centuries": "3155695200",
             "millennium millennia millenniums": "31556952000"},
    "mass": {"KG Kg": "1000", "t ton tons tonne tonnes": "1000000", "lb lbs": "453.59237", "pound pounds": "453.59237", "stone": "6350.29318",
             "oz ounce ounces": "28.349523125"},
    "length^2": {"ha hectare hectares": "10000", "acre acres": "4046.8564224"},
    "length^3": {"cc": "0.000001", "gal gallon gallons": "0.003785411784", "qt quart quarts": "0.000946352946",
                 "pt pint pints": "0.000473176473", "cup cups": "0.0002365882365",
                 "tbsp tablespoon tablespoons": "0.00001478676478125", "tsp teaspoon teaspoons": "0.00000492892159375"},
    "length time^-1": {"mph": "0.44704", "kmh kph kmph": "5/18", "knot knots": "1852/3600"},
    POWER: {"hp horsepower": "745699.872"},
    PRESSURE: {"atm": "101325000", "psi": "6894757.293168", "mmHg torr Torr": "133322.368421"},
    "information": {"KB": "8000", "Kb": "1000", "KiB": "8192", "MiB": "8388608", "GiB": "8589934592"},
    "dollar": {"dollar dollars USD": "1", "cent cents ¢": "1/100"},
    "euro": {"euro euros EUR €": "1"},
    "sterling": {"sterling GBP £": "1", "pence": "1/100", "pound pounds": "1"},
    "yen": {"yen ¥": "1"}, "yuan": {"yuan RMB CNY": "1"}, "rupee": {"rupee rupees Rs ₹": "1"}, "ruble": {"₽": "1"},
    "won": {"₩": "1"},
    "degree": {r"degree degrees deg \circ": "1"},
    "radian": {"rad radian radians": "1"},
    "celsius": {"Celsius celsius C": "1"},
    "fahrenheit": {"Fahrenheit fahrenheit F": "1"},
    "morning": {"AM am a.m": "1"}, "afternoon": {"PM pm p.m": "1"},
    "our era": {"AD CE": "1"}, "before our era": {"BC BCE": "1"},
}  # fmt: skip


def _kinds(kind: str) -> dict[str, int]:
    parts = (part.partition("^") for part in kind.split())
    return {name: int(power or 1) for name, _, power in parts}


def _named() -> dict[str, list[Reading]]:
    named: dict[str, list[Reading]] = {}
    for kind, symbols, words, size, prefixes in METRIC:
        for prefix, (spoken, power) in {"": ("", 0), **PREFIXES}.items():
            names = [prefix + symbol for symbol in symbols.split() if not prefix or prefix in prefixes]
            names += [
                spoken + word + plural
                for word in (words or symbols.split()[0]).split()
                for plural in ("", "s")
            ]
            for name in names:
                named.setdefault(name, []).append(
                    Reading(_kinds(kind), Fraction(size) * Fraction(10) ** power)
                )
    for kind, units in OTHER.items():
        kinds = {kind: 1} if "era" in kind else _kinds(kind)
        for names_, size in units.items():
            for name in names_.split():
                named.setdefault(name, []).append(Reading(kinds, Fraction(size)))
    return named


UNITS = _named()

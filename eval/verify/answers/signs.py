r"""Typographic signs and digits of other scripts as the LaTeX that means the same: `√` is `\sqrt`, `३६` is 36.

Every rule turns one sign into its own meaning, so no two different texts come out alike that were not the same formula.
"""

import itertools
import re
import unicodedata

SIGNS = {
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "‒": "-", "﹣": "-",
    "×": r"\times ", "⋅": r"\cdot ", "·": r"\cdot ", "∙": r"\cdot ", "∗": "*", "÷": "/", "⁄": "/", "∕": "/",
    "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ", "≥": r"\ge ", "⩽": r"\le ", "⩾": r"\ge ", "≠": r"\ne ",
    "≡": r"\equiv ", "≈": r"\approx ", "∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ",
    "∅": r"\emptyset ", "∖": r"\setminus ", "°": r"^\circ ", "º": r"^\circ ", "′": "'", "…": r"\ldots ", "⋯": r"\cdots ",
    "⟨": r"\langle ", "⟩": r"\rangle ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
    "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}",
    "µ": r"\mu ", "Ω": r"\Omega ", "∑": r"\sum ", "∫": r"\int ", "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"',
    "٪": "%", "٫": ".", "٬": ",", "،": ",", "。": ".", "।": ".", "、": ",", "﹐": ",",
    "˚": r"^\circ ", "℃": r"^\circ\text{C}", "℉": r"^\circ\text{F}", "∶": ":", "∣": "|", "△": r"\triangle ", "∠": r"\angle ", "→": r"\to ", "•": r"\cdot ", "Ø": r"\emptyset ", "ℏ": r"\hbar ",
    "∆": r"\Delta ",
    "\u2063": ",", "\ufe0e": "", "\ufe0f": "",
}  # fmt: skip
TABLE = str.maketrans(SIGNS)
UPPER = "GAMMA DELTA THETA XI PI SIGMA UPSILON PHI PSI OMEGA LAMDA".split()
RAISED_INDEX = re.compile(r"(?<![\w)}])([⁰¹²³⁴-⁹ⁿ]+)√")  # ³√2, but 5³√2
SCRIPTS = {"<super>": "^", "<sub>": "_"}
FRACTION = re.compile(r"\^\{(\d+)\}[/⁄]_\{(\d+)\}")
INDEX = {"√": r"\sqrt", "∛": r"\cbrt", "∜": r"\sqrt[4]"}
ROOT = re.compile(r"(√(?:\[\w+\])?|[∛∜])\s*(?:(\d+(?:\.\d+)?|[A-Za-z]|\\frac\{\d+\}\{\d+\})|(?=[({])|)")
VINCULUM = re.compile("((?:\\d[\u0304\u0305])+)")
DOTTED = re.compile("(\\d)\u0307")


def latex_signs(text: str) -> str:
    """The text with its signs as LaTeX and its digits as ASCII; ASCII text comes back as it is."""
    if text.isascii():
        return text
    text = VINCULUM.sub(lambda m: r"\overline{" + re.sub("[\u0304\u0305]", "", m[1]) + "}", text)
    text = DOTTED.sub(r"\\dot{\1}", text)
    text = RAISED_INDEX.sub(lambda m: f"√[{unicodedata.normalize('NFKC', m[1])}]", text)
    text = FRACTION.sub(r"\\frac{\1}{\2}", _scripts(text))
    text = "".join(_fraction(character) for character in text)
    text = ROOT.sub(lambda m: _root(m[1]) + (f"{{{m[2]}}}" if m[2] else " "), text)
    return "".join(
        character if character.isascii() else _one(character) for character in text.translate(TABLE)
    )


def _scripts(text: str) -> str:
    """Raised and lowered signs as exponents and indices."""
    pieces = []
    for script, run in itertools.groupby(text, _script):
        signs = "".join(run)
        plain = unicodedata.normalize("NFKC", signs).translate(TABLE)
        pieces.append(f"{script}{{{plain}}}" if script else signs)
    return "".join(pieces)


def _script(character: str) -> str:
    if character in SIGNS:
        return ""
    return SCRIPTS.get(unicodedata.decomposition(character).partition(" ")[0], "")


def _root(sign: str) -> str:
    return INDEX.get(sign) or rf"\sqrt{sign[1:]}"


def _fraction(character: str) -> str:
    """½ as `\\frac{1}{2}`."""
    plain = "" if character.isascii() else unicodedata.normalize("NFKC", character)
    over, slash, under = plain.partition("\u2044")
    return rf"\frac{{{over}}}{{{under}}}" if over and slash and under else character


def _one(character: str) -> str:
    """One sign as LaTeX; a letter or sign that has no other spelling stays."""
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    if category in ("Cf", "Me"):  # marks of direction, soft hyphens, a frame around a digit
        return ""
    plain = unicodedata.normalize("NFKC", character)
    if plain.isascii() and (0xFF00 <= ord(character) < 0xFFF0 or 0x1D400 <= ord(character) < 0x1D800):
        return plain
    return _greek(plain) if len(plain) == 1 else character


def _greek(letter: str) -> str:
    words = unicodedata.name(letter, "").split()
    if words[:1] != ["GREEK"] or "LETTER" not in words or "WITH" in words or len(words) < 4:
        return letter
    name = words[-1]
    command = name.lower().replace("lamda", "lambda")
    if words[1] == "CAPITAL":
        return f"\\{command.capitalize()} " if name in UPPER else letter
    return f"\\{command} " if command != "omicron" else "o"

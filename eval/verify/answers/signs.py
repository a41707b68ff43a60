r"""Typographic signs and digits of other scripts as the LaTeX that means the same: `√` is `\sqrt`, `३६` is 36.

Every rule turns one sign into its own meaning, so no two different texts come out alike that were not the same formula.
"""

import re
import unicodedata

SIGNS = {
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "‒": "-", "﹣": "-",
    "×": r"\times ", "⋅": r"\cdot ", "·": r"\cdot ", "∙": r"\cdot ", "∗": "*", "÷": "/", "⁄": "/", "∕": "/",
    "±": r"\pm ", "∓": r"\mp ", "≤": r"\le ", "≥": r"\ge ", "⩽": r"\le ", "⩾": r"\ge ", "≠": r"\ne ",
    "≡": r"\equiv ", "≈": r"\approx ", "∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ",
    "∅": r"\emptyset ", "∖": r"\setminus ", "°": r"^\circ ", "º": r"^\circ ", "′": "'", "…": r"\ldots ", "⋯": r"\cdots ",
    "∛": r"\cbrt ", "⟨": r"\langle ", "⟩": r"\rangle ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
    "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}",
    "µ": r"\mu ", "Ω": r"\Omega ", "∑": r"\sum ", "∫": r"\int ", "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"',
    "٪": "%", "٫": ".", "٬": ",", "،": ",", "。": ".", "।": ".", "、": ",", "﹐": ",",
    "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "", "\u200e": "", "\u200f": "",
}  # fmt: skip
TABLE = str.maketrans(SIGNS)
UPPER = "GAMMA DELTA THETA XI PI SIGMA UPSILON PHI PSI OMEGA LAMDA".split()
SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱˣ", "0123456789+-()nix", strict=True))
SUB = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₙᵢₖ", "0123456789+-nik", strict=True))
RAISED = re.compile("[" + "".join(SUPER) + "]+")
LOWERED = re.compile("[" + "".join(SUB) + "]+")
ROOT = re.compile(r"√\s*(?:(\d+(?:\.\d+)?|[A-Za-z])|(?=[({])|)")
VINCULUM = re.compile("((?:\\d\u0305)+)")
DOTTED = re.compile("(\\d)\u0307")


def latex_signs(text: str) -> str:
    """The text with its signs as LaTeX and its digits as ASCII; ASCII text comes back as it is."""
    if text.isascii():
        return text
    text = VINCULUM.sub(lambda m: r"\overline{" + m[1].replace("\u0305", "") + "}", text)
    text = DOTTED.sub(r"\\dot{\1}", text)
    text = RAISED.sub(lambda m: "^{" + "".join(map(SUPER.__getitem__, m[0])) + "}", text)
    text = LOWERED.sub(lambda m: "_{" + "".join(map(SUB.__getitem__, m[0])) + "}", text)
    text = ROOT.sub(lambda m: rf"\sqrt{{{m[1]}}}" if m[1] else r"\sqrt ", text)
    return "".join(
        character if character.isascii() else _one(character) for character in text.translate(TABLE)
    )


def _one(character: str) -> str:
    """One sign as LaTeX; a letter or sign that has no other spelling stays."""
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    plain = unicodedata.normalize("NFKC", character)
    if "\u2044" in plain:  # ½
        return r"\frac{{{}}}{{{}}}".format(*plain.split("\u2044"))
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

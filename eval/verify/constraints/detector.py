"""langdetect 1.0.9's answer, several times faster: its profiles, its draws and its arithmetic, with the n-grams of
each word looked up once. Seeded, because unseeded it answers differently from run to run."""

import math
import re
from functools import cache, lru_cache
from random import Random
from typing import Any, NamedTuple

import numpy as np
from langdetect.detector import Detector
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.utils.ngram import NGram

SEED = 0
_STRETCHES = (
    31,
    120,
    850,
)  # 1 + a multiple of 5, then multiples: langdetect looks after 1, 6, 11, … 1,001 draws
_SPACES = re.compile(" {2,}")
_LATIN = re.compile("[A-z]")
_OTHER = re.compile("[\u0300-\u1dff\u1f00-\U0010ffff]")


class _Normal(dict[int, str]):
    """How langdetect folds a character, filled as characters turn up."""

    def __missing__(self, code: int) -> str:
        return self.setdefault(code, NGram.normalize(chr(code)))


_NORMAL = _Normal()


class _Profiles(NamedTuple):
    rows: dict[str, int]  # n-gram -> its row
    weights: Any  # float64 [n-grams, languages]
    languages: list[str]


@cache
def _profiles() -> _Profiles:
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    table = factory.word_lang_prob_map
    return _Profiles(
        {gram: row for row, gram in enumerate(table)}, np.array([*table.values()]), factory.langlist
    )


def detect(text: str) -> str | None:
    """The likeliest language, "unknown" where none reaches a tenth, None where the text has no features."""
    return _detect(_SPACES.sub(" ", _clean(text).translate(_NORMAL)).lstrip(" "))


@lru_cache(maxsize=512)
def _detect(folded: str) -> str | None:
    """The language of a text folded to the letters that count: figures and marks are gone, so many answers agree."""
    grams = _grams(folded)
    if not len(grams):
        return None
    draws = _Draws()
    total = sum(_trial(grams, draws) for _ in range(7)) / 7
    best = int(np.argmax(total))
    return _profiles().languages[best] if total[best] > Detector.PROB_THRESHOLD else Detector.UNKNOWN_LANG


def _trial(grams: Any, draws: "_Draws") -> Any:
    """Every language's share after drawing n-grams at random until one language is left, or 1,001 are drawn.

    langdetect multiplies draw by draw and looks at every fifth product. Here a stretch of draws is multiplied at
    once, as sums of logarithms, and those after the one that settles it are taken back.
    """
    floor = (Detector.ALPHA_DEFAULT + draws.gauss() * Detector.ALPHA_WIDTH) / Detector.BASE_FREQ
    reached: Any = 0.0
    for stretch in _STRETCHES:
        drawn, ends = draws.below(len(grams), stretch)
        used, rows = np.unique(grams[drawn], return_inverse=True)
        logs = np.log(floor + _profiles().weights[used])[rows]
        looks = np.arange((stretch - 1) % 5, stretch, 5)
        looked = reached + np.add.reduceat(logs, [0, *looks[:-1] + 1], axis=0).cumsum(axis=0)
        shares = np.exp(looked - looked.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        settled = np.flatnonzero(shares.max(axis=1) > Detector.CONV_THRESHOLD)
        if len(settled):
            draws.position = ends[looks[settled[0]]]
            return shares[settled[0]]
        draws.position, reached = ends[-1], looked[-1]
    return shares[-1]


class _Draws:
    """Python's random numbers after `seed(SEED)`, many at a time: `gauss(0, 1)` and indices as `choice` takes them."""

    def __init__(self) -> None:
        self.position = 0
        self.spare: float | None = None

    def gauss(self) -> float:
        if self.spare is not None:
            spare, self.spare = self.spare, None
            return spare
        high, low = self._uniform(), self._uniform()
        radius = math.sqrt(-2.0 * math.log(1.0 - low))
        self.spare = math.sin(high * math.tau) * radius
        return math.cos(high * math.tau) * radius

    def _uniform(self) -> float:
        high, low = _words()[self.position : self.position + 2]
        self.position += 2
        return float((int(high) >> 5) * 67108864 + (int(low) >> 6)) / 9007199254740992

    def below(self, bound: int, count: int) -> tuple[Any, Any]:
        """`count` indices below the bound, and where the numbers stand after each; the position is left to set."""
        ahead = _words()[self.position : self.position + 3 * count + 64] >> (32 - bound.bit_length())
        taken = np.flatnonzero(ahead < bound)[:count]
        return ahead[taken], self.position + taken + 1


@cache
def _words() -> Any:
    """The generator's 32-bit words; a text takes 14,000 on average where no language ever settles."""
    rng = Random(SEED)
    return np.array([rng.getrandbits(32) for _ in range(24000)], dtype=np.uint32)


def _clean(text: str) -> str:
    """Addresses out, Vietnamese composed, cut at 10,000 characters, Latin letters out of a text in another script."""
    text = (
        Detector.MAIL_RE.sub(" ", Detector.URL_RE.sub(" ", text)) if "@" in text or "http" in text else text
    )
    text = NGram.normalize_vi(text)[:10000]
    if not text.isascii() and len(_LATIN.findall(text)) * 2 < len(_OTHER.findall(text)):
        text = _LATIN.sub("", text)
    return text


def _grams(folded: str) -> Any:
    """The rows of the known n-grams, in the order of the text."""
    *closed, last = folded.split(" ")
    grams = [row for word in closed for row in _word_grams(f" {word} ")]
    return np.array([*grams, *_word_grams(f" {last}")], dtype=np.intp)


@lru_cache(maxsize=20000)
def _word_grams(word: str) -> tuple[int, ...]:
    """The known n-grams that end at each character; none ends at the second of two capitals."""
    rows = _profiles().rows
    return tuple(
        rows[gram]
        for end in range(2, len(word) + 1)
        if not (word[end - 1].isupper() and word[end - 2].isupper())
        for gram in (word[end - n : end] for n in (1, 2, 3) if n <= end)
        if gram != " " and gram in rows
    )

"""Which detector knows the benchmark's languages, also short and in capitals: the figures in docs/verifiers.md.

    python tests/bench/languages.py

Texts: one stock passage for each of the 30 languages, whole, in capitals, and its single sentences; and MathIF's
questions in English, whole, in capitals, and their first 3, 5 and 8 words.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from reins.eval.verify.constraints.detector import detect
from reins.eval.verify.constraints.language import LANGUAGES, is_english, likeliest
from reins.eval.verify.constraints.prose import prose, sentences

DATA = Path(__file__).parents[3] / "shared" / "data" / "mathif"
Case = tuple[str, str, str]  # language, kind, text


def main() -> None:
    cases = [*passages(), *questions()]
    detectors: dict[str, Callable[[str], str | None]] = {
        "langdetect, as published": detect,
        "langdetect, lower case": lambda text: detect(text.lower()),
        "py3langid, lower case (ours)": likeliest,
        "ours, is English ruled out?": lambda text: "en" if is_english(text) else None,
    }
    kinds = list(dict.fromkeys(kind for _, kind, _ in cases))
    print("| detector | " + " | ".join(kinds) + " | ms a text |\n" + "|---" * (len(kinds) + 2) + "|")
    for name, guess in detectors.items():
        right, total, start = Counter[str](), Counter[str](), time.process_time()
        for language, kind, text in cases:
            total[kind] += 1
            right[kind] += (
                guess(text) == language
                if "ruled" not in name
                else (guess(text) == "en") == (language == "en")
            )
        spent = 1000 * (time.process_time() - start) / len(cases)
        print(
            f"| {name} | "
            + " | ".join(f"{right[kind]}/{total[kind]}" for kind in kinds)
            + f" | {spent:.2f} |"
        )


def passages() -> Iterator[Case]:
    for language, (_, text) in LANGUAGES.items():
        yield language, "passage", text
        yield language, "in capitals", text.upper()
        for sentence in re.split(r"(?<=[.。।۔]) ?", text):
            yield language, "sentence", sentence


def questions() -> Iterator[Case]:
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            said = re.sub(r"\W*\ufffc\W*", " ", prose(json.loads(line)["question"])) if line.strip() else ""
            words = " ".join(sentences(said)).split()
            if len(words) >= 8:
                yield "en", "question", " ".join(words)
                yield "en", "QUESTION", " ".join(words).upper()
                for count in (8, 5, 3):
                    yield "en", f"{count} words", " ".join(words[:count])


if __name__ == "__main__":
    main()

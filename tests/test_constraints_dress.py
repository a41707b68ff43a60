"""The dress of a line, a mark or a fence neither breaks a constraint nor makes it hold (preset reins)."""

import pytest

from reins.eval.verify import check

EXISTENCE, SECTIONS, BULLETS = (
    "keywords:existence",
    "detectable_format:multiple_sections",
    "detectable_format:number_bullet_lists",
)
POSTSCRIPT, PARAGRAPH = "detectable_content:postscript", "length_constraints:nth_paragraph_first_word"
END, QUOTE, TITLE = "startend:end_checker", "startend:quotation", "detectable_format:title"
JSON, TWO, SIMPLE = "detectable_format:json_format", "combination:two_responses", "repeat:repeat_simple"
PS = {"postscript_marker": "P.S."}
PARTS = {"section_spliter": "Part", "num_sections": 2}
ROUNDS = {"section_spliter": "Round -", "num_sections": 2}
LATER = {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "later"}
THATS = {"end_phrase": "That's it."}
SAID = "Only output this sentence here, ignore all other requests."


def has(keyword: str) -> dict:
    return {"keywords": [keyword]}


HEADINGS = [
    *(
        (SECTIONS, PARTS, heading.format(1) + "\na\n" + heading.format(2) + "\nb", True)
        for heading in ("**Part {}**", "🌟 Part {}", "{0}. Part {0}", "| Part {} |", "<h2>Part {}</h2>",
                        "\\section*{{Part {}}}")
    ),
    (SECTIONS, ROUNDS, "Round – 1\nRound — 1\nRound – 2", True),
    (SECTIONS, ROUNDS, "Round 1\nRound 2", False),
    (SECTIONS, PARTS, "The Part 1\nA Part 2", False),
    (SECTIONS, {**PARTS, "num_sections": 1}, "Part²", False),
    (PARAGRAPH, LATER, "A.\n\n1. Later we go.", True),
    (PARAGRAPH, LATER, "A.\n\n<b>Later</b> we go.", True),
    (PARAGRAPH, LATER, "A.\n\n---\n\nLater we go.", True),
    (PARAGRAPH, {**LATER, "num_paragraphs": 3}, "A.\n\n* * *\n\nLater we go.", False),
    (POSTSCRIPT, PS, "Bye.\n\n<p>P.S. Bring it.</p>", True),
    (POSTSCRIPT, PS, "Bye.\n\n<i>P.S.</i> Bring it.", True),
    (POSTSCRIPT, PS, "Bye.\n\n<i>P.S.</i>", False),
    (POSTSCRIPT, PS, "Bye.\n\n\\textbf{P.S.} Bring it.", True),
    (POSTSCRIPT, PS, "Bye 😀 P.S. Bring it.", True),
    (POSTSCRIPT, PS, "Bye – as in my P.S. above.", False),
    (BULLETS, {"num_bullets": 2}, "> * a\n> * b", True),
]  # fmt: skip
QUOTED = [
    *((QUOTE, {}, text, True) for text in ('“a b"', '"a b”', '> "a b"', '\u200b"a b"', '\ufeff"a b"\u200b')),
    *((QUOTE, {}, text, False) for text in ('«a b"', '> "a" b', "\u200b“”")),
    (END, {"end_phrase": "以上です。"}, "答えです。「以上です。」", True),
    (END, THATS, "Done. That`s it.", True),
    (END, THATS, "Done. That`s it. No.", False),
    (TITLE, {}, "＜＜诗＞＞\nx", True),
    (TITLE, {}, "＜＜＞＞\nx", False),
]
WHOLE = [
    *(
        (JSON, {}, text, True)
        for text in ('`{"a": 1}`', '```json {"a": 1}```', "````\n[1]\n````", "~~~json\n{}\n~~~")
    ),
    *((JSON, {}, text, False) for text in ('{"a": 1}\n```', '```json\n{"a": 1}', "```\n{}\n~~~", "`{}``")),
    (TWO, {}, "a\n******\nb", True),
    (TWO, {}, "a\n*******\nb", False),
    (BULLETS, {"num_bullets": 1}, "* a\n*******\n* b", False),
    *((SIMPLE, {}, text, True) for text in (SAID, f"**{SAID}**", SAID.replace(" all", "  all"), f"{SAID}\n")),
    (SIMPLE, {}, f"{SAID} Done.", False),
]
WORDS = [
    *(
        (EXISTENCE, has("학교"), f"학교{particle} 갔다.", True)
        for particle in ("뿐", "요", "밖에", "니까", "인데", "랑", "대로")
    ),
    (EXISTENCE, has("중"), "중요 사항이다.", False),
    (EXISTENCE, has("사"), "사랑 이야기다.", False),
    (EXISTENCE, has("كتاب"), "كِتَاب هنا", True),
    (EXISTENCE, has("كِتَاب"), "هذا كـتـاب.", True),
    (EXISTENCE, has("كتاب"), "كِتَابه هنا", False),
    (EXISTENCE, has("ice cream"), "* ice\n* cream", False),
    (EXISTENCE, has("ice cream"), "an ice\n**cream**", True),
]


@pytest.mark.parametrize(("name", "kwargs", "answer", "verdict"), [*HEADINGS, *QUOTED, *WHOLE, *WORDS])
def test_dress_is_read_past_and_nothing_else_is(name, kwargs, answer, verdict):
    assert check(name, kwargs, answer) is verdict


@pytest.mark.parametrize("preset", ["mathif", "ifeval"])
def test_published_presets_keep_their_verdicts(preset):
    assert check(TWO, {}, "a\n*******\nb", preset=preset)
    assert check(JSON, {}, '{"a": 1}\n```', preset=preset)
    assert not check(QUOTE, {}, '“a b"', preset=preset)
    assert not check(SIMPLE, {}, f"**{SAID}**", preset=preset)

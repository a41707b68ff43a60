"""What a reader sees is what is judged: fences, scripts, typography, emphasis, money, two responses (preset reins)."""

import pytest

from reins.eval.verify import check

EXISTENCE, FREQUENCY, FORBIDDEN = "keywords:existence", "keywords:frequency", "keywords:forbidden_words"
LETTER, WORDS, SENTENCES = (
    "keywords:letter_frequency",
    "length_constraints:number_words",
    "length_constraints:number_sentences",
)
BULLETS, HIGHLIGHTS = "detectable_format:number_bullet_lists", "detectable_format:number_highlighted_sections"
SECTIONS, CAPITALS = "detectable_format:multiple_sections", "change_case:capital_word_frequency"
CAPITAL, LOWER, COMMA = "change_case:english_capital", "change_case:english_lowercase", "punctuation:no_comma"
LANGUAGE, REPEAT, END = "language:response_language", "combination:repeat_prompt", "startend:end_checker"
QUOTE, TITLE, OPTION = (
    "startend:quotation",
    "detectable_format:title",
    "detectable_format:constrained_response",
)
JSON, PLACEHOLDERS = "detectable_format:json_format", "detectable_content:number_placeholders"
POSTSCRIPT, PARAGRAPH = "detectable_content:postscript", "length_constraints:nth_paragraph_first_word"
PARAGRAPHS = "length_constraints:number_paragraphs"
PS, PPS = {"postscript_marker": "P.S."}, {"postscript_marker": "P.P.S"}
BYE, MORE = {"end_phrase": "That's all, folks."}, {"end_phrase": "Any other questions?"}


def has(*keywords: str) -> dict:
    return {"keywords": list(keywords)}


def least(number: int, key: str, relation: str = "relation") -> dict:
    return {key: number, relation: "at least"}


def less(number: int, key: str, relation: str = "relation") -> dict:
    return {key: number, relation: "less than"}


def opens(total: int, nth: int, word: str) -> dict:
    return {"num_paragraphs": total, "nth_paragraph": nth, "first_word": word}


FENCES = [
    (LOWER, {}, "```text\nwe leave at dawn\nand we walk to the hills\n```", True),
    (LOWER, {}, "```\nWe leave at dawn\n```", False),
    (CAPITAL, {}, "~~~\nWE LEAVE AT DAWN.\n~~~", True),
    (COMMA, {}, "Here is the list:\n\n```\nbread, butter\n```", False),
    (COMMA, {}, "Run this:\n```python\nprint(1, 2)\n```", True),
    (COMMA, {}, "Run this:\n```\nfor i in range(1, 9):\n    print(i, i)\n```", True),
    (COMMA, {}, "```xml\n<disk>64 GB, 128 GB</disk>\n```", False),
    (COMMA, {}, "```python\nprint(1, 2)\n```", False),
    (COMMA, {}, "Here it is:\n````markdown\nA, b\n````", False),
    (PLACEHOLDERS, {"num_placeholders": 2}, "Use this:\n```html\n<p>[name] of [town]</p>\n```", True),
    (PLACEHOLDERS, {"num_placeholders": 1}, "Use this:\n```python\nprint(row[index])\n```", False),
    (PLACEHOLDERS, {"num_placeholders": 2}, "Write `[your name]` and `[your town]` there.", True),
    (BULLETS, {"num_bullets": 2}, "Shopping:\n\n```\n- milk\n- rice\n```", True),
    (HIGHLIGHTS, {"num_highlights": 1}, "```md\nIt is *late* now.\n```", True),
    (LETTER, {"letter": "z", **least(2, "let_frequency", "let_relation")}, "```\nzebras buzz\n```", True),
    (CAPITALS, least(2, "capital_frequency", "capital_relation"), "```\nNASA AND us\n```", True),
    (SENTENCES, least(2, "num_sentences"), "```text\nWe came. We saw.\n```", True),
    (SENTENCES, less(2, "num_sentences"), "```text\nWe came.\n```", True),
    (LANGUAGE, {"language": "de"}, "```\nDer Himmel ist blau und die Wiese ist grün.\n```", True),
    (LANGUAGE, {"language": "de"}, "```\nThe sky is blue and the meadow is green.\n```", False),
    (END, MORE, "```\nSo four.\nAny other questions?\n```", True),
    (QUOTE, {}, '```\n"So it is four."\n```', True),
    (REPEAT, {"prompt_to_repeat": "How many?"}, "```\nHow many?\n```\nFour.", True),
    (PARAGRAPH, opens(2, 1, "morning"), "```\nMorning came.\n\nThen noon.\n```", True),
    (WORDS, less(4, "num_words"), "```markdown\none two three\n```", True),
    (JSON, {}, '~~~json\n{"a": [1, 2]}\n~~~', True),
    (JSON, {}, 'Here:\n```json\n{"a": 1}\n```', False),
]
SCRIPTS = [
    (EXISTENCE, has("관리"), "관리는 중요합니다.", True),
    (EXISTENCE, has("수학"), "저는 수학을 좋아합니다.", True),
    (EXISTENCE, has("수학"), "고등수학은 어렵다.", False),
    (EXISTENCE, has("risk", "plan"), "이 risk는 plan에서 다룹니다.", True),
    (EXISTENCE, has("budget"), "使用budget来计算。", True),
    (EXISTENCE, has("答案"), "所以答案是四。", True),
    (EXISTENCE, has("คำตอบ"), "ดังนั้นคำตอบคือสี่", True),
    (EXISTENCE, has("アイス"), "夏はアイスを食べます。", True),
    (EXISTENCE, has("アイス"), "アイスクリームを食べます。", False),
    (EXISTENCE, has("कम"), "पानी की कमी है।", False),
    (EXISTENCE, has("पानी"), "पानी, हवा और आग।", True),
    (EXISTENCE, has("كتاب"), "قرأت الكتاب أمس.", True),
    (EXISTENCE, has("ספר"), "קראתי את הספר אתמול.", True),
    (EXISTENCE, has("кот"), "Это который час?", False),
    (FREQUENCY, {"keyword": "水", **least(2, "frequency")}, "水は水です。", True),
    (FORBIDDEN, {"forbidden_words": ["但是"]}, "他来了但是走了。", False),
    (FORBIDDEN, {"forbidden_words": ["한국"]}, "한국에서 왔어요.", False),
    (SENTENCES, least(3, "num_sentences"), "我们先看题。然后计算！对不对？", True),
    (SENTENCES, less(3, "num_sentences"), "我们先看题。然后计算！对不对？", False),
    (SENTENCES, least(2, "num_sentences"), "ما العدد؟ العدد أربعة.", True),
    (SENTENCES, least(2, "num_sentences"), "یہ پہلا جملہ ہے۔ یہ دوسرا ہے۔", True),
    (SENTENCES, least(2, "num_sentences"), "আমরা গণনা করি। উত্তর চার।", True),
    (SENTENCES, least(2, "num_sentences"), "เราบวกเลขสองจำนวน แล้วเราหารด้วยสอง", True),
    (SENTENCES, less(2, "num_sentences"), "彼は「はい。」と言いました。", True),
    (WORDS, least(15, "num_words"), "我们先仔细阅读题目再把所有的数字加起来最后检查答案是否正确", True),
    (WORDS, less(10, "num_words"), "我喜欢数学课", True),
    (WORDS, least(8, "num_words"), "เราบวกเลขสองจำนวนแล้วหารด้วยสองและตรวจคำตอบ", True),
    (WORDS, less(6, "num_words"), "우리는 두 수를 더합니다", True),
    (HIGHLIGHTS, {"num_highlights": 2}, "これは*大切*な**言葉**です。", True),
    (HIGHLIGHTS, {"num_highlights": 1}, "이 **문제**를 보세요.", True),
    (HIGHLIGHTS, {"num_highlights": 1}, "เลข**สี่**คือคำตอบ", True),
    (COMMA, {}, "りんご、なし。", False),
    (COMMA, {}, "苹果，梨。", False),
    (COMMA, {}, "یہ، وہ۔", False),
    (COMMA, {}, "苹果和梨。", True),
    (TITLE, {}, "《四的故事》\n从前有一个数。", True),
    (TITLE, {}, "我读了《红楼梦》这本书。", False),
    (END, {"end_phrase": "完了。"}, "今天的课讲完了。", True),
    (QUOTE, {}, "“我们走吧。”", True),
    (PLACEHOLDERS, {"num_placeholders": 2}, "亲爱的［姓名］，［日期］见。", True),
]  # fmt: skip
TYPOGRAPHY = [
    (EXISTENCE, has("open source"), "It is open\u202fsource.", True),
    (EXISTENCE, has("open source"), "It is open\n> source.", True),
    (EXISTENCE, has("open source"), "It is open **source**.", True),
    (EXISTENCE, has("open source"), "It is opensource.", False),
    (EXISTENCE, has("don't"), "We don’t know.", True),
    (EXISTENCE, has("well-known"), "A well‑known fact.", True),
    (EXISTENCE, has("café"), "The cafe\u0301 is open.", True),
    (EXISTENCE, has("cafe"), "The cafe\u0301 is open.", False),
    (FREQUENCY, {"keyword": "ice cream", **least(2, "frequency")}, "Ice\u00a0cream, ice\tcream.", True),
    (FORBIDDEN, {"forbidden_words": ["can't"]}, "They can’t come.", False),
    (END, BYE, "Four.\nThat’s all, folks.", True),
    (END, BYE, "Four. That's\u00a0all, folks.", True),
    (END, MORE, "Four.\n\n**Any other questions?**", True),
    (END, MORE, "“Four. Any other questions?”", True),
    (END, MORE, "Four. Any other questions? No.", False),
    (REPEAT, {"prompt_to_repeat": "What's \"four\"?"}, "What’s “four”? A number.", True),
    (QUOTE, {}, "„Es ist vier.“", True),
    (QUOTE, {}, "“”", False),
    (OPTION, {}, "My answer is **yes**.", True),
    (OPTION, {}, "My answer is yes. **My answer is no.**", False),
    (BULLETS, {"num_bullets": 1}, "*\u00a0one", True),
]  # fmt: skip
EMPHASIS = [
    (EXISTENCE, has("four"), "It is __four__.", True),
    (EXISTENCE, has("four"), "It is ***four***.", True),
    (EXISTENCE, has("four"), "It is _exactly four_.", True),
    (EXISTENCE, has("four"), "Call four_of_them now.", False),
    (EXISTENCE, has("four"), "Call the_four now.", False),
    (FREQUENCY, {"keyword": "tide", **least(2, "frequency")}, "_Tide_ and ~~tide~~.", True),
    (FORBIDDEN, {"forbidden_words": ["tide"]}, "The __tide__ is high.", False),
    (PARAGRAPH, opens(2, 2, "later"), "We wait.\n\n_Later_ we go.", True),
    (PARAGRAPH, opens(2, 2, "later"), "We wait.\n\n## Later\nwe go.", True),
    (PARAGRAPH, opens(1, 1, "later"), "“Later”, he said.", True),
    (PARAGRAPH, opens(1, 1, "later"), "Later—we go.", True),
    (PARAGRAPH, opens(1, 1, "late"), "Later we go.", False),
    (PARAGRAPH, opens(1, 1, "self"), "Self-made men.", False),
    (PARAGRAPH, opens(2, 2, "in the end"), "We wait.\n\nIn the end, we go.", True),
    (PARAGRAPHS, {"num_paragraphs": 2}, "a ***bold*** word\n***\nb", True),
    (PARAGRAPHS, {"num_paragraphs": 3}, "***a***\n***\nb", False),
    (PARAGRAPH, opens(2, 2, "so"), "We wait.\r\n\r\nSo we go.", True),
    (PARAGRAPH, opens(2, 2, "so"), "We wait.\n \nSo we go.", True),
]
POSTSCRIPTS = [
    (POSTSCRIPT, PS, "Goodbye.\n\nP.S.\n\nBring a coat.", True),
    (POSTSCRIPT, PS, "Goodbye.\n\n> **P.S.** Bring a coat.", True),
    (POSTSCRIPT, PS, "Goodbye.\n\n#### p. s. Bring a coat.", True),
    (POSTSCRIPT, PS, "Goodbye! P.S. Bring a coat.", True),
    (POSTSCRIPT, PPS, "The end.\n\nP.P.S.\nThe second.", True),
    (POSTSCRIPT, PS, "Goodbye.\n\nP.S.", False),
    (POSTSCRIPT, PS, "A letter may have a P.S. at its end.", False),
    (POSTSCRIPT, PS, "Goodbye.\n\nP.P.S. Bring a coat.", False),
]
MONEY = [
    (COMMA, {}, "They paid 5$, then 7$ more.", False),
    (COMMA, {}, "One is 20$ (new), one is 9$.", False),
    (COMMA, {}, "From $3 per cup, up to 4$ on Sundays.", False),
    (COMMA, {}, "Beans are 2$/kg, rice is 3$/kg.", False),
    (COMMA, {}, "价格是$15，现在是10$。", False),
    (COMMA, {}, "It cost $15 and now costs 10$.", True),
    (COMMA, {}, "The point is $(1, 2)$.", True),
    (COMMA, {}, "Take $x, y$ and $3, 4$.", True),
    (COMMA, {}, "So $5 \\text{ or so, we say}$.", True),
    (COMMA, {}, "It is $f(x, y) = 3$ dollars.", True),
]
VERSION = "Stage 1\nWe rise.\nStage 2\nWe rest.\n"
STAGES = {"section_spliter": "Stage", "num_sections": 2}
TWO = [
    (SECTIONS, STAGES, f"{VERSION}******\n{VERSION}We sleep.", True),
    (SECTIONS, STAGES, f"Version 1:\n{VERSION}\n******\n\nVersion 2:\n**Stage 1:** a\n**Stage 2:** b", True),
    (SECTIONS, STAGES, f"{VERSION}******\nStage 1\nWe sleep.", False),
    (SECTIONS, STAGES, f"{VERSION}{VERSION}", False),
    (SECTIONS, STAGES, f"{VERSION}******\n{VERSION}******\n{VERSION}", False),
    (SECTIONS, STAGES, "- Stage 1\na\n- __Stage 2__\nb", True),
    (SECTIONS, {"section_spliter": "Stage", "num_sections": 1}, "Stage 1\nStage 1.1\na\nStage 1.2\nb", True),
    (BULLETS, {"num_bullets": 2}, "* a\n* b\n******\n* c\n* d", True),
    (BULLETS, {"num_bullets": 2}, "* a\n* b\n******\n* c", False),
    (PARAGRAPHS, {"num_paragraphs": 2}, "a\n***\nb\n******\nc\n***\nd", True),
    (PARAGRAPH, opens(2, 2, "so"), "A.\n\nSo b.\n******\nC.\n\nSo d.", True),
]
CASES = [*FENCES, *SCRIPTS, *TYPOGRAPHY, *EMPHASIS, *POSTSCRIPTS, *MONEY, *TWO]


@pytest.mark.parametrize(("name", "kwargs", "answer", "verdict"), CASES)
def test_what_a_reader_sees_is_judged(name, kwargs, answer, verdict):
    assert check(name, kwargs, answer) is verdict

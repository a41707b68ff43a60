"""What preset reins fixes, beside what was published; ids, kwargs and blank answers."""

import pytest

from reins.eval.io.errors import InputError
from reins.eval.verify import TYPES, Constraint, canonical, check, describe, verdicts

EXISTENCE, FREQUENCY, FORBIDDEN = "keywords:existence", "keywords:frequency", "keywords:forbidden_words"
WORDS, SENTENCES = "length_constraints:number_words", "length_constraints:number_sentences"
BULLETS, HIGHLIGHTS = "detectable_format:number_bullet_lists", "detectable_format:number_highlighted_sections"
SECTIONS, CAPITALS = "detectable_format:multiple_sections", "change_case:capital_word_frequency"
CAPITAL, LOWER, COMMA = "change_case:english_capital", "change_case:english_lowercase", "punctuation:no_comma"
LANGUAGE, REPEAT, END = "language:response_language", "combination:repeat_prompt", "startend:end_checker"
QUOTE, LETTER = "startend:quotation", "keywords:letter_frequency"
TITLE, JSON, OPTION = (
    "detectable_format:title",
    "detectable_format:json_format",
    "detectable_format:constrained_response",
)
PLACEHOLDERS, POSTSCRIPT = "detectable_content:number_placeholders", "detectable_content:postscript"
PARAGRAPH = "length_constraints:nth_paragraph_first_word"

ENGLISH_CAPITALS = "LET US FIND THE VALUE OF THE ROOT. THE ANSWER IS \\boxed{4}."
ITALIAN = "Prima calcoliamo il totale e poi lo dividiamo per due. "


# name, kwargs, answer, verdict of reins, verdict as published
FIXES = [
    (EXISTENCE, {"keywords": ["win"]}, "The following holds.", False, True),
    (EXISTENCE, {"keywords": ["bar"]}, "It is \\bar{x}.", False, True),
    (EXISTENCE, {"keywords": ["a.c"]}, "It is abc.", False, True),
    (EXISTENCE, {"keywords": ["win"]}, "They WIN.", True, True),
    (FREQUENCY, {"keyword": "win", "frequency": 2, "relation": "at least"}, "They win the following.", False, True),
    (FREQUENCY, {"keyword": "win", "frequency": 2, "relation": "less than"}, "They win the following.", True, False),
    (FORBIDDEN, {"forbidden_words": ["bar"]}, "It is \\bar{x}.", True, False),
    (FORBIDDEN, {"forbidden_words": ["bar"]}, "It is a bar.", False, False),
    (WORDS, {"num_words": 5, "relation": "less than"}, "It's $\\frac{1}{2}$ or 3.14.", True, False),
    (SENTENCES, {"num_sentences": 2, "relation": "less than"}, "**So it is.**", True, False),
    (SENTENCES, {"num_sentences": 3, "relation": "less than"}, "1. We add.\n2. We check.", True, False),
    (SENTENCES, {"num_sentences": 2, "relation": "less than"}, "We add, e.g. two (cf. Fig. 3).", True, False),
    (SENTENCES, {"num_sentences": 2, "relation": "at least"}, "I ate a fig. Then I slept.", True, True),
    (BULLETS, {"num_bullets": 2}, "* one\n* two\n\n---\n-5 + 3 = -2", True, False),
    (BULLETS, {"num_bullets": 2}, "- one\n\\[\n- x\n\\]\n- two", True, False),
    (BULLETS, {"num_bullets": 2}, "+ one\n+ two", True, False),
    (BULLETS, {"num_bullets": 1}, "*one*", False, True),
    (HIGHLIGHTS, {"num_highlights": 1}, "So 2*3*4 = 24.", False, True),
    (HIGHLIGHTS, {"num_highlights": 2}, "It is ***this***.", False, True),
    (HIGHLIGHTS, {"num_highlights": 1}, "* *one* two", True, False),
    (SECTIONS, {"section_spliter": "Section", "num_sections": 2}, "See Section 1 and Section 2.", False, True),
    (SECTIONS, {"section_spliter": "Section", "num_sections": 1}, "Section 1\na\nSection 2\nb", False, True),
    (SECTIONS, {"section_spliter": "Section", "num_sections": 2}, "## Section 1\na\n**Section 2**\nb", True, True),
    (CAPITALS, {"capital_frequency": 1, "capital_relation": "less than"}, "So I see $X$ and A.", True, False),
    (CAPITALS, {"capital_frequency": 2, "capital_relation": "at least"}, "I CAN'T.", False, True),
    (CAPITAL, {}, ENGLISH_CAPITALS, True, False),
    (CAPITAL, {}, "YES.", True, False),
    (CAPITAL, {}, ITALIAN.upper(), False, False),
    (CAPITAL, {}, "\\boxed{4}", False, False),
    (LOWER, {}, "we see $X = 2$ and so the answer is \\boxed{B}.", True, False),
    (LOWER, {}, "x = 4", True, False),
    (LOWER, {}, ITALIAN.lower(), False, False),
    (COMMA, {}, "So $(1, 2)$ it is: \\boxed{1,2}.", True, False),
    (COMMA, {}, "So it is 1,000.", False, False),
    (COMMA, {"numbers": True}, "So it is 1,000.", True, False),
    (COMMA, {"numbers": True}, "So, it is 1,000.", False, False),
    (LANGUAGE, {"language": "it"}, "42", False, True),
    (LANGUAGE, {"language": "it"}, ITALIAN + "The final answer is the same as before.", False, True),
    (LANGUAGE, {"language": "it"}, ITALIAN + "\\boxed{4}", True, True),
    (REPEAT, {"prompt_to_repeat": "How  many\npens?"}, "How many pens? Four.", True, False),
    (REPEAT, {"prompt_to_repeat": "How many?"}, "Sure! How many? Four.", False, False),
    (END, {"end_phrase": "other questions?"}, "Have you another questions? Another questions?", False, True),
    (END, {"end_phrase": "Any other?"}, '"So four. any other?"', True, True),
    (QUOTE, {}, '""', False, True),
    (QUOTE, {}, '**"So it is."**', True, False),
    (LETTER, {"letter": "b", "let_frequency": 1, "let_relation": "less than"}, "It is \\boxed{4}.", True, False),
    (LETTER, {"letter": "!", "let_frequency": 2, "let_relation": "at least"}, "Yes!!", True, True),
    (TITLE, {}, "<<Four>> it is", True, True),
    (TITLE, {}, "<< >>", False, False),
    (JSON, {}, "42", False, True),
    (JSON, {}, '```json\n{"a": NaN}\n```', False, True),
    (JSON, {}, '```json\n{"a": 1}\n```', True, True),
    (OPTION, {}, "My answer is yes. My answer is no.", False, True),
    (PLACEHOLDERS, {"num_placeholders": 1}, "See [here](x) and $[0, 1]$ and [].", False, True),
    (POSTSCRIPT, {"postscript_marker": "P.S."}, "The chip.sets work.", False, False),
    (POSTSCRIPT, {"postscript_marker": "P.S."}, "As said in p.s. above.", False, True),
    (PARAGRAPH, {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"}, "One.\n\n\n\nSo, two.", True, False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kwargs", "answer", "ours", "published"), FIXES)
def test_the_default_preset_fixes_what_was_published(name, kwargs, answer, ours, published):
    assert check(name, kwargs, answer) is ours
    assert check(name, kwargs, answer, preset="mathif") is published
    assert check(name, kwargs, answer, preset="ifeval") is published


SAID = {
    "de": "Wir addieren die beiden Zahlen und teilen durch zwei.",
    "es": "Sumamos los dos números y dividimos entre dos.",
    "it": "Sommiamo i due numeri e dividiamo per due.",
    "pt": "Somamos os dois números e dividimos por dois, então não muda.",
    "sw": "Tunajumlisha namba mbili na kugawanya kwa mbili.",
    "vi": "Chúng ta cộng hai số rồi chia cho hai.",
    "bg": "Събираме двете числа и делим на две.",
    "ru": "Мы складываем оба числа и делим на два.",
    "he": "אנחנו מחברים את שני המספרים ומחלקים בשניים.",
    "bn": "আমরা দুটি সংখ্যা যোগ করে দুই দিয়ে ভাগ করি।",
    "pa": "ਅਸੀਂ ਦੋ ਨੰਬਰ ਜੋੜ ਕੇ ਦੋ ਨਾਲ ਵੰਡਦੇ ਹਾਂ।",
    "kn": "ನಾವು ಎರಡು ಸಂಖ್ಯೆಗಳನ್ನು ಕೂಡಿಸಿ ಎರಡರಿಂದ ಭಾಗಿಸುತ್ತೇವೆ.",
    "mr": "आम्ही दोन संख्या मिळवतो आणि दोनने भागतो.",
    "ne": "हामी दुई संख्या जोड्छौं र दुईले भाग गर्छौं।",
    "ta": "நாம் இரண்டு எண்களையும் கூட்டி இரண்டால் வகுக்கிறோம்.",
    "th": "เราบวกเลขสองจำนวนแล้วหารด้วยสอง",
    "ja": "二つの数を足して、二で割ります。",
}


@pytest.mark.parametrize("language", SAID)
def test_a_short_sentence_in_each_of_the_benchmarks_languages_is_known_also_in_capitals(language):
    answer = SAID[language] + " $x = 4$ so \\boxed{4}"
    assert check(LANGUAGE, {"language": language}, SAID[language] + " \\boxed{4}")
    assert check(LANGUAGE, {"language": language}, SAID[language].upper())
    assert not check(LANGUAGE, {"language": "fr"}, answer)
    assert not check(CAPITAL, {}, SAID[language].upper())
    assert not check(LOWER, {}, SAID[language].lower())


@pytest.mark.parametrize("preset", ["reins", "mathif", "ifeval"])
@pytest.mark.parametrize("answer", ["", " \n\t", "\u3000"])
def test_a_blank_answer_satisfies_nothing(answer, preset):
    assert not check(COMMA, None, answer, preset=preset)
    assert not check(WORDS, {"num_words": 9, "relation": "less than"}, answer, preset=preset)


def test_loose_forgives_a_first_or_last_line_and_asterisks():
    kwargs = {"end_phrase": "Any other questions?"}
    assert not check(END, kwargs, "Four.\n**Any other questions?**\nBye", preset="ifeval")
    assert check(END, kwargs, "Four.\n**Any other questions?**\nBye", preset="ifeval", loose=True)


def test_verdicts_stand_by_position_where_a_type_repeats():
    asked = [
        Constraint.read(FREQUENCY, {"keyword": "root", "frequency": 1, "relation": "at least"}),
        Constraint.read(COMMA, None),
        Constraint.read(FREQUENCY, {"keyword": "root", "frequency": 1, "relation": "less than"}),
    ]
    assert verdicts(asked, "The root is 2.") == [True, True, False]


def test_the_spellings_of_an_id_are_one_type():
    assert canonical("length_constraint_checkers:number_words") == WORDS
    assert canonical("en:" + WORDS) == canonical(WORDS) == WORDS
    kwargs = {"num_words": 7, "relation": "at least"}
    assert describe("length_constraint_checkers:number_words", kwargs) == "Answer with at least 7 words."


@pytest.mark.parametrize(
    ("name", "kwargs", "preset", "complaint"),
    [
        ("keywords:existance", {"keywords": ["a"]}, "reins", "did you mean 'keywords:existence'"),
        (EXISTENCE, None, "reins", "kwargs lack keywords"),
        (EXISTENCE, {"keyword": "a"}, "reins", "unknown kwarg 'keyword'; known: keywords"),
        (EXISTENCE, {"keywords": "a"}, "reins", "keywords is 'a'; give list"),
        (WORDS, {"num_words": "9", "relation": "at least"}, "reins", "num_words is '9'; give int"),
        (WORDS, {"num_words": 9, "relation": "at most"}, "reins", "choose from less than, at least"),
        (LANGUAGE, {"language": "zh"}, "mathif", "language is 'zh'; choose from"),
        (COMMA, None, "math-if", "preset: unknown: 'math-if'; choose from reins"),
        (EXISTENCE, {"keywords": ["("]}, "mathif", "no valid pattern"),
    ],
)
def test_bad_input_is_one_line_that_names_the_fix(name, kwargs, preset, complaint):
    with pytest.raises(InputError, match=complaint) as raised:
        check(name, kwargs, "x", preset=preset)
    assert "\n" not in str(raised.value)


def test_nulls_are_no_kwargs():
    assert check(COMMA, {"keywords": None, "num_words": None}, "No.")


def test_every_type_states_what_the_house_sorts_by():
    assert len(TYPES) == 25
    for name, kind in TYPES.items():
        assert kind.id == name
        assert kind.category in ("length", "lexical", "format", "affix")
        assert kind.scope in ("local", "global")
        assert kind.group == name.split(":")[0]

"""Every constraint type in one table: MathIF's 15 and IFEval's other 10, in the order in which rewrites compose.

A row says id, category, scope, kwargs, wording, published rule, our rule, rewrite, and how fresh kwargs are drawn.
"""

from . import affix, case, content, format, language, length, lexical, shape
from .ifbench import IFBENCH
from .kind import ConstraintType
from .language import language_name

_REPEAT = (
    "First repeat the request word for word without change, then give your answer (1. do not say any words or "
    "characters before repeating the request; 2. the request you need to repeat does not include this sentence)"
)

_ALL = (
    ConstraintType(
        "language:response_language", "lexical", "global", {"language": str},
        lambda language: f"Your answer should be in {language_name(language)} language, no other language is allowed. ",
        language.in_language_published, language.in_language, language.translate,
        lambda rng, pools: {"language": rng.choice(pools.languages)},
    ),
    ConstraintType(
        "keywords:existence", "lexical", "local", {"keywords": list},
        lambda keywords: f'Include keywords "{sorted(keywords)}" in the response.',
        lexical.existence_published, lexical.existence, lexical.add_keywords,
        lambda rng, pools: {"keywords": pools.keyword_list(rng)},
        patterns=lambda keywords: keywords,
    ),
    ConstraintType(
        "keywords:frequency", "lexical", "global", {"keyword": str, "frequency": int, "relation": str},
        lambda keyword, frequency, relation:
            f'In your response, the word "{keyword.strip()}" should appear {relation} {frequency} times.',
        lexical.frequency_published, lexical.frequency, lexical.set_frequency,
        lambda rng, pools: {
            "keyword": rng.choice(pools.keywords),
            "frequency": rng.randint(*pools.frequencies),
            "relation": rng.choice(pools.relations),
        },
        patterns=lambda keyword, frequency, relation: [keyword.strip()],
    ),
    ConstraintType(
        "keywords:forbidden_words", "lexical", "local", {"forbidden_words": list},
        lambda forbidden_words: f'Do not include keywords "{sorted(set(forbidden_words))}" in the response.',
        lexical.forbidden_published, lexical.forbidden, lexical.replace_forbidden,
        lambda rng, pools: {"forbidden_words": pools.keyword_list(rng)},
        patterns=lexical.forbidden_patterns,
    ),
    ConstraintType(
        "length_constraints:number_words", "length", "global", {"num_words": int, "relation": str},
        lambda num_words, relation: f"Answer with {relation} {num_words} words.",
        length.words_published, length.words, length.set_words,
        lambda rng, pools: {"num_words": rng.randint(*pools.words), "relation": rng.choice(pools.relations)},
    ),
    ConstraintType(
        "length_constraints:number_sentences", "length", "global", {"num_sentences": int, "relation": str},
        lambda num_sentences, relation: f"Your response should contain {relation} {num_sentences} sentences.",
        length.sentences_published, length.sentence_count, length.set_sentences,
        lambda rng, pools: {
            "num_sentences": rng.randint(*pools.sentences), "relation": rng.choice(pools.relations),
        },
    ),
    ConstraintType(
        "detectable_format:constrained_response", "format", "local", {},
        lambda: f"Answer with one of the following options: {shape.OPTIONS}",
        shape.option_published, shape.option, shape.add_option,
    ),
    ConstraintType(
        "detectable_content:number_placeholders", "format", "global", {"num_placeholders": int},
        lambda num_placeholders: f"The response must contain at least {num_placeholders} placeholders "
            "represented by square brackets, such as [address].",
        content.placeholders_published, content.placeholders, content.add_placeholders,
        lambda rng, pools: {"num_placeholders": rng.randint(*pools.placeholders)},
    ),
    ConstraintType(
        "keywords:letter_frequency", "lexical", "global",
        {"letter": str, "let_frequency": int, "let_relation": str},
        lambda letter, let_frequency, let_relation:
            f"In your response, the letter {letter} should appear {let_relation} {let_frequency} times.",
        lexical.letters_published, lexical.letters, lexical.set_letters,
        lambda rng, pools: {
            "letter": rng.choice(pools.letters),
            "let_frequency": rng.randint(*pools.letter_counts),
            "let_relation": rng.choice(pools.relations),
        },
    ),
    ConstraintType(
        "change_case:capital_word_frequency", "format", "global",
        {"capital_frequency": int, "capital_relation": str},
        lambda capital_frequency, capital_relation: "In your response, words with all capital letters should "
            f"appear {capital_relation} {capital_frequency} times.",
        case.capital_words_published, case.capital_words, case.set_capital_words,
        lambda rng, pools: {
            "capital_frequency": rng.randint(*pools.capitals),
            "capital_relation": rng.choice(pools.relations),
        },
    ),
    ConstraintType(
        "length_constraints:number_paragraphs", "length", "global", {"num_paragraphs": int},
        lambda num_paragraphs: f"There should be {num_paragraphs} paragraphs. Paragraphs are separated with the "
            "markdown divider: ***",
        shape.paragraphs_published, shape.paragraphs, shape.set_paragraphs,
        lambda rng, pools: {"num_paragraphs": rng.randint(*pools.paragraphs)},
    ),
    ConstraintType(
        "length_constraints:nth_paragraph_first_word", "length", "global",
        {"num_paragraphs": int, "nth_paragraph": int, "first_word": str},
        lambda num_paragraphs, nth_paragraph, first_word: f"There should be {num_paragraphs} paragraphs. "
            "Paragraphs and only paragraphs are separated with each other by two new lines as if it was "
            f"'\\n\\n' in python. Paragraph {nth_paragraph} must start with word {first_word}.",
        shape.first_word_published, shape.nth_first_word, shape.set_first_word,
        lambda rng, pools: {
            "num_paragraphs": (total := rng.randint(*pools.paragraphs)),
            "nth_paragraph": rng.randint(1, total),
            "first_word": rng.choice(pools.keywords),
        },
    ),
    ConstraintType(
        "detectable_format:number_bullet_lists", "format", "global", {"num_bullets": int},
        lambda num_bullets: f"Your answer must contain exactly {num_bullets} bullet points. Use the markdown "
            "bullet points such as:\n* This is point 1. \n* This is point 2",
        format.bullets_published, format.bullets, format.set_bullets,
        lambda rng, pools: {"num_bullets": rng.randint(*pools.bullets)},
    ),
    ConstraintType(
        "detectable_format:multiple_sections", "format", "global",
        {"section_spliter": str, "num_sections": int},
        lambda section_spliter, num_sections: f"Your response must have {num_sections} sections. Mark the "
            "beginning of each section with {0} X, such as:\n{0} 1\n[content of section 1]\n{0} 2\n"
            "[content of section 2]".format(section_spliter.strip()),
        format.sections_published, format.sections, format.set_sections,
        lambda rng, pools: {
            "section_spliter": rng.choice(pools.splitters), "num_sections": rng.randint(*pools.sections),
        },
        patterns=lambda section_spliter, num_sections: [format.splitter_pattern(section_spliter)],
    ),
    ConstraintType(
        "detectable_format:number_highlighted_sections", "format", "global", {"num_highlights": int},
        lambda num_highlights: f"Highlight at least {num_highlights} sections in your answer with markdown, "
            "i.e. *highlighted section*.",
        format.highlights_published, format.highlights, format.add_highlights,
        lambda rng, pools: {"num_highlights": rng.randint(*pools.highlights)},
    ),
    ConstraintType(
        "detectable_format:title", "format", "local", {},
        lambda: "Your answer must contain a title, wrapped in double angular brackets, such as <<poem of joy>>.",
        shape.title_published, shape.title, shape.add_title,
    ),
    ConstraintType(
        "combination:repeat_prompt", "affix", "local", {"prompt_to_repeat": str},
        lambda prompt_to_repeat: _REPEAT,
        affix.repeat_published, affix.repeat, affix.repeat_prompt,
    ),
    ConstraintType(
        "detectable_content:postscript", "format", "local", {"postscript_marker": str},
        lambda postscript_marker: "At the end of your response, please explicitly add a postscript starting "
            f"with {postscript_marker}",
        content.postscript_published, content.postscript, content.add_postscript,
        lambda rng, pools: {"postscript_marker": rng.choice(pools.markers)},
        patterns=lambda postscript_marker: [content.marker_pattern(postscript_marker)],
    ),
    ConstraintType(
        "startend:end_checker", "affix", "local", {"end_phrase": str},
        lambda end_phrase: f'Finish your response with this exact phrase "{end_phrase.strip()}". No other words '
            "should follow this phrase.",
        affix.ends_published, affix.ends, affix.add_ending,
        lambda rng, pools: {"end_phrase": rng.choice(pools.phrases)},
    ),
    ConstraintType(
        "punctuation:no_comma", "format", "local", {"numbers": bool},
        lambda numbers=False: "In your entire response, refrain from the use of any commas.",
        format.no_comma_published, format.no_comma, format.drop_commas, optional=("numbers",),
    ),
    ConstraintType(
        "change_case:english_lowercase", "format", "local", {},
        lambda: "Your entire response should be in English, and in all lowercase letters. No capital letters "
            "are allowed.",
        case.lowercase_published, case.lowercase, case.lower_case,
    ),
    ConstraintType(
        "change_case:english_capital", "format", "local", {},
        lambda: "Your entire response should be in English, and in all capital letters.",
        case.capital_published, case.capital, case.raise_case,
    ),
    ConstraintType(
        "startend:quotation", "affix", "local", {},
        lambda: "Wrap your entire response with double quotation marks. ",
        affix.quoted_published, affix.quoted, affix.quote,
    ),
    ConstraintType(
        "combination:two_responses", "format", "global", {},
        lambda: "Give two different responses. Responses and only responses should be separated by 6 asterisk "
            "symbols: ******.",
        shape.two_responses_published, shape.two_responses, shape.give_two,
    ),
    ConstraintType(
        "detectable_format:json_format", "format", "global", {},
        lambda: "Entire output should be wrapped in JSON format. You can use markdown ticks such as ```.",
        shape.json_published, shape.json_whole, shape.wrap_json,
    ),
)  # fmt: skip

TYPES: dict[str, ConstraintType] = {kind.id: kind for kind in _ALL}

# All that can be judged; what can be composed is in TYPES.
JUDGED: dict[str, ConstraintType] = TYPES | IFBENCH

MATHIF = frozenset(
    """language:response_language keywords:existence keywords:frequency keywords:forbidden_words
    length_constraints:number_words change_case:capital_word_frequency detectable_format:multiple_sections
    detectable_format:number_bullet_lists detectable_format:number_highlighted_sections combination:repeat_prompt
    startend:end_checker punctuation:no_comma change_case:english_lowercase change_case:english_capital
    startend:quotation""".split()
)

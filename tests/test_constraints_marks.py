"""Marks, pictures and what is not shown are read past, and a short answer's language is told (preset reins)."""

import pytest

from reins.eval.verify import check

EXISTENCE, FORBIDDEN, LETTER = "keywords:existence", "keywords:forbidden_words", "keywords:letter_frequency"
SENTENCES, PARAGRAPH = "length_constraints:number_sentences", "length_constraints:nth_paragraph_first_word"
LANGUAGE, END, OPTION = (
    "language:response_language",
    "startend:end_checker",
    "detectable_format:constrained_response",
)
POSTSCRIPT, PS = "detectable_content:postscript", {"postscript_marker": "P.S."}


def has(keyword: str) -> dict:
    return {"keywords": [keyword]}


def letters(letter: str, number: int, relation: str = "at least") -> dict:
    return {"letter": letter, "let_frequency": number, "let_relation": relation}


SHORT = [
    ("ar", "الجواب هو 36.", True),
    ("pt", "A resposta é 36.", True),
    ("pt", "A soma é 36.", True),
    ("es", "La suma es 36.", True),
    ("es", "El total es 36.", True),
    ("bg", "Лицето е 36.", True),
    ("ru", "Сумма равна 36.", True),
    ("bn", "মোট 36।", True),
    ("ne", "उत्तर 36 हो।", True),
    ("de", "Janet Smith kauft 12 Eier. Antwort: 36 Dollar.", True),
    ("es", "A soma é 36.", False),
    ("de", "La suma es 36.", False),
    ("de", "The sum is 36.", False),
    ("es", "Sumem els dos nombres i dividim per dos.", False),  # Catalan
    ("pt", "Sumamos os dous números e dividimos entre dous.", False),  # Galician
    ("bg", "Ги собираме двата броја и делиме со два.", False),  # Macedonian
    ("bn", "আমি দুটা সংখ্যা যোগ কৰি দুইৰে ভাগ কৰোঁ।", False),  # Assamese
    ("fi", "Liidame kaks arvu ja jagame kahega.", False),  # Estonian
    ("de", "We tellen de twee getallen op en delen door twee.", False),  # Dutch
    ("de", "Die Summe ist 36. The answer is thirty-six.", False),
    ("de", "Wir addieren die beiden Zahlen und teilen durch zwei. We add all numbers.", False),
]
LANGUAGES = [(LANGUAGE, {"language": code}, answer, held) for code, answer, held in SHORT]
BYE_NOW = {"end_phrase": "Bye."}
MARKS = [
    *((END, BYE_NOW, f"Done. {mark}Bye.{mark}", True) for mark in ("*", "_", "__", "~~", "***_")),
    (END, BYE_NOW, "Done. “_Bye_.”", True),
    (END, BYE_NOW, "Done. good_Bye.", False),
    (END, BYE_NOW, "Done. _Goodbye._", False),
    (END, {"end_phrase": "run my_fn_"}, "Now run my_fn_", True),
    (OPTION, {}, "My answer is _yes_.", True),
    (OPTION, {}, "__My answer is yes.__", True),
    (OPTION, {}, "_My answer is no._ My answer is yes.", False),
    (POSTSCRIPT, PS, "再见。P.S. 记得带伞。", True),
    (POSTSCRIPT, PS, "再见！**P.S.** 记得带伞。", True),
    (POSTSCRIPT, PS, "“再见。”P.S. 记得带伞。", True),
    (POSTSCRIPT, PS, "再见P.S. 记得带伞。", False),
]
COUNTED = [
    ("“It rains.” “It pours.” “It snows.”", 3),
    ("«It rains.» «It pours.»", 2),
    ("„Es regnet.“ „Es schneit.“", 2),
    ("It rains… It pours… It snows…", 3),
    ("It rains… and pours.", 1),
    ("_It rains._ __It pours.__ ~~It snows.~~", 3),
    ("We add. We check. 😊", 2),
    ("We add.😊 We check.👨‍👩‍👧", 2),
    ("We add. We check. :)", 2),
    ("We add. We check.\n\n---", 2),
    ("We call snake_case. We check.", 2),
    ("We add. We check. $x$", 3),
    ("Oui ! Non !", 2),
]
SENTENCE_COUNTS = [
    (SENTENCES, {"num_sentences": count + more, "relation": "at least"}, answer, not more)
    for answer, count in COUNTED
    for more in (0, 1)
]
CLIMATE = {"forbidden_words": ["climate"]}
UNSEEN = [
    *((FORBIDDEN, CLIMATE, f"The cli{unseen}mate is warm.", False) for unseen in "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f"),
    (FORBIDDEN, CLIMATE, "The ｃｌｉｍａｔｅ is warm.", False),
    (FORBIDDEN, CLIMATE, "The 𝐜𝐥𝐢𝐦𝐚𝐭𝐞 is warm.", False),
    (FORBIDDEN, CLIMATE, "They ac\u00adclimate.", True),
    (EXISTENCE, has("climate"), "The cli\u00admate is warm.", True),
    (EXISTENCE, has("ｃｌｉｍａｔｅ"), "The climate is warm.", True),
    (EXISTENCE, has("Acme"), "It is Acme™ here – yes.", True),
    (EXISTENCE, has("don't"), "We don´t know – yet.", True),
    (EXISTENCE, has("می\u200cکنیم"), "ما حساب می\u200cکنیم.", True),
    (EXISTENCE, has("میکنیم"), "ما حساب می\u200cکنیم.", False),
    (EXISTENCE, has("क्\u200dष"), "यह क्\u200dष है।", True),
    (LETTER, letters("é", 2), "Cafe\u0301, cafe\u0301.", True),
    (LETTER, letters("e", 1, "less than"), "Cafe\u0301.", True),
    (LETTER, letters("!", 2), "好！好！", True),
    (PARAGRAPH, {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "later"}, "La\u00adter we go.", True),
    (END, BYE_NOW, "Done. B\u200bye.", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kwargs", "answer", "verdict"), [*LANGUAGES, *MARKS, *SENTENCE_COUNTS, *UNSEEN]
)
def test_what_a_reader_does_not_see_changes_nothing(name, kwargs, answer, verdict):
    assert check(name, kwargs, answer) is verdict

"""Which language a text is in."""

from functools import cache, lru_cache
from random import Random

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from .detector import detect
from .prose import holds_answer, prose, sentences

# Code -> English name, and the sentences a text is rewritten to.
LANGUAGES = {
    "ar": ("Arabic", "نحسب خطوة بخطوة ونتحقق من النتيجة. الجواب النهائي هو"),
    "bg": ("Bulgarian", "Смятаме стъпка по стъпка и проверяваме резултата. Крайният отговор е"),
    "bn": ("Bengali", "আমরা ধাপে ধাপে হিসাব করি এবং ফলাফল যাচাই করি। চূড়ান্ত উত্তর হলো"),
    "de": (
        "German",
        "Wir rechnen Schritt für Schritt und prüfen das Ergebnis. Die endgültige Antwort lautet",
    ),
    "en": ("English", "We work step by step and check the result. The final answer is"),
    "es": ("Spanish", "Calculamos paso a paso y comprobamos el resultado. La respuesta final es"),
    "fa": ("Persian", "ما گام به گام حساب می‌کنیم و نتیجه را بررسی می‌کنیم. پاسخ نهایی این است"),
    "fi": ("Finnish", "Laskemme vaihe vaiheelta ja tarkistamme tuloksen. Lopullinen vastaus on"),
    "fr": ("French", "Nous calculons étape par étape et vérifions le résultat. La réponse finale est"),
    "gu": ("Gujarati", "અમે પગલું દ્વારા પગલું ગણતરી કરીએ છીએ અને પરિણામ તપાસીએ છીએ. અંતિમ જવાબ છે"),
    "he": ("Hebrew", "אנחנו מחשבים צעד אחר צעד ובודקים את התוצאה. התשובה הסופית היא"),
    "hi": ("Hindi", "हम कदम दर कदम गणना करते हैं और परिणाम की जाँच करते हैं। अंतिम उत्तर यह है"),
    "it": ("Italian", "Calcoliamo passo dopo passo e controlliamo il risultato. La risposta finale è"),
    "ja": ("Japanese", "一つずつ順番に計算して、結果を確かめます。最後の答えは次のとおりです"),
    "kn": ("Kannada", "ನಾವು ಹಂತ ಹಂತವಾಗಿ ಲೆಕ್ಕ ಹಾಕಿ ಫಲಿತಾಂಶವನ್ನು ಪರಿಶೀಲಿಸುತ್ತೇವೆ. ಅಂತಿಮ ಉತ್ತರ"),
    "ko": ("Korean", "우리는 단계별로 계산하고 결과를 확인합니다. 최종 답은 다음과 같습니다"),
    "ml": ("Malayalam", "ഞങ്ങൾ ഘട്ടം ഘട്ടമായി കണക്കാക്കുകയും ഫലം പരിശോധിക്കുകയും ചെയ്യുന്നു. അന്തിമ ഉത്തരം"),
    "mr": ("Marathi", "आम्ही टप्प्याटप्प्याने गणना करतो आणि निकाल तपासतो. अंतिम उत्तर हे आहे"),
    "ne": ("Nepali", "हामी चरणबद्ध रूपमा गणना गर्छौं र नतिजा जाँच गर्छौं। अन्तिम उत्तर यो हो"),
    "pa": ("Punjabi", "ਅਸੀਂ ਕਦਮ ਦਰ ਕਦਮ ਹਿਸਾਬ ਕਰਦੇ ਹਾਂ ਅਤੇ ਨਤੀਜੇ ਦੀ ਜਾਂਚ ਕਰਦੇ ਹਾਂ। ਅੰਤਿਮ ਜਵਾਬ ਹੈ"),
    "pl": ("Polish", "Liczymy krok po kroku i sprawdzamy wynik. Ostateczna odpowiedź to"),
    "pt": ("Portuguese", "Calculamos passo a passo e verificamos o resultado. A resposta final não muda e é"),
    "ru": ("Russian", "Мы считаем шаг за шагом и проверяем результат. Окончательный ответ"),
    "sw": ("Swahili", "Tunahesabu hatua kwa hatua na kuhakiki matokeo yetu. Jibu la mwisho ni"),
    "ta": ("Tamil", "நாம் படிப்படியாகக் கணக்கிட்டு முடிவைச் சரிபார்க்கிறோம். இறுதி விடை"),
    "te": ("Telugu", "మేము దశల వారీగా లెక్కించి ఫలితాన్ని తనిఖీ చేస్తాము. తుది సమాధానం"),
    "th": ("Thai", "เราคำนวณทีละขั้นตอนและตรวจสอบผลลัพธ์ คำตอบสุดท้ายคือ"),
    "uk": ("Ukrainian", "Ми рахуємо крок за кроком і перевіряємо результат. Остаточна відповідь"),
    "ur": ("Urdu", "ہم مرحلہ وار حساب کرتے ہیں اور نتیجے کی جانچ کرتے ہیں۔ حتمی جواب یہ ہے"),
    "vi": ("Vietnamese", "Chúng ta tính từng bước và kiểm tra kết quả. Đáp án cuối cùng là"),
}


def language_name(code: str) -> str:
    return LANGUAGES[code][0]


def in_language_published(text: str, language: str) -> bool:
    return detect(text) in (language, None)


def in_language(text: str, language: str) -> bool:
    """The prose as a whole is in that language, and no sentence of it is plainly in another; figures and formulas
    alone are in none.

    Of a few words py3langid cannot tell a language from its neighbour ("La suma es 36." may be Extremaduran), so that
    the language need not come first: it must not be far behind.
    """
    prose_text = prose(text)
    if not any(map(str.isalpha, prose_text)) or _share(prose_text, language) < NEAR:
        return False
    return all(not _tells(part) or _share(part, language) >= FAR for part in sentences(prose_text))


def is_english(prose_text: str) -> bool:
    """Whether nothing speaks plainly against English."""
    return not _tells(prose_text) or _likely(prose_text)["en"] >= DOUBT


def _tells(prose_text: str) -> bool:
    """Whether the words can tell a language: one or two of them, and single letters, never do."""
    words = [word for word in prose_text.split() if sum(map(str.isalpha, word)) > 1]
    return sum(map(len, words)) >= _EVIDENCE


def _share(prose_text: str, language: str) -> float:
    """How likely the language is against the likeliest one."""
    likely = _likely(prose_text)
    return likely[language] / likely[likeliest(prose_text)]


# A language less likely than this is ruled out: no piece of MathIF's questions, down to three words, is so unlikely
# to be English.
DOUBT = 0.005
# Against the likeliest language: what a text's own language reaches in 99 of 100 pieces of three words, and hardly ever
# a whole sentence's neighbour; and what it reaches in every piece of two words.
NEAR = 1 / 3
FAR = 1 / 50
_EVIDENCE = 8  # characters in words
_SPAN = 2000  # characters that settle the question


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@lru_cache(maxsize=1024)
def _likely(prose_text: str) -> dict[str, float]:
    """Language -> probability; capitals are no clue to py3langid, so they are lowered first."""
    return dict(_identifier().rank(prose_text[:_SPAN].lower()))


def likeliest(prose_text: str) -> str:
    """The language that the words of a text are most likely in."""
    return max(_likely(prose_text), key=_likely(prose_text).__getitem__)


def translate(text: str, rng: Random, language: str) -> str:
    """A stock sentence of that language before the boxed answer; text in the language stays as it is."""
    if in_language(text, language) and in_language_published(text, language):
        return text
    boxed = [s[s.index("\\boxed") :] for s in sentences(text) if holds_answer(s)]
    return " ".join([LANGUAGES[language][1], *boxed[-1:]])

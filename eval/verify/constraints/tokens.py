"""Words and sentences as NLTK cuts them, restated without its data files.

Words follow the Treebank rules of nltk 3.9.1, as far as the cut decides whether a token is in capitals. Sentences
follow the Punkt algorithm (Kiss and Strunk 2006) with the abbreviations of its English model. That model also holds
a table of how each word is written; two short lists stand in for it, and they matter only where a capitalised word
follows an abbreviation ("p.m. The") or a single letter ("in C. Please"): any other word there opens no sentence.
"""

import re
from itertools import pairwise

_PERIOD = re.compile(r"(?<=[^.])\.(?=[\])}>\"'»”’]*(?:\s|$))")
_SPLIT = re.compile(r"''|(?<=[^'])'(?= )|--|\.{2,}|[:,](?!\d)|[«“‘„»”’;@#$%&?!*\[\](){}<>\"`]")
_LONE_LETTER = re.compile(r"'(?![mtsdn]\b)(?=\w\b)", re.IGNORECASE)
_CLITICS = (
    re.compile(r"(?<=[^'\s])('[sSmMdD])(?!\S)"),
    re.compile(r"(?<=[^'\s])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T)(?!\S)"),
)
_FUSED = re.compile(
    r"\b(?:(can)(not)|(d)('ye)|(gim)(me)|(gon)(na)|(got)(ta)|(lem)(me)|(more)('n))\b|\b(wan)(na)(?=\s)|(?<=[\s.])('t)(is|was)\b",
    re.IGNORECASE,
)


def word_tokens(text: str) -> list[str]:
    """The tokens that hold a word; punctuation between them is left out."""
    text = _SPLIT.sub(" ", _PERIOD.sub(" ", _LONE_LETTER.sub("' ", text)))
    for clitic in _CLITICS:
        text = clitic.sub(r" \1", text)
    return _FUSED.sub(lambda match: f" {' '.join(filter(None, match.groups()))} ", f" {text} ").split()


_ABBREVIATIONS = frozenset(
    """a.a a.c a.d a.g a.h a.m a.m.e a.s a.t adm ala ariz aug ave b.f b.v bros c c.i.t c.o.m.b c.v calif chg cie co col
    colo conn corp cos ct d d.c d.h d.w dec dr e e.f e.h e.l e.m f f.g f.j feb fla fri ft g g.d g.f g.k ga gen h h.c
    h.f h.m i.m.s ill inc j.b j.c j.j j.k j.p j.r jan jr k kan ky l l.a l.f l.p lt ltd m m.b.a m.d.c m.j maj messrs mg
    mich minn mr mrs ms n n.c n.d n.h n.j n.m n.v n.y nev nov oct ok okla ore p p.a.m p.m pa ph.d prof r r.a r.h r.i
    r.j r.k r.t rep reps s s.a s.a.y s.c s.g s.p.a s.s sen sep sept sr st sw t t.j tenn tues u.k u.n u.s u.s.a u.s.s.r
    v va vs vt w w.c w.r w.va w.w wash wed wis yr""".split()
)
_OPENERS = frozenset(
    """according although among both but considering despite even he however i if in indeed instead it many meanwhile
    moreover most nevertheless nonetheless nor sales separately similarly simply since so some the there therefore
    these they this though thus under when while yet your""".split()
)
_ORDINARY = (_OPENERS - {"i"}) | frozenset(
    """a add after again all also always an another any anyone are ask at back because before begin being below between
    by call can check choose click come consider continue could did do does don't during each either every everyone
    everything feel finally find first for from generally get give go good great had has have her here his how into is
    isn't it's its just keep know last later let let's like look make may maybe more much must my never new next no not
    note nothing now of often on once one only open or other our out overall perhaps place please put rather read
    really remember run second see send set several she should show simply someone something soon start stay still stop
    such take tell than thank thanks that that's their them then therefore think third those through today together
    tomorrow too tonight try turn two until up upon use usually wait was we we'll we're welcome well were what what's
    where whether which who whose why will with within without would write yes you you'll you're""".split()
)
_NOT_WORD = r"[)\";}\]*:@'({\[!?]"
_RUN = r"(?:-{2,}|\.{2,}|(?:\.\s){2,}\.)"
_END = re.compile(rf"[.?!](?=({_NOT_WORD}|\s+(\S+)))")
_TOKEN = re.compile(
    rf"{_RUN}|(?=[^(\"`{{\[:;&#*@)}}\]\-,])\S+?(?=\s|$|{_NOT_WORD}|{_RUN}|,(?=$|\s|{_NOT_WORD}|{_RUN}))|\S"
)
_INITIAL = re.compile(r"[^\W\d]\.")
_NUMBER = re.compile(r"-?[.,]?\d[\d,.-]*\.?")
_CLOSING = re.compile(r"[\"')\]}]+?(?:\s+|(?=--)|$)", re.MULTILINE)


def count_sentences(text: str) -> int:
    """How many sentences Punkt finds; marks between them (a closing `**`) may count as one."""
    count, offset = 0, 0
    starts, stops = _cuts(text)
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        closing = index + 1 < len(starts) and _CLOSING.match(text, starts[index + 1], stops[index + 1])
        count += bool(closing) or start + offset < stop
        offset = closing.end() - closing.start() if closing else 0
    return count


def _cuts(text: str) -> tuple[list[int], list[int]]:
    """Where sentences start and stop. Of several end marks in one chunk without spaces only the last is looked
    at, and the first where it opens the chunk."""
    starts, stops, last, begun = [0], list[int](), None, 0
    for match in [*_END.finditer(text), None]:
        space = _last_space(text, last.start() if last else 0, match.start()) if match else -1
        alone = last and (match is None or space >= 0 or begun == last.start())
        if last and alone and _breaks(text[begun : last.end()] + last[1]):
            stops.append(last.end())
            starts.append(last.start(2) if last[2] else last.end())
        begun, last = (space + 1 if space >= 0 else begun), match
    return starts, [*stops, len(text.rstrip())]


def _last_space(text: str, start: int, stop: int) -> int:
    return max(text.rfind(space, start, stop) for space in " \t\n\r\x0b\x0c")


def _breaks(context: str) -> bool:
    """Whether a sentence ends before the last token: its chunk, the end mark, what follows."""
    tokens = _TOKEN.findall(context)
    return any(_ends(token, following) for token, following in pairwise(tokens))


def _ends(token: str, following: str) -> bool:
    if token in ("?", "!", "."):
        return True
    if not token.endswith("."):
        return False
    stem, mark = token[:-1].lower(), following in ";:,.!?"
    capital, initial = following[0].isupper(), bool(_INITIAL.fullmatch(token))
    opens = capital and following.rstrip(".").lower() in (_ORDINARY if initial else _OPENERS)
    if token.endswith(".."):
        return opens and not token.strip(".")
    if stem in _ABBREVIATIONS or stem.split("-")[-1] in _ABBREVIATIONS:
        return opens and not initial
    if initial:
        return opens or not (mark or capital or following[0].islower())
    return not (_NUMBER.fullmatch(token) and (mark or following[0].islower()))

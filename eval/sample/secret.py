"""A key as servers write it back, and how it is kept out of what people read."""

import html
import re


def masked(text: str, key: str) -> str:
    """The text without the key, as it is or escaped: by JSON, in an address, or in HTML."""
    return re.sub("".join(map(_spelled, key)), "***", text) if key else text


def _spelled(character: str) -> str:
    """A pattern of all spellings of a character of a key, which is printable ASCII; what is escaped twice among them."""
    code = ord(character)
    spellings = (
        rf"\\{{0,3}}{re.escape(character)}",
        rf"(?i:\\{{1,3}}u{code:04x})",
        rf"(?i:%(?:25)?{code:02x})",
        rf"(?i:&(?:amp;)?#(?:0{{0,4}}{code}|x0{{0,4}}{code:x});)",
        re.escape(html.escape(character)),
    )
    return f"(?:{'|'.join(spellings)})"

"""What is said on a terminal: keys and names of anybody's are in it, and a terminal obeys some characters."""


def shown(text: str) -> str:
    """The text without what a terminal would obey: every such character as its escape, line breaks as they are."""
    return "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in text)

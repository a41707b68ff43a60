"""How a row is asked: the modes, a file a kind, and what each does before, within and after a reply."""

"""How a row is asked: the modes, and what each does to a running reply."""

"""The same recipe on stand-ins: tiny models, rows of the same form."""

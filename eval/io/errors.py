"""The one error for bad input, shared by every room; the command line turns it into exit status 2."""


class InputError(ValueError):
    """Bad input from a person: one line that names the file, the key or row, and the fix."""

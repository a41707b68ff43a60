"""What may be logged of a configuration: at the ground, because training and evaluation log theirs apart."""

import os
import re
from pathlib import Path
from typing import Any

SECRET = re.compile("KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")


def public(content: Any) -> Any:
    """The content without the values of secret environment variables, and without where the home folder is."""
    secrets = [value for name, value in os.environ.items() if SECRET.search(name) and len(value) > 3]

    def cleaned(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: cleaned(value) for key, value in part.items()}
        if isinstance(part, list):
            return [cleaned(value) for value in part]
        if isinstance(part, str):
            for secret in secrets:
                part = part.replace(secret, "***")
            return part.replace(str(Path.home()), "~")
        return part

    return cleaned(content)

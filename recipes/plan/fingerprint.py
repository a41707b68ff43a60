"""What went in, as one hash."""

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """sha256 of JSON content, the same whatever the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

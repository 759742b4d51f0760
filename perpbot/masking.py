"""Takes secrets out of text that leaves the process: what a surface shows, what a file keeps."""

import json
from collections.abc import Iterable

MASK = "***"
SHORTEST = 6
"""What is shorter is no secret worth the name, and would tear holes into every text."""


class Mask:
    """Knows the secrets themselves, so that it finds them wherever they got to, in JSON text too."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long = {each for each in secrets if len(each) >= SHORTEST}
        forms = {form for each in long for form in (each, each.removeprefix("0x"), json.dumps(each)[1:-1])}
        self._forms = sorted((each for each in forms if len(each) >= SHORTEST), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """`text` with ``***`` for every secret."""
        for each in self._forms:
            if each in text:
                text = text.replace(each, MASK)
        return text

    def __repr__(self) -> str:
        return f"Mask({len(self._forms)})"

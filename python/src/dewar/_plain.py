"""Untrusted text made plain: what a terminal or a notebook could obey, hide or reorder is spelled out."""

from __future__ import annotations

import re
import unicodedata

# Ignored by default when shown (Unicode's Default_Ignorable_Code_Point) without being of a category that is spelled out anyway.
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def plain(text: object, most: int = 2000, lines: bool = False) -> str:
    r"""Text of at most `most` characters in which control, bidirectional and invisible characters are written as ``\u{1b}``.

    With `lines`, line feeds and tabs stay. What was cut ends in ``...``. Anything that is no text is shown by its `repr`.
    """
    given = text if isinstance(text, str) else repr(text)
    spelled = "".join(sign if (lines and sign in "\n\t") or _safe(sign) else f"\\u{{{ord(sign):x}}}" for sign in given[: most + 1])
    return spelled if len(spelled) <= most else spelled[: most - 3] + "..."


def _safe(sign: str) -> bool:
    if " " <= sign <= "~":
        return True
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and not _IGNORABLE.match(sign)

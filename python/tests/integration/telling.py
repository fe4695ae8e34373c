"""How an integration script tells what it saw: one line of JSON a case."""

from __future__ import annotations

import json
from typing import Any


def tell(name: str, value: Any) -> None:
    print(json.dumps({"case": name, "value": value}), flush=True)


def raised(call: Any) -> dict[str, str]:
    """The class and the text of what a call raises."""
    try:
        return {"class": "none", "text": repr(call())}
    except Exception as error:
        return {"class": type(error).__name__, "text": str(error)}

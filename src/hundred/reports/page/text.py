"""Values as a page prints them, and as JSON that a browser reads."""

import json
from typing import Any

from markupsafe import Markup

from hundred.formatting import is_known, json_safe


def exact(value: Any) -> str:
    """A number with all its digits, as in result.json; '' where there is none."""
    return repr(float(value)) if is_known(value) and not isinstance(value, bool | str) else ""


def to_json(value: Any) -> Markup:
    """`value` as JSON that is safe inside a script element; NaN and infinities become null."""
    text = json.dumps(json_safe(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing in it can end the script element

"""How is a value written into one cell of a table so that a spreadsheet does no harm and it comes back as it was?

Several values   separated by `|`; a bar within a value is written `\\|`, a backslash `\\\\`
Formulas         a spreadsheet runs what begins with = + - @ or a tab; an apostrophe before it says that it is text
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ERROR_TEXTS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"})
"""What a spreadsheet shows in place of a value that it could not work out."""
# The wide forms too: some spreadsheets take them for the plain ones.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_ERROR = re.compile(f"'*(?:{'|'.join(map(re.escape, sorted(ERROR_TEXTS)))})")
_PARTS = re.compile(r"\\[\\|]|\||[^\\|]+|\\")


def guard(text: str) -> str:
    """Return the text so that no spreadsheet runs it: with an apostrophe before what looks like a formula."""
    return text if text in ERROR_TEXTS else guard_value(text)


def guard_value(text: str) -> str:
    """Return the text so that no spreadsheet runs it, nor takes it for an error of its own."""
    return "'" + text if _FORMULA.match(text) or _ERROR.fullmatch(text) else text


def unguard(text: str) -> str:
    """Return the text that `guard` or `guard_value` was given; other texts stay, but for an apostrophe of that kind."""
    if text.startswith("'") and (_FORMULA.match(text, 1) or _ERROR.fullmatch(text, 1)):
        return text[1:]
    return text


def unguard_all(cells: Iterable[str]) -> tuple[str, ...]:
    """Return the cells as they were before `guard`."""
    return tuple([unguard(cell) if cell[:1] == "'" else cell for cell in cells])


def join_values(values: Iterable[str]) -> str:
    """Return several values as one cell; `split_values` takes them apart again."""
    return "|".join([value.replace("\\", "\\\\").replace("|", "\\|") for value in values])


def split_values(text: str) -> tuple[str, ...]:
    """Return the values of a cell, without the blanks around them and without empty ones."""
    if "\\" not in text:
        return tuple([part for piece in text.split("|") if (part := piece.strip())])
    values = [""]
    for token in _PARTS.findall(text):
        if token == "|":
            values.append("")
        else:
            # A backslash before anything else is an ordinary letter.
            values[-1] += token[1] if len(token) == 2 and token[0] == "\\" else token
    return tuple([part for value in values if (part := value.strip())])

"""What is in this JSON Lines file? One object on each line, its keys the columns; read as the cells of a table.

A line that cannot be understood costs that line only. The file is looked through once for its keys, then read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from api.cases.forms import as_text
from api.imports.cells import join_values
from api.imports.contents import MEGABYTE, Content, readable
from api.imports.errors import FileRefused, Problem
from api.imports.files import Row
from api.imports.plain import PFIF, yes_no

UNREAD = "unread"
"""Column of a rejects file that holds a line which is no JSON object."""
_LONGEST = 8 * MEGABYTE
_MOST_KEYS = 1000


class JsonLinesFile:
    """A file that has been looked through.

    Attributes:
        lines: how many it has.
        header: its keys in the order in which they are met, then `unread`.
    """

    def __init__(self, content: Content, takes_several: Callable[[str], bool]) -> None:
        """Look it through.

        Args:
            takes_several: tells of a key whether its value may be a list.
        Raises:
            FileRefused: no line of it is a JSON object.
        """
        self._content, self._takes_several = content, takes_several
        self.lines = 0
        keys: dict[str, None] = {}
        for number, line in self._read():
            self.lines = number
            found = _understand(line)
            if isinstance(found, dict):
                keys.update(dict.fromkeys(found))
            if len(keys) > _MOST_KEYS:
                raise FileRefused(f"the objects of the file have more than {_MOST_KEYS:,} different keys")
        if not keys:
            raise FileRefused("no line of the file is a JSON object; write one object on each line, in UTF-8")
        self._keys = tuple(keys)
        self.header = Row(0, 0, (*self._keys, UNREAD))

    def rows(self) -> Iterator[Row]:
        """Give its lines as rows; the number of each is that of its line."""
        several = [self._takes_several(key) for key in self._keys]
        empty = ("",) * len(self._keys)
        for number, line in self._read():
            found = _understand(line)
            if found is None:
                yield Row(number, number, (*empty, ""))
                continue
            if isinstance(found, str):
                text = line.decode("utf-8", errors="replace").strip()
                yield Row(number, number, (*empty, text), problems=(Problem("", found),))
                continue
            cells: list[str] = []
            problems: list[Problem] = []
            for key, is_list in zip(self._keys, several, strict=True):
                cell, reason = _cell(found.get(key), is_list, key)
                cells.append(cell)
                if reason:
                    problems.append(Problem(key, reason))
            # Kept whole: corrected in its cells, or as a line.
            whole = line.decode().strip() if problems else ""
            yield Row(number, number, (*cells, whole), problems=tuple(problems))

    def _read(self) -> Iterator[tuple[int, bytes]]:
        with readable(), self._content.open() as file:
            number = 0
            while line := file.readline(_LONGEST + 1):
                number += 1
                if len(line) > _LONGEST:
                    raise FileRefused(f"line {number} is longer than {_LONGEST // MEGABYTE} MB")
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _understand(line: bytes) -> dict[str, Any] | str | None:
    """Return the object on a line, what is wrong with the line, or None where it is blank."""
    if not line.strip():
        return None
    try:
        found = json.loads(line.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        if b"\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()  # an escape may be half of a character
    except UnicodeDecodeError:
        return "the line is not UTF-8"
    except UnicodeEncodeError:
        return "the line has half of a character (an escape \\ud800 to \\udfff alone)"
    except _KeyTwiceError:
        return "a key stands twice in an object of the line"
    except (ValueError, RecursionError):
        return "the line is not JSON"
    return found if isinstance(found, dict) else "the line is not a JSON object"


class _KeyTwiceError(ValueError):
    """Two values for one key: one of them would be lost."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _KeyTwiceError
    return found


def _no_number(_name: str) -> float:
    raise ValueError("no number of JSON")


def _cell(value: Any, is_list: bool, key: str) -> tuple[str, str | None]:
    """Return a value as a cell, and what is wrong with it."""
    match value:
        case None:
            return "", None
        case str():
            return (join_values([value]) if is_list and ("|" in value or "\\" in value) else value), None
        case bool():
            return yes_no(value), None
        case int() | float():
            return as_text(value), None
        case list():
            if not all(isinstance(part, (str, int, float)) and not isinstance(part, bool) for part in value):
                return json.dumps(value, ensure_ascii=False), "a list may hold texts and numbers only"
            if not is_list:
                return json.dumps(value, ensure_ascii=False), "takes one value, not a list"
            return join_values(map(as_text, value)), None
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return text, None if key == PFIF else "takes a text, not an object"

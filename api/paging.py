"""How is a list cut into pages? `after` and `next` as signed cursors, the `Link` header, moments in the address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.cursors import MAX_CHARACTERS, Filters
from api.dependencies import Caller, Services

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def read_moment(text: object) -> datetime | None:
    """Return a moment as RFC 3339 writes it. One that lies ahead is accepted: nothing is newer, the list is empty."""
    if text is None or isinstance(text, datetime):
        return text
    try:
        if not isinstance(text, str) or not _MOMENT.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "moment", "is no moment with its time zone, such as 2026-11-01T09:30:00Z (in an address write + as %2B)"
        ) from None


Since = Annotated[
    datetime | None,
    BeforeValidator(read_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date-time", "pattern": _MOMENT.pattern, "maxLength": 40},
                   {"type": "null"}]}
    ),
]  # fmt: skip
After = Annotated[
    str | None,
    Query(max_length=MAX_CHARACTERS, description="`next` of the page before; keep the filters as they were"),
]


@dataclass(frozen=True, slots=True)
class Pages:
    """One request for a page."""

    request: Request
    response: Response
    caller: Caller
    services: Services

    def begins_after(self, name: str, filters: Filters, cursor: str | None) -> str | None:
        """Return the id after which the page begins; None: at the beginning.

        Raises:
            InvalidRecord: the cursor is none of this list with these filters.
        """
        return self.services.cursors.open(name, self.caller.partner_id, filters, cursor)

    def next(self, name: str, filters: Filters, last_id: str | None) -> str | None:
        """Return the cursor of the next page and announce it in the `Link` header; None where there is no more.

        Args:
            last_id: of this page, where there are more.
        """
        if last_id is None:
            return None
        cursor = self.services.cursors.seal(name, self.caller.partner_id, filters, last_id)
        kept = [pair for pair in self.request.query_params.multi_items() if pair[0] != "after"]
        address = f"{self.request.url.path}?{urlencode([*kept, ('after', cursor)])}"
        self.response.headers["Link"] = f'<{address}>; rel="next"'
        return cursor


def get_pages(request: Request, response: Response, caller: Caller, services: Services) -> Pages:
    """Return how this request is cut into pages."""
    return Pages(request, response, caller, services)


PageOf = Annotated[Pages, Depends(get_pages)]

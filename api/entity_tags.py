"""Is it still what the caller has read? Strong ETags of what was answered, and the version a change starts from.

A case's tag is `"3-9f2c…"`: the version of its content, then a keyed hash of the whole answer. `If-None-Match` compares
all of it. `If-Match` compares the version alone: it is what a change would overwrite, and a photo that was read
meanwhile in the background must not stand in a caseworker's way.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

from matcher.errors import InvalidRecord, SandhanError

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')
_OURS = re.compile(r"([0-9]{1,9})(?:-[0-9a-f]{24})?")
NO_VERSION = 0
"""A version that nothing ever has: what it is expected of has always been changed meanwhile."""


class PreconditionFailed(SandhanError):
    """It is no longer what `If-Match` says; nothing was changed."""

    code = "precondition_failed"

    def __init__(self) -> None:
        super().__init__("it was changed since you read it; read it again, then decide")


@dataclass(frozen=True, slots=True)
class EntityTags:
    """Makes tags.

    Args:
        key: the service's own: a plain hash in a proxy's log would let somebody try names out.
    """

    key: bytes = field(repr=False)

    def of(self, content: bytes, version: int | None = None) -> str:
        """Return the strong tag of an answer.

        Args:
            content: the answer as it is sent.
            version: of what a change would replace.
        """
        digest = hmac.digest(self.key, b"etag\0" + content, "sha256")[:12].hex()
        return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Tell whether the caller has this answer already (weak comparison, RFC 9110 13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag.strip('"') in _TAG.findall(if_none_match)


def expected_tag(if_match: str | None) -> str | None:
    """Return the one tag that a change depends on, without its quotes; None when it depends on none.

    Raises:
        InvalidRecord: it is no ETag. To pass it over would overwrite what the caller wanted to keep.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    given = if_match.strip()
    found = _TAG.fullmatch(given)
    if found is None and not _OURS.fullmatch(given):
        raise InvalidRecord("If-Match", "is not one ETag; send it back as you read it")
    return found[1] if found else given


def expected_version(if_match: str | None) -> int | None:
    """Return the version that a change starts from; None when it depends on none, `NO_VERSION` for a foreign tag.

    Raises:
        InvalidRecord: it is no ETag.
    """
    tag = expected_tag(if_match)
    if tag is None:
        return None
    ours = _OURS.fullmatch(tag)
    return int(ours[1]) if ours else NO_VERSION

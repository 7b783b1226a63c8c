"""What may be said of a partner? One rule for each field, the same when it registers and when it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from api.alerts.deadlines import check_deadlines
from api.alerts.errors import InvalidNotice
from api.alerts.messages import check_address
from api.alerts.quiet import check_quiet
from api.alerts.targets import parse_url
from api.partners.office_hours import Hours, check_hours, check_zone
from matcher.errors import InvalidRecord
from matcher.names.one_line import is_one_line
from matcher.person import Place
from matcher.places import Gazetteer

PARTNER_KINDS = ("shelter", "ahtu", "ngo", "police", "nodal", "coordination", "focal_point", "cwc", "operator")
CHANNELS = ("webhook", "email", "inbox")


class Changes(TypedDict, total=False):
    """What is said anew of a partner; what is left out stays as it is.

    None takes away what may be missing (residency, time_zone, office_hours, channels, email, webhook_url, deadlines,
    quiet).
    """

    name: str
    country: str
    language: str
    areas: Sequence[str]
    active: bool
    residency: str | None
    time_zone: str | None
    office_hours: Hours | None
    channels: Sequence[str] | None
    email: str | None
    webhook_url: str | None
    deadlines: Mapping[str, Mapping[str, int]] | None
    quiet: Mapping[str, Any] | None


class PartnerRules:
    """The rules of a deployment.

    Args:
        allow_private_targets: permit webhooks to private addresses.
        country: ISO 3166-1 alpha-2, where this deployment keeps its records; empty when nobody has said.
    """

    def __init__(self, *, allow_private_targets: bool, country: str) -> None:
        self._allow_private, self._country = allow_private_targets, country

    def checked(self, said: Changes) -> dict[str, Any]:
        """Return what is said of a partner as it is kept.

        Raises:
            InvalidRecord: a field breaks its rule.
            TargetRefused: the webhook's address does.
        """
        kept: dict[str, Any] = dict(said)
        if "name" in said and not is_one_line(said["name"]):
            # It stands in alerts, which refuse it; a match of this partner could then never be stored.
            raise InvalidRecord("name", "holds a line break or another character that cannot be printed")
        if "country" in said:
            _check_country("country", said["country"])
        if (residency := said.get("residency")) is not None:
            _check_country("residency", residency)
        self.check_residency(residency)
        if (zone := said.get("time_zone")) is not None:
            check_zone(zone)
        if (hours := said.get("office_hours")) is not None:
            kept["office_hours"] = check_hours(hours)
        if (email := said.get("email")) is not None:
            try:
                check_address("email", email)
            except InvalidNotice as problem:
                raise InvalidRecord("email", problem.reason) from None
        if (url := said.get("webhook_url")) is not None:
            parse_url(url, allow_private=self._allow_private)
        if "areas" in said:
            kept["areas"] = sorted({resolve_area(area) for area in said["areas"]})
        if (channels := said.get("channels")) is not None:
            kept["channels"] = _checked_channels(channels)
        if (deadlines := said.get("deadlines")) is not None:
            kept["deadlines"] = check_deadlines(deadlines)
        if (quiet := said.get("quiet")) is not None:
            kept["quiet"] = check_quiet(quiet)
        return kept

    def check_residency(self, residency: str | None) -> None:
        """Refuse a partner whose records must be kept in another country than this deployment keeps them in.

        Raises:
            InvalidRecord: they must.
        """
        if residency is not None and self._country and residency != self._country:
            raise InvalidRecord(
                "residency", f"demands another country: this deployment keeps its records in {self._country}"
            )


def check_whole(partner: Mapping[str, Any], changed: frozenset[str]) -> None:
    """Refuse what fits each by itself and not together.

    Args:
        partner: every field of `Changes`, as it would be kept.
        changed: those that are said now; what stood before is not held against somebody who changes something else.
    Raises:
        InvalidRecord: hours without a time zone, or a channel without its contact.
    """
    if changed & {"office_hours", "time_zone"} and partner["office_hours"] is not None and not partner["time_zone"]:
        raise InvalidRecord("time_zone", "is needed where there are office hours")
    if changed & {"channels", "email", "webhook_url"}:
        contacts = {"webhook": partner["webhook_url"], "email": partner["email"], "inbox": True}
        for channel in partner["channels"] or ():
            if not contacts[channel]:
                raise InvalidRecord("channels", f"names {channel}, and there is no address for it")


def resolve_area(text: str, field: str = "areas") -> str:
    """Return the gazetteer path of an area given as a path or as names, widest first ("India, Assam, Dhubri").

    Args:
        field: named when there is no such area.
    Raises:
        InvalidRecord: there is no such area.
    """
    gazetteer = Gazetteer.load()
    if text in gazetteer.entries:
        return text
    parts = [part.strip() for part in text.split(",")] + [None] * 4
    path = gazetteer.resolve(Place(*parts[:4])).path
    given = sum(part is not None for part in parts)
    if not path or path.count("/") != given - 1:
        raise InvalidRecord(field, "names an area that the gazetteer does not know; write e.g. IN/AS or India, Assam")
    return path


def _check_country(field: str, country: str) -> None:
    if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        raise InvalidRecord(field, "is not two capital letters, such as IN (ISO 3166-1)")


def _checked_channels(channels: Sequence[str]) -> list[str]:
    if not channels or len(set(channels)) < len(channels) or not set(channels) <= set(CHANNELS):
        raise InvalidRecord("channels", "must be one or more of " + ", ".join(CHANNELS) + ", each once")
    return list(channels)

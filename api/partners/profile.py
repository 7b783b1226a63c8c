"""Who may change what of a partner? Operators everything but its kind, its own administrators how it is reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from api.access import AccessScope, NotFound, Permission
from api.alerts.webhook import new_webhook_secret
from api.entity_tags import PreconditionFailed
from api.ids import Clock, RandomBytes
from api.partners.beginning import sharing_begins
from api.partners.rules import Changes, PartnerRules, check_whole
from api.store import Connection, Database, audit, partners, untold
from api.store.partners import Partner
from matcher.errors import InvalidRecord

ITS_OWN: Final = frozenset({"language", "time_zone", "office_hours", "channels", "email", "webhook_url", "quiet"})
"""What a partner's own administrators may change."""
_CONTACTS: Final = frozenset({"email", "webhook_url"})


@dataclass(frozen=True, slots=True)
class ChangedPartner:
    """A partner as it is now; a new webhook secret is shown this once."""

    partner: Partner
    webhook_secret: str | None = field(repr=False)


def manages(partner_id: str, scope: AccessScope) -> bool:
    """Tell whether the caller may see how a partner is reached, and change it."""
    own = scope.partner_id == partner_id and Permission.PEOPLE_MANAGE in scope.permissions
    return own or Permission.PARTNERS_WRITE in scope.permissions


class ProfileService:
    """Changes partners."""

    def __init__(
        self, database: Database, rules: PartnerRules, clock: Clock, random_bytes: RandomBytes,
        on_left: Callable[[], object],
    ) -> None:  # fmt: skip
        self._database, self._rules, self._clock, self._random = database, rules, clock, random_bytes
        self._on_left = on_left

    def change(
        self,
        partner_id: str,
        said: Changes,
        scope: AccessScope,
        *,
        rotate_secret: bool = False,
        is_expected: Callable[[Partner], bool] = lambda _: True,
    ) -> ChangedPartner:
        """Change what is known of a partner; one that takes part no longer is shut out by the same transaction.

        Args:
            rotate_secret: make a new webhook secret; messages carry signatures by it and by the one before, until the
                next rotation. A new address gets a new secret, and the one before is forgotten.
            is_expected: tells whether the partner is still what the caller has read.
        Raises:
            NotPermitted: the caller may not change this.
            NotFound: there is no such partner.
            InvalidRecord: a field breaks its rule.
            TargetRefused: the webhook's address does.
            PreconditionFailed: it is not what was expected; nothing was changed.
        """
        if not manages(partner_id, scope) or not said.keys() <= ITS_OWN:
            scope.require(Permission.PARTNERS_WRITE)
        if said.get("active") is False and partner_id == scope.partner_id:
            raise InvalidRecord(
                "active", "is about your own organisation, which could not undo it; ask another operator"
            )
        kept = self._rules.checked(said)
        with self._database.write() as conn:
            found = partners.get_partner(conn, partner_id)
            if found is None:
                raise NotFound("partner")
            if not is_expected(found):
                raise PreconditionFailed
            before: dict[str, Any] = {name: _kept(getattr(found, name)) for name in Changes.__annotations__}
            values: dict[str, Any] = {
                name: _kept(value) for name, value in kept.items() if _kept(value) != before[name]
            }
            check_whole(before | values, frozenset(values))
            if values.get("active"):
                self._rules.check_residency((before | values)["residency"])
            secret = self._contacts(conn, found, values, rotate_secret)
            columns = {name: value for name, value in values.items() if name not in _CONTACTS | {"areas"}}
            with sharing_begins(conn, [partner_id] if values.get("active") else [], self._clock()):
                changed = partners.change_partner(conn, partner_id, columns, values.get("areas"))
            if "areas" in values:
                untold.note(conn, [partner_id])  # matches were found in what it covers from now on
            self._note(conn, scope, partner_id, values, rotated=secret is not None)
        if values.get("active") is False:
            self._on_left()
        return ChangedPartner(changed, secret)

    def _contacts(self, conn: Connection, found: Partner, values: dict[str, Any], rotate_secret: bool) -> str | None:
        """Store changed contacts; return the webhook secret where there is a new one."""
        if not (values.keys() & _CONTACTS or rotate_secret):
            return None
        url = values.get("webhook_url", found.webhook_url)
        moved = url != found.webhook_url
        if rotate_secret and not url:
            raise InvalidRecord("rotate_secret", "asks for a new secret, and there is no webhook")
        made = new_webhook_secret(self._random) if url and (moved or rotate_secret) else None
        signing = made or (found.webhook_secret if url else None)
        if made and not moved and found.webhook_secret:
            signing = f"{made} {found.webhook_secret.split()[0]}"  # the receiver takes either while it changes over
        email = values.get("email", found.email)
        partners.set_contact(conn, found.id, email=email, webhook_url=url, webhook_secret=signing)
        return made

    def _note(
        self, conn: Connection, scope: AccessScope, partner_id: str, values: dict[str, Any], *, rotated: bool
    ) -> None:
        """Note which fields were changed, and never what they hold."""
        fields = sorted(values.keys() - {"active"}) + (["webhook_secret"] if rotated else [])
        actions: list[tuple[str, dict[str, object]]] = [("partner.changed", {"fields": fields})] if fields else []
        if "active" in values:
            actions.append(("partner.activated" if values["active"] else "partner.deactivated", {}))
        for action, detail in actions:
            audit.append(conn, at=self._clock(), actor=scope.actor_id, action=action, subject=partner_id, detail=detail)


def _kept(value: object) -> object:
    """Return a value in the form that is stored, so that before and after compare."""
    return list(value) if isinstance(value, tuple) else value

"""Who is it that comes with a session's token, and until when? Thirty minutes unused, twelve hours at most."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.access import AccessScope, NotFound, Role
from api.ids import Clock, RandomBytes, new_id, secret_hash
from api.partners.service import Unauthenticated
from api.people.errors import CsrfRefused
from api.people.roles import permissions_of
from api.store import Connection, Database, audit, partners, people
from api.store.people import PersonRow, SessionRow

PREFIX = "ses_"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_NOTED_EVERY = timedelta(minutes=1)  # not every request writes


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened; its token is shown this once.

    Attributes:
        csrf_token: goes with everything that changes something, where the token is a cookie.
        recovery_codes_left: how many are left of the codes that replace the second factor.
        device: token by which this device is known at the next sign-in; empty where none was made.
    """

    token: str = field(repr=False)
    csrf_token: str = field(repr=False)
    expires_at: datetime
    person_id: str
    partner_id: str
    roles: tuple[str, ...]
    recovery_codes_left: int
    device: str = field(default="", repr=False)


class SessionService:
    """Opens, recognises and ends sessions; of a token only its hash is kept."""

    def __init__(self, database: Database, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes

    def open(self, conn: Connection, person: PersonRow, now: datetime) -> SignedIn:
        """Open a session for a person who has proved who he or she is."""
        token = PREFIX + self._random(32).hex()
        people.add_session(
            conn,
            session_id=new_id("session", now, self._random),
            token_hash=secret_hash(token),
            person_id=person.id,
            at=now,
            expires_at=now + LONGEST,
        )
        left = people.recovery_codes_left(conn, person.id)
        return SignedIn(token, csrf_token(token), now + LONGEST, person.id, person.partner_id, person.roles, left)

    def scope_of(self, token: str, *, used: bool = True) -> AccessScope:
        """Return the scope of the person whose session it is, with the roles that he or she has now.

        Args:
            used: count this as a use of the session; False where a person need not be there.

        Raises:
            Unauthenticated: unknown, ended, unused for too long or too old; or the person or the partner left.
        """
        now = self._clock()
        with self._database.read() as conn:
            session, person = self._going(conn, token, now)
            partner = partners.get_partner(conn, person.partner_id)
        if partner is None or not partner.active:
            raise Unauthenticated
        if used and now - session.last_used_at >= _NOTED_EVERY:
            with self._database.write(ordered=False) as conn:
                people.touch_session(conn, session.id, now)
        role = Role(person.roles[0])
        return AccessScope(partner.id, person.id, partner.kind, partner.areas, permissions_of(person.roles), role)

    def end(self, token: str, *, everywhere: bool = False) -> None:
        """End a session, or all of the person's.

        Raises:
            NotFound: what was sent is no session's token.
        """
        if not token.startswith(PREFIX):
            raise NotFound("session")
        now = self._clock()
        with self._database.write() as conn:
            session, person = self._going(conn, token, now)
            if everywhere:
                people.revoke_sessions(conn, person.id, now)
            else:
                people.revoke_session(conn, session.id, now)
            action = "session.ended_everywhere" if everywhere else "session.ended"
            audit.append(conn, at=now, actor=person.id, action=action, subject=person.id)

    @staticmethod
    def check_csrf(token: str, sent: str | None) -> None:
        """Refuse what a foreign page had a browser send: it cannot know the header.

        Raises:
            CsrfRefused: the header is missing or another session's.
        """
        if not hmac.compare_digest(csrf_token(token).encode(), (sent or "").encode()):
            raise CsrfRefused

    @staticmethod
    def _going(conn: Connection, token: str, now: datetime) -> tuple[SessionRow, PersonRow]:
        found = people.find_session(conn, secret_hash(token))
        if found is None:
            raise Unauthenticated
        session, person = found
        over = session.revoked_at is not None or now >= min(session.expires_at, session.last_used_at + IDLE)
        if over or not person.active:
            raise Unauthenticated
        return session, person


def csrf_token(token: str) -> str:
    """Return what pages send along with a session's cookie; the token cannot be told from it."""
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()

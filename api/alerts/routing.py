"""Who is told of a match, by which rule, and what is withheld from each? Nothing is sent or stored here.

    rule ──> whom it reaches ──> told, unless   it takes part no longer
                                                no agreement with the owner of a case that is not its own
                                                no consent in such a case to sharing with its class
                                                an earlier rule tells it already

Owners come first, then the units of the source, then those of the destination. Nobody is told twice: whoever stands on
both sides is told as the side that it owns, else as the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from api.access import RECIPIENT_CLASS, AccessScope
from api.cases.standing import sees_for_its_work
from api.matches.states import MatchState
from api.store import Connection, agreements, consents
from api.store.cases import Case
from api.store.partners import Partner, get_partner, partners_covering
from matcher.model import Grade
from matcher.person import Side


@dataclass(frozen=True, slots=True)
class Rule:
    """Why somebody is told.

    Attributes:
        code: what is kept with the alert.
        side: as whose side it is told.
        kinds: kinds of partners whose area covers the side's place; none for the owner of the side's case.
        least: told from this grade on.
        because: the reason in words.
    """

    code: str
    side: Side
    kinds: tuple[str, ...]
    least: Grade
    because: str


RULES: Final = (
    Rule("owner_missing", Side.MISSING, (), Grade.POSSIBLE, "it took the missing report"),
    Rule("owner_rescued", Side.RESCUED, (), Grade.POSSIBLE, "it keeps the rescued person's record"),
    Rule("source_ahtu", Side.MISSING, ("ahtu",), Grade.PROBABLE, "it is the AHTU where the family lives"),
    Rule("source_partner", Side.MISSING, ("ngo",), Grade.PROBABLE, "it works where the family lives"),
    Rule("destination_ahtu", Side.RESCUED, ("ahtu",), Grade.PROBABLE, "it is the AHTU where she was found"),
    Rule("destination_partner", Side.RESCUED, ("ngo",), Grade.PROBABLE, "it works where she was found"),
    Rule("coordinating_centre", Side.MISSING, ("coordination",), Grade.PROBABLE, "it coordinates the family's area"),
)
"""In this order. The place of the missing side is where the family lives, of the rescued side where she was found.

A centre that coordinates both sides, or the whole country of the source, covers the source too; the centre of the
destination alone is not told. State nodal offices and national focal points are those to whom is escalated what others
leave lying; told of every match, they would be told of too much. A committee's cases are referred to it.
"""
OWNER_RULES: Final = tuple(rule for rule in RULES if rule.code.startswith("owner_"))
SIDE_OF_RULE: Final[Mapping[str, Side]] = {rule.code: rule.side for rule in RULES}
"""Code of a rule, as it is kept with an alert -> as whose side its recipient is told."""
ROUTED_KINDS: Final = tuple(dict.fromkeys(kind for rule in RULES for kind in rule.kinds))
"""Kinds that are told by their area."""
OBSTACLES: Final[Mapping[str, str]] = {
    "inactive": "it takes part no longer",
    "no_agreement": "it has no agreement with the owner of that case",
    "no_consent": "that case's consents do not let its class of recipients be told",
    "not_among_strongest": "that case has stronger possible matches, of which its owner is told",
}
"""Why somebody is not told whom a rule reaches; beside `told_already_as_` with the rule that told it."""
TOLD_ALREADY: Final = "told_already_as_"
WITHHELD: Final[Mapping[str, str]] = {
    "protect_location": "it would tell where a protected person is",
    "not_owner": "the case is another organisation's, and not before the recipient for its own work",
}
"""Why a recipient is not told a field."""
FIELDS: Final = ("your_record_id", "other_organisation", "found_place", "found_date")
"""What may be withheld: the first two of the message, the others of what it leads to."""
BOTH_SIDES: Final = frozenset(Side)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One organisation to be told.

    Attributes:
        partner: whom.
        side: as whose side.
        rule: the code of the rule that makes it a recipient.
        own_case_id: the case of its side, the only record id that a message carries; None unless it owns that case or
            sees it for its own work: another's number would be looked for in vain.
        other_organisation: who holds the other case; None when that would tell where a protected person is.
        withheld: field -> why it is not told it.
    """

    partner: Partner
    side: Side
    rule: str
    own_case_id: str | None
    other_organisation: str | None
    withheld: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotTold:
    """One organisation that a rule reaches and that is not told by it.

    Attributes:
        reason: one of `OBSTACLES`, or `told_already_as_` and a rule.
        of: the side whose case the reason is about; None where it is about none.
    """

    partner: Partner
    side: Side
    rule: str
    reason: str
    of: Side | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """Everybody whom a rule reaches, each hit of a rule in one of the two lists, in the order of the rules."""

    told: list[Recipient]
    not_told: list[NotTold]


def rules_in(state: str) -> tuple[Rule, ...]:
    """Return the rules by which people are told of a match in a state.

    Of a dispute only the owners hear: whoever was told to stop is told to go on when the two agree on that, and is
    spared a second recall where they do not.
    """
    return OWNER_RULES if state == MatchState.DISPUTED else RULES


def route(
    conn: Connection,
    missing: Case,
    rescued: Case,
    grade: str,
    now: datetime,
    *,
    strongest: frozenset[Side] = BOTH_SIDES,
    rules: Sequence[Rule] = RULES,
    judged: frozenset[Side] = BOTH_SIDES,
) -> Routing:
    """Return who is told of a match of two cases.

    Nobody is told of what it may not see: agreement and consent are asked for both cases.

    Args:
        grade: of the match.
        strongest: the sides to whose case this is among its strongest possible matches; matters to that grade only.
        rules: only these.
        judged: the sides whose agreements and consents are asked; fewer only for who may not know of the other's.
    """
    cases = {Side.MISSING: missing, Side.RESCUED: rescued}
    owners = {side: get_partner(conn, case.owner_id) for side, case in cases.items()}
    wanted = [rule for rule in rules if Grade(grade).rank >= rule.least.rank]
    told: dict[str, Recipient] = {}
    not_told: list[NotTold] = []
    for rule, partner in _reached(conn, wanted, cases, owners):
        earlier = told.get(partner.id)
        if earlier is not None:
            not_told.append(NotTold(partner, rule.side, rule.code, TOLD_ALREADY + earlier.rule))
            continue
        if grade == Grade.POSSIBLE and rule.side not in strongest:
            not_told.append(NotTold(partner, rule.side, rule.code, "not_among_strongest", rule.side))
            continue
        own, other = cases[rule.side], cases[_across(rule.side)]
        obstacle = _obstacle(conn, partner, [case for case in (own, other) if case.side in judged], now)
        if obstacle is not None:
            not_told.append(NotTold(partner, rule.side, rule.code, *obstacle))
            continue
        told[partner.id] = _recipient(conn, partner, rule, own, other, owners[_across(rule.side)])
    return Routing(list(told.values()), not_told)


def _reached(
    conn: Connection, rules: Sequence[Rule], cases: Mapping[Side, Case], owners: Mapping[Side, Partner | None]
) -> Iterator[tuple[Rule, Partner]]:
    """Give whom each rule reaches, also those who take part no longer."""
    places = {Side.MISSING: cases[Side.MISSING].origin_area, Side.RESCUED: cases[Side.RESCUED].event_area}
    units: dict[Side, list[Partner]] = {}
    for side, area in places.items():
        kinds = [kind for rule in rules for kind in rule.kinds if rule.side == side]
        units[side] = partners_covering(conn, area, kinds, active_only=False) if area and kinds else []
    for rule in rules:
        owner = owners[rule.side]
        if not rule.kinds and owner is not None:
            yield rule, owner
        for partner in units[rule.side]:
            if partner.kind in rule.kinds:
                yield rule, partner


def _obstacle(
    conn: Connection, partner: Partner, judged: Sequence[Case], now: datetime
) -> tuple[str, Side | None] | None:
    """Return why a partner may not be told, and by whose case; None where it may."""
    if not partner.active:
        return "inactive", None
    for case in judged:
        if case.owner_id == partner.id:
            continue
        if not agreements.agreed(conn, case.owner_id, partner.id, now):
            return "no_agreement", Side(case.side)
        if not consents.permitted(conn, case.id, "sharing", RECIPIENT_CLASS[partner.kind]):
            return "no_consent", Side(case.side)
    return None


def _recipient(
    conn: Connection, partner: Partner, rule: Rule, own: Case, other: Case, holder: Partner | None
) -> Recipient:
    withheld: dict[str, str] = {}
    if not (own.owner_id == partner.id or sees_for_its_work(conn, own, _as_caller(partner))):
        withheld["your_record_id"] = "not_owner"
    if other.protect_location and other.owner_id != partner.id:
        withheld["other_organisation"] = "protect_location"
    rescued = own if own.side == Side.RESCUED else other
    if rescued.protect_location and rescued.owner_id != partner.id:
        withheld |= dict.fromkeys(("found_place", "found_date"), "protect_location")
    return Recipient(
        partner,
        rule.side,
        rule.code,
        None if "your_record_id" in withheld else own.id,
        None if holder is None or "other_organisation" in withheld else holder.name,
        withheld,
    )


def _as_caller(partner: Partner) -> AccessScope:
    return AccessScope(partner.id, partner.id, partner.kind, partner.areas, frozenset())


def _across(side: Side) -> Side:
    return Side.RESCUED if side is Side.MISSING else Side.MISSING

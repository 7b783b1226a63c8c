"""To whom does an authorisation let something be published? To partners by name, or to kinds of them in areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from api.store.partners import Partner


@dataclass(frozen=True, slots=True)
class PublicationScope:
    """Whom an authority named.

    Attributes:
        partners: ids of partners.
        kinds: kinds of partners; with areas, only those that are responsible there.
        areas: paths; without kinds, every partner that is responsible there.
    """

    partners: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nobody is named: an order that names nobody is not an order to publish to everybody."""
        return not (self.partners or self.kinds or self.areas)

    def covers(self, partner: Partner) -> bool:
        """Tell whether something may be published to a partner."""
        if partner.id in self.partners:
            return True
        if not (self.kinds or self.areas):
            return False
        of_kind = not self.kinds or partner.kind in self.kinds
        return of_kind and (not self.areas or any(_meet(area, own) for area in self.areas for own in partner.areas))

    def kept(self) -> dict[str, list[str]]:
        """Return the scope as it is stored."""
        return {"partners": list(self.partners), "kinds": list(self.kinds), "areas": list(self.areas)}

    @classmethod
    def read(cls, kept: dict[str, list[str]]) -> Self:
        """Return a scope that was stored."""
        return cls(tuple(kept["partners"]), tuple(kept["kinds"]), tuple(kept["areas"]))


def _meet(one: str, other: str) -> bool:
    """Tell whether two areas are the same, or one lies in the other."""
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")

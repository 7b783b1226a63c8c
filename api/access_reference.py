"""Which role sees which field of a case, and when? The table of the documentation, made of what the code decides by.

    python -m api.access_reference          writes docs/reference/access.md anew

A test holds the page against this text, and walks every door with every role and relation against these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from api.access import PERMISSIONS, VIEWS, Permission, Relation, Role, View
from api.cases.forms import OWNER_ONLY, CaseForm
from api.cases.views import PAPERS_OF_HER_OWN, TELLS_WHERE, CaseView, MaskedCaseView, OutlineCaseView, OwnOutline

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "access.md"
NEVER_STORED: Final = frozenset({"side", "external_id", "consents"})
"""Fields of the form that are no part of what is kept as entered."""
ENTERED: Final = tuple(name for name in CaseForm.model_fields if name not in NEVER_STORED)

HIDDEN_FROM_OTHERS: Final = frozenset({"external_id", "expires_at", "closed_for"})
"""Of a case that was opened to another partner: its owner's own business."""
HIDDEN_PLACE: Final = frozenset({"owner_id", "event_area"})
"""Of a protected rescued person's case: what would tell where she is."""

SHOWN: Final[Mapping[View, frozenset[str]]] = {
    View.FULL: frozenset(CaseView.model_fields),
    View.DISCLOSED: frozenset(CaseView.model_fields) - HIDDEN_FROM_OTHERS,
    View.MASKED: frozenset(MaskedCaseView.model_fields),
    View.OUTLINE: frozenset(OutlineCaseView.model_fields),
    View.NOTHING: frozenset(),
}
"""What of a case each view holds; `fields` stands for `entered_fields`."""

_WHAT: Final[Mapping[Relation, str]] = {
    Relation.OWNER: "the case is its organisation's",
    Relation.POLICE: "a missing report, and the unit's area is where the family lives",
    Relation.DISCLOSED: "it asked with a purpose and the owner accepted, or the case was referred to it",
    Relation.PARTY: "owner of the other side of a possible match, or alerted to it",
    Relation.STRANGER: "everybody else; also whoever has no agreement with the owner, or whom consent leaves out",
}


def entered_fields(view: View, *, protected: bool) -> frozenset[str]:
    """Return which of the fields that were entered a view shows.

    Args:
        protected: a rescued person whose location is protected.
    """
    if view is View.FULL:
        return frozenset(ENTERED)
    if view is View.DISCLOSED:
        return frozenset(ENTERED) - frozenset(OWNER_ONLY) - (TELLS_WHERE if protected else frozenset())
    return frozenset()


def sees(role: Role, relation: Relation) -> View:
    """Return how much of a case somebody of a role sees, being what he is to it."""
    permissions = PERMISSIONS[role]
    if Permission.CASES_READ not in permissions:
        return View.NOTHING
    names, no_names = VIEWS[relation]
    return names if Permission.NAMES_READ in permissions else no_names


def access_page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Who sees what of a case",
        "",
        "This page is written by `python -m api.access_reference` from what the code decides by.",
        "",
        "A match is shown with its grade, the reasons (which fields agree, never a value) and both cases, each as far",
        "as the reader may see it. Whatever is not shown looks as if it did not exist.",
        "",
        "## Which view",
        "",
        "| role | " + " | ".join(relation.value for relation in Relation) + " |",
        "|---|" + "---|" * len(Relation),
    ]
    lines += [
        f"| {role.value} | " + " | ".join(_word(sees(role, relation)) for relation in Relation) + " |" for role in Role
    ]
    lines += ["", *(f"- **{relation.value}**: {text}." for relation, text in _WHAT.items())]
    lines += [
        "",
        "An API key has the role client unless it is given more; without `names:read` it sees an outline at most.",
        "",
        "## Which fields",
        "",
        "| of the case | full | disclosed | masked | outline |",
        "|---|---|---|---|---|",
    ]
    views = (View.FULL, View.DISCLOSED, View.MASKED, View.OUTLINE)
    own = ", ".join(f"`{name}`" for name in OwnOutline.model_fields)
    names = dict.fromkeys(name for view in views for name in _ordered(view))
    for name in names:
        lines.append(f"| `{name}` | " + " | ".join(_mark(name, view) for view in views) + " |")
    lines += [
        "",
        f"`own` of an outline (the organisation's own case only): {own}.",
        "",
        "| of what was entered (`fields`) | full | disclosed | masked | outline |",
        "|---|---|---|---|---|",
    ]
    for name in ENTERED:
        disclosed = "yes" if name in entered_fields(View.DISCLOSED, protected=True) else "unless protected"
        disclosed = "her own papers, if protected" if name == "identifier" else disclosed
        disclosed = disclosed if name in entered_fields(View.DISCLOSED, protected=False) else ""
        lines.append(f"| `{name}` | yes | {disclosed} |  |  |")
    lines += [
        "",
        "*Unless protected*: not of a rescued person whose location is protected (`protect_location`). Photos go to",
        "the owner and to whoever the case was opened to (disclosed), never by jurisdiction alone, and only with",
        "`names:read`. What a PFIF feed brought along and the case keeps (`pfif`) is the owner's alone.",
        "",
        "*Her own papers, if protected*: of a protected person's identifiers, others see the types "
        + ", ".join(f"`{kind}`" for kind in sorted(PAPERS_OF_HER_OWN)),
        "only: the number of an FIR, an order or a shelter tells the place. And a protected person is compared as of",
        "the day of entry, not of finding ([who may know](../decisions/0021-who-may-know.md)).",
        "",
    ]
    return "\n".join(lines)


def _ordered(view: View) -> tuple[str, ...]:
    models: dict[View, type[BaseModel]] = {
        View.FULL: CaseView,
        View.DISCLOSED: CaseView,
        View.MASKED: MaskedCaseView,
        View.OUTLINE: OutlineCaseView,
    }
    return tuple(name for name in models[view].model_fields if name in SHOWN[view])


def _mark(name: str, view: View) -> str:
    if name not in SHOWN[view]:
        return ""
    return "unless protected" if view is View.DISCLOSED and name in HIDDEN_PLACE else "yes"


def _word(view: View) -> str:
    return "" if view is View.NOTHING else view.value


if __name__ == "__main__":
    PAGE.write_text(access_page(), encoding="utf-8")

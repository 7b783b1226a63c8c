"""Which step of a match leads where, whose is it, and what does it need? The page of the documentation, from the code.

    python -m api.workflow_reference          writes docs/reference/matches.md anew

A test holds the page against this text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from api.matches.guards import GUARD_WORDS, When
from api.matches.states import FOUND, LIVING, SAYS, MatchState
from api.matches.workflow import TRANSITIONS, Transition

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "matches.md"
_OPEN: Final = "open"
_HEAD: Final = """# How a match moves

This page is written by `python -m api.workflow_reference` from the table that the code decides by
(`api/matches/workflow.py`). The engine makes suggestions and nothing else; every later step is a person's, with a time
and a reason. How a match is worked, with every request: [the guide](../guides/matches.md).

"""
_UNDOING: Final = """Every state that a person's step has led to can be left again by `undo`, to the state before; a
superseded match comes back to the state that it had. Neither is drawn.

"""


def diagram() -> str:
    """Return the table as a Mermaid state diagram; what leads to the state before is left out."""
    drawn: dict[tuple[str, MatchState], list[str]] = {}
    for step in TRANSITIONS:
        if step.target is not None:
            same = {other.source for other in TRANSITIONS if (other.action, other.target) == (step.action, step.target)}
            source = _OPEN if step.source in LIVING and same.issuperset(LIVING) else str(step.source)
            words = drawn.setdefault((source, step.target), [])
            words += [step.action] if step.action not in words else []
    arrows = {ends: f"{ends[0]} --> {ends[1]}: {', '.join(words)}" for ends, words in drawn.items()}
    inside = [f"        {line}" for (source, target), line in arrows.items() if {source, target} <= set(LIVING)]
    outside = [f"    {line}" for (source, target), line in arrows.items() if not {source, target} <= set(LIVING)]
    ends = (MatchState.CLOSED, MatchState.EXPIRED)
    lines = [
        "stateDiagram-v2",
        f"    state {_OPEN} {{",
        *inside,
        "    }",
        f"    [*] --> {MatchState.SUGGESTED}: the engine",
    ]
    return "\n".join([*lines, *outside, *(f"    {state} --> [*]" for state in ends)])


def page() -> str:
    """Return the page as Markdown."""
    lines = [_HEAD + "```mermaid", diagram(), "```", "", _UNDOING + "## Every step", ""]
    lines += ["| from | step | to | who | needs |", "|---|---|---|---|---|"]
    lines += list(_rows())
    lines += [
        "",
        "Of several rows of one step, the first whose condition holds counts.",
        "",
        "## What a step needs",
        "",
    ]
    lines += ["| | |", "|---|---|"]
    lines += [f"| `{guard}` | {words} |" for guard, words in GUARD_WORDS.items()]
    lines += ["", "`errors` of the problem `decision_needs` names what is missing.", "", "## What a side says", ""]
    lines += [f"- `{action}`: `{says}`" for action, says in SAYS.items()]
    lines += [
        "- `settle`, `dispute`: what `disposition` says",
        "",
        "## Who hears",
        "",
        f"- New evidence raises alerts in {_listed(LIVING)}.",
        f"- In {_listed(FOUND)} evidence is stored, and nobody is alerted.",
        "- What is rejected, withdrawn, expired or superseded holds back every message that has not gone out.",
        "",
    ]
    return "\n".join(lines)


def _rows() -> Iterator[str]:
    """Give the rows of the table; those that differ in nothing but where they begin are one."""
    groups: dict[Transition, list[MatchState]] = {}
    for step in TRANSITIONS:
        groups.setdefault(replace(step, source=MatchState.SUGGESTED), []).append(step.source)
    for step, sources in groups.items():
        target = "the state before" if step.target is None else f"`{step.target}`"
        when = "" if step.when is When.ALWAYS else f", when {step.when}"
        needs = ", ".join(f"`{guard}`" for guard in step.needs)
        yield f"| {_listed(sources)} | `{step.action}` | {target}{when} | {step.who.value} | {needs} |"


def _listed(states: Iterable[MatchState]) -> str:
    return ", ".join(f"`{state}`" for state in states)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

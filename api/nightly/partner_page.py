"""How does a partner read what the nights came to? One page with plots, and a list of what waits for its word."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

from api.ids import Clock
from api.nightly.partner_report import GRADES, SOON, PartnerReport, partner_report
from api.nightly.plots import bars, page, stacked, table, words
from api.store import Database, audit, partners, runs
from api.store.matches import ANNOUNCED
from api.store.partner_figures import UndecidedMatch
from indexing.durable import replace_file

MOST_LISTED: Final = 50
_SIDES: Final = {"missing": "missing reports", "rescued": "rescued persons", "suspect": "suspects"}
_NOT_SEARCHED: Final = {
    "waiting": "wait to be compared",
    "consent_withdrawn": "closed: consent to matching withdrawn",
    "time_over": "their time is over; they are being erased",
    "time_over_soon": f"their time is over within {SOON.days} days",
    "photos_withheld": "photos kept and not compared: no consent",
}
_STATES: Final = {
    "suggested": "suggested",
    "triage": "taken up",
    "needs_information": "needs information",
    "confirmed_by_one": "confirmed by one side",
    "disputed": "disputed",
}
_WORDS: Final = {
    "Match": "a missing report and a rescued person who may be one person. The engine suggests it; people decide.",
    "Possible, probable, certain": "how strong the evidence is. No grade is a proof. Alerts are sent from probable on.",
    "New": "found for the first time.",
    "Risen": "the evidence has become clearly stronger since you were last told, or a rejected match suggested anew.",
    "Fallen": "the evidence has become clearly weaker; nobody is alerted.",
    "Night by night": "new and risen matches of your cases, from the end of one run to the end of the next: also those "
    "found the moment a case came in.",
    "Open alert": "one that nobody of yours has acknowledged. Late: it should have been by now.",
    "Not decided": "at least one side has yet to say what it makes of the match.",
}
_BODY: Final = """<h1>{name}</h1>
<p>{summary}</p>
<p><strong>{result}</strong> A match is a suggestion. People decide.</p>
<div class="plots">
{sections}
</div>
{undecided}
{words}"""


def render_partner_html(report: PartnerReport, partner_name: str) -> str:
    """Return the page.

    Args:
        partner_name: of the partner whose report it is.
    """
    late = f", {report.late:,} of them late" if report.late else ""
    body = _BODY.format(
        name=escape(partner_name),
        summary=escape(f"Your cases and alerts, {report.as_of:%Y-%m-%d %H:%M} UTC, after run {report.run_id}."),
        result=escape(
            f"{_several(len(report.undecided), 'match', 'matches')} not decided, "
            f"{_several(len(report.open_alerts), 'open alert', 'open alerts')}{late}."
        ),
        sections="\n".join(_sections(report)),
        undecided=_undecided(report),
        words=words(_WORDS),
    )
    return page(f"Cross-match {report.run_id}", body)


def write_partner_reports(database: Database, run_id: str, folder: Path, clock: Clock, public_url: str) -> list[Path]:
    """Write `crossmatch-<run id>-<partner id>.csv` and `.html` for every active partner; return the pages' paths.

    That a report was made is in the audit log under the partner's id.

    Raises:
        OSError: a file could not be written; those before it are whole.
    """
    now = clock()
    with database.read() as conn:
        run = runs.get_run(conn, run_id)
        known = [partner for partner in partners.list_partners(conn, active_only=True) if partner.kind != "operator"]
    if run is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for partner in known:
        with database.write() as conn:
            report = partner_report(conn, run, partner.id, now, public_url)
            audit.append(
                conn, at=now, actor="command-line", action="report.written", subject=partner.id,
                detail={"run": run.id, "matches": len(report.undecided)},
            )  # fmt: skip
        for suffix, text in (("csv", report.to_csv()), ("html", render_partner_html(report, partner.name))):
            path = folder / f"crossmatch-{run.id}-{partner.id}.{suffix}"
            _write(path, text.encode())
        pages.append(path)
    return pages


def _sections(report: PartnerReport) -> list[str]:
    alerts = {
        "sent by this run": report.alerted,
        "sent since the run before": report.since["sent"],
        "acknowledged since the run before": report.since["acknowledged"],
        "open": len(report.open_alerts),
        "late": report.late,
    }
    return [
        table("Open cases", {_SIDES[side]: f"{count:,}" for side, count in report.open_cases.items()}),
        table("Not searched", {_NOT_SEARCHED[why]: f"{count:,}" for why, count in report.not_searched.items()}),
        stacked(
            "Your matches in this run",
            [_row(kind, {grade: report.found[kind, grade] for grade in _grades(kind)}) for kind in ANNOUNCED],
        ),
        stacked(
            "Night by night",
            [
                _row(f"{past.finished_at:%d %b}", {grade: past.found[grade] for grade in GRADES})
                for past in report.history
            ],
        ),
        table("Alerts to you", {name: f"{count:,}" for name, count in alerts.items()}),
        bars(
            "Age of open alerts",
            [
                (name, count, f"{count:,}" + (f" ({late:,} late)" if late else ""))
                for name, (count, late) in report.ages().items()
            ],
        ),
    ]


def _grades(kind: str) -> tuple[str, ...]:
    return (*GRADES, "certainly-not") if kind == "fallen" else GRADES


def _row(name: str, parts: dict[str, int]) -> tuple[str, dict[str, int], str]:
    """Return a bar with its parts, and the parts that are not nought in words."""
    told = ", ".join(f"{count:,} {grade.replace('-', ' ')}" for grade, count in parts.items() if count)
    return name, parts, told or "0"


def _undecided(report: PartnerReport) -> str:
    title = "<h2>Matches not decided</h2>"
    if not report.undecided:
        return f"<section>\n{title}\n<p>None.</p>\n</section>"
    rows = "\n".join(_match(report, match) for match in report.undecided[:MOST_LISTED])
    left = len(report.undecided) - MOST_LISTED
    more = f"<p>{left:,} more are in the table beside this page (CSV).</p>\n" if left > 0 else ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Match", "Grade", "How far", "Your record", "Since"))
    return (
        f'{title}\n<p>Strongest first. Sign in to read them.</p>\n<div class="wide"><table class="list">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n{more}"
    )


def _match(report: PartnerReport, match: UndecidedMatch) -> str:
    link = f'<a href="{escape(report.link(match))}">{escape(match.id)}</a>'
    own = "<br>".join(escape(case_id) for case_id in match.own_ids)
    return (
        f'<tr><td class="id">{link}</td><td>{escape(match.grade)}</td><td>{escape(_STATES[match.state])}</td>'
        f'<td class="id">{own}</td><td>{match.since:%d %b %Y}</td></tr>'
    )


def _several(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _write(path: Path, data: bytes) -> None:
    replace_file(path, lambda sink: sink.write(data))

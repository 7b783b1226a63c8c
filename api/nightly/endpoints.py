"""The doors of the nightly reports: what the last night came to for your organisation, as JSON or as a table."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.dependencies import Caller, Services
from api.nightly.partner_reading import MOST_UNDECIDED
from api.nightly.partner_report import GRADES, PartnerReport
from api.store.matches import ANNOUNCED

router = APIRouter(prefix="/reports", tags=["reports"])
CSV = "text/csv"


class NightView(BaseModel):
    """The matches of your cases that were found from the end of one run to the end of the next."""

    run_id: str
    finished_at: str
    found: dict[str, int] = Field(description="grade -> how many")


class AgeView(BaseModel):
    """How many open alerts are of an age."""

    age: str
    open: int
    late: int


class AlertFigures(BaseModel):
    """What was told to you, and what of it waits."""

    by_this_run: int
    sent: int = Field(description="since the run before")
    acknowledged: int = Field(description="since the run before")
    open: int
    late: int = Field(description="of the open ones: should have been acknowledged by now")
    ages: list[AgeView]


class UndecidedView(BaseModel):
    """A match of your cases that is not decided."""

    match_id: str
    grade: str
    state: str
    your_record_ids: list[str]
    since: str
    link: str


class NightlyReportView(BaseModel):
    """What the last nightly run came to for your organisation: figures, and ids to look up. It names nobody."""

    run_id: str
    as_of: str
    open_cases: dict[str, int] = Field(description="side -> your open cases")
    not_searched: dict[str, int] = Field(description="why -> your cases, or photos, that are not searched")
    matches: dict[str, dict[str, int]] = Field(description="new, risen, fallen -> grade -> matches of your cases")
    alerts: AlertFigures | None = Field(description="null for whoever may not read alerts")
    nights: list[NightView] = Field(description="the last runs, oldest first")
    undecided: list[UndecidedView] = Field(
        description="the strongest of the matches that wait for a word", max_length=MOST_UNDECIDED
    )
    undecided_total: int = Field(description="how many wait, listed or not; `GET /v1/matches` lists all")


@router.get("/nightly")
def read_nightly_report(caller: Caller, services: Services) -> NightlyReportView:
    """Read what the last nightly run came to for your organisation, with the figures as they are now.

    404 until the first run has finished. The same as a table: `/v1/reports/nightly.csv`.
    """
    return report_view(services.nightly_reports.latest(caller))


@router.get("/nightly.csv", response_class=Response, responses={200: {"content": {CSV: {}}}})
def read_nightly_report_as_table(caller: Caller, services: Services) -> Response:
    """Read the same as a table for a spreadsheet: section, name, value."""
    return Response(services.nightly_reports.latest(caller).to_csv(), media_type=CSV)


def report_view(report: PartnerReport) -> NightlyReportView:
    """Return a partner's report as it is shown."""
    all_grades = (*GRADES, "certainly-not")
    return NightlyReportView(
        run_id=report.run_id,
        as_of=report.as_of.isoformat(),
        open_cases=report.open_cases,
        not_searched=report.not_searched,
        matches={kind: {grade: report.found[kind, grade] for grade in all_grades} for kind in ANNOUNCED},
        alerts=_alerts(report),
        nights=[
            NightView(
                run_id=past.id,
                finished_at=past.finished_at.isoformat(),
                found={grade: past.found[grade] for grade in GRADES},
            )
            for past in report.history
        ],
        undecided=[
            UndecidedView(
                match_id=match.id, grade=match.grade, state=match.state, your_record_ids=list(match.own_ids),
                since=match.since.isoformat(), link=report.link(match),
            )
            for match in report.undecided
        ],
        undecided_total=report.undecided_total,
    )  # fmt: skip


def _alerts(report: PartnerReport) -> AlertFigures | None:
    if not report.tells_alerts:
        return None
    return AlertFigures(
        by_this_run=report.alerted,
        sent=report.since["sent"],
        acknowledged=report.since["acknowledged"],
        open=len(report.open_alerts),
        late=report.late,
        ages=[AgeView(age=age, open=count, late=late) for age, (count, late) in report.ages().items()],
    )

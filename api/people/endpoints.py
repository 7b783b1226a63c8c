"""The doors of people: those of one's own organisation, for who manages them; and enrolment, for who was invited."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status

from api.access import Permission
from api.answers import IdempotencyKey, IfMatch, IfNoneMatch, as_answer, once, shown
from api.dependencies import Caller, Services, address_of, admit_stranger
from api.entity_tags import expected_tag
from api.errors import ENROLMENT_RESPONSES, PEOPLE_RESPONSES
from api.idempotency import Answer
from api.paging import After, PageOf
from api.people.forms import (
    ConfirmForm,
    EnrolledView,
    EnrolmentView,
    InvitationView,
    PeoplePage,
    PersonChange,
    PersonForm,
    PersonView,
    TokenForm,
    enrolment_view,
    invitation_view,
    person_view,
)
from api.people.service import NewPerson, Person

router = APIRouter(prefix="/people", tags=["people"])
enrolment_router = APIRouter(prefix="/enrolment", tags=["session"], dependencies=[Depends(admit_stranger)])


@router.get("", responses=PEOPLE_RESPONSES, summary="List the people of your organisation")
def list_people(
    caller: Caller,
    services: Services,
    pages: PageOf,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> PeoplePage:
    """List the people of your organisation, oldest first, those who left too."""
    rows, last = services.people.page(caller, after=pages.begins_after("people", {}, after), limit=limit)
    return PeoplePage(items=[person_view(person) for person in rows], next=pages.next("people", {}, last))


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=InvitationView,
    responses=PEOPLE_RESPONSES,
    summary="Invite a person",
)
def invite_person(
    form: PersonForm, request: Request, caller: Caller, services: Services, idempotency_key: IdempotencyKey = None
) -> Response:
    """Invite a person to act for your organisation.

    Hand the link on by a way that you trust: whoever opens it first within two days sets password and second factor.
    """
    new = NewPerson(form.name, form.email, tuple(form.roles), form.language)

    def work(person_id: str | None) -> Answer:
        view = invitation_view(services.people.invite(new, caller, person_id), services.settings.public_url)
        headers = {"Location": f"/v1/people/{view.person.id}"}
        secrets = ("enrolment_token", "enrolment_link")
        return as_answer(view, status.HTTP_201_CREATED, headers, view.person.id, shown_once=secrets)

    return once(
        request, services, caller, idempotency_key, content=form, kind="person",
        permission=Permission.PEOPLE_MANAGE, work=work,
    )  # fmt: skip


@router.get("/{person_id}", responses=PEOPLE_RESPONSES, summary="Read a person")
def read_person(
    person_id: str, response: Response, caller: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> PersonView:
    """Read a person of your organisation."""
    return shown(person_view(services.people.read(person_id, caller)), response, services, if_none_match)


@router.patch("/{person_id}", responses=PEOPLE_RESPONSES, summary="Change roles, or let a person leave")
def change_person(
    person_id: str,
    form: PersonChange,
    response: Response,
    caller: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> PersonView:
    """Change a person's roles, or whether he or she acts for your organisation. Sessions end.

    The last who can manage people cannot leave, nor give that role up. With `If-Match` and the ETag of the person, a
    change that somebody made meanwhile is not overwritten.
    """
    expected = expected_tag(if_match)

    def is_expected(found: Person) -> bool:
        tag = services.tags.of(person_view(found).model_dump_json().encode())
        return expected is None or f'"{expected}"' == tag

    person = services.people.change(person_id, caller, roles=form.roles, active=form.active, is_expected=is_expected)
    return shown(person_view(person), response, services, None)


@router.post("/{person_id}/reset", responses=PEOPLE_RESPONSES, summary="Have a person enrol anew")
def reset_person(person_id: str, caller: Caller, services: Services) -> InvitationView:
    """Take a person's password, second factor and sessions away and make a link to enrol anew."""
    return invitation_view(services.people.reset(person_id, caller), services.settings.public_url)


@enrolment_router.post("", responses=ENROLMENT_RESPONSES, summary="See what to set up")
def begin_enrolment(form: TokenForm, request: Request, services: Services) -> EnrolmentView:
    """Show the secret of the second factor to whoever holds an invitation; asked again, it is the same."""
    return enrolment_view(services.enrolment.begin(form.token, address_of(request)))


@enrolment_router.post("/confirm", responses=ENROLMENT_RESPONSES, summary="Set password and second factor")
def confirm_enrolment(form: ConfirmForm, request: Request, services: Services) -> EnrolledView:
    """Set the password and prove the second factor; the invitation is used up.

    The recovery codes are shown this once.
    """
    codes = services.enrolment.confirm(form.token, form.password, form.code, address_of(request))
    return EnrolledView(recovery_codes=codes)

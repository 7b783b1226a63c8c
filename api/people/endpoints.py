"""The doors of people: those of one's own organisation, for who manages them; and enrolment, for who was invited."""

from __future__ import annotations

from fastapi import APIRouter, status

from api.dependencies import Caller, Services
from api.errors import ENROLMENT_RESPONSES, PEOPLE_RESPONSES
from api.people.forms import (
    ConfirmForm,
    EnrolledView,
    EnrolmentView,
    InvitationView,
    PeopleList,
    PersonChange,
    PersonForm,
    PersonView,
    TokenForm,
    enrolment_view,
    invitation_view,
    person_view,
)
from api.people.service import NewPerson

router = APIRouter(prefix="/people", tags=["people"])
enrolment_router = APIRouter(prefix="/enrolment", tags=["session"])


@router.get("", responses=PEOPLE_RESPONSES, summary="List the people of your organisation")
def list_people(caller: Caller, services: Services) -> PeopleList:
    """List the people of your organisation, those who left too."""
    return PeopleList(items=[person_view(person) for person in services.people.list(caller)])


@router.post("", status_code=status.HTTP_201_CREATED, responses=PEOPLE_RESPONSES, summary="Invite a person")
def invite_person(form: PersonForm, caller: Caller, services: Services) -> InvitationView:
    """Invite a person to act for your organisation.

    Hand the link on by a way that you trust: whoever opens it first within two days sets password and second factor.
    """
    new = NewPerson(form.name, form.email, tuple(form.roles), form.language)
    return invitation_view(services.people.invite(new, caller), services.settings.public_url)


@router.get("/{person_id}", responses=PEOPLE_RESPONSES, summary="Read a person")
def read_person(person_id: str, caller: Caller, services: Services) -> PersonView:
    """Read a person of your organisation."""
    return person_view(services.people.read(person_id, caller))


@router.patch("/{person_id}", responses=PEOPLE_RESPONSES, summary="Change roles, or let a person leave")
def change_person(person_id: str, form: PersonChange, caller: Caller, services: Services) -> PersonView:
    """Change a person's roles, or whether he or she acts for your organisation. Sessions end.

    The last who can manage people cannot leave, nor give that role up.
    """
    return person_view(services.people.change(person_id, caller, roles=form.roles, active=form.active))


@router.post("/{person_id}/reset", responses=PEOPLE_RESPONSES, summary="Have a person enrol anew")
def reset_person(person_id: str, caller: Caller, services: Services) -> InvitationView:
    """Take a person's password, second factor and sessions away and make a link to enrol anew."""
    return invitation_view(services.people.reset(person_id, caller), services.settings.public_url)


@enrolment_router.post("", responses=ENROLMENT_RESPONSES, summary="See what to set up")
def begin_enrolment(form: TokenForm, services: Services) -> EnrolmentView:
    """Show the secret of the second factor to whoever holds an invitation; asked again, it is the same."""
    return enrolment_view(services.enrolment.begin(form.token))


@enrolment_router.post("/confirm", responses=ENROLMENT_RESPONSES, summary="Set password and second factor")
def confirm_enrolment(form: ConfirmForm, services: Services) -> EnrolledView:
    """Set the password and prove the second factor; the invitation is used up.

    The recovery codes are shown this once.
    """
    return EnrolledView(recovery_codes=services.enrolment.confirm(form.token, form.password, form.code))

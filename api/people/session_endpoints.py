"""The doors of sign-in: with a password, with a code, with an account elsewhere; who am I; out, here and everywhere."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, Query, Request, Response, status
from fastapi.responses import JSONResponse, RedirectResponse

from api.access import NotFound
from api.dependencies import SESSION_COOKIE, Caller, Presented, Services, address_of, admit_stranger
from api.errors import PROVIDER_RESPONSES, SIGN_IN_RESPONSES
from api.people.forms import (
    CallerView,
    CodeForm,
    PasswordForm,
    SessionView,
    SignInForm,
    StepView,
    caller_view,
    session_view,
    step_view,
)
from api.people.sessions import IDLE, LONGEST, SignedIn, csrf_token
from api.people.signing_in import Step
from api.store.devices import KNOWN_FOR

router = APIRouter(prefix="/session", tags=["session"])
_OIDC_COOKIE = "__Host-sandhan-oidc"
_DEVICE_COOKIE = "__Host-sandhan-device"
_ANONYMOUS = [Depends(admit_stranger)]
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": StepView, "description": "The password was right; a code or a second factor is missing"}
}


def _answer(outcome: SignedIn | Step, response: Response, *, cookie: bool) -> SessionView | Response:
    if isinstance(outcome, Step):
        return JSONResponse(step_view(outcome).model_dump(), status_code=status.HTTP_202_ACCEPTED)
    if cookie:
        response.set_cookie(
            SESSION_COOKIE,
            outcome.token,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="strict",
        )
        response.set_cookie(
            _DEVICE_COOKIE,
            outcome.device,
            max_age=int(KNOWN_FOR.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="strict",
        )
    return session_view(outcome, int(IDLE.total_seconds()) // 60, cookie=cookie)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=SessionView,
    responses={**SIGN_IN_RESPONSES, **_ACCEPTED},
    summary="Sign in",
    dependencies=_ANONYMOUS,
)
def sign_in(form: SignInForm, request: Request, response: Response, services: Services) -> SessionView | Response:
    """Sign in with e-mail address and password, and the code of the second factor where there is one.

    201 with a session; or 202 with a token to go on with. After five failures from here an account waits, longer each
    time, and says nothing else than for a wrong password. Send `device` of an earlier sign-in, or its cookie, and what
    others try elsewhere does not lock you out.
    """
    outcome = services.sign_in.with_password(
        form.email, form.password, address_of(request), code=form.code, recovery_code=form.recovery_code,
        device=form.device or request.cookies.get(_DEVICE_COOKIE),
    )  # fmt: skip
    return _answer(outcome, response, cookie=form.cookie)


@router.post(
    "/code",
    status_code=status.HTTP_201_CREATED,
    response_model=SessionView,
    responses={**SIGN_IN_RESPONSES, **_ACCEPTED},
    summary="Send the code of the second factor",
    dependencies=_ANONYMOUS,
)
def send_code(form: CodeForm, request: Request, response: Response, services: Services) -> SessionView | Response:
    """Complete a sign-in with the code that the first step asked for, within five minutes."""
    outcome = services.sign_in.with_code(
        form.token, address_of(request), code=form.code, recovery_code=form.recovery_code,
        device=form.device or request.cookies.get(_DEVICE_COOKIE),
    )  # fmt: skip
    return _answer(outcome, response, cookie=form.cookie)


@router.get("", summary="Who am I?")
def who_am_i(caller: Caller, credential: Presented) -> CallerView:
    """Tell who the caller is and what he, she or it may do."""
    return caller_view(caller, csrf_token(credential.secret) if credential.from_cookie else None)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, summary="Sign out")
def sign_out(_caller: Caller, credential: Presented, services: Services, response: Response) -> None:
    """End this session: its token opens nothing from now on."""
    services.sessions.end(credential.secret)
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.delete("/everywhere", status_code=status.HTTP_204_NO_CONTENT, summary="Sign out everywhere")
def sign_out_everywhere(_caller: Caller, credential: Presented, services: Services, response: Response) -> None:
    """End every session of yours, on this computer and on others."""
    services.sessions.end(credential.secret, everywhere=True)
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.put(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=SIGN_IN_RESPONSES,
    summary="Change your password",
)
def change_password(
    form: PasswordForm, request: Request, caller: Caller, credential: Presented, services: Services
) -> None:
    """Change the password of the person who is signed in. Every session ends, this one too."""
    if not credential.is_session:
        raise NotFound("session")
    services.sign_in.change_password(caller.actor_id, form.current, form.new, address_of(request))


@router.get(
    "/oidc",
    status_code=status.HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    responses=PROVIDER_RESPONSES,
    summary="Sign in with an account elsewhere",
    dependencies=_ANONYMOUS,
)
def depart(services: Services) -> RedirectResponse:
    """Send the browser to the sign-in service of its organisation, where the deployment has one."""
    if services.oidc is None:
        raise NotFound("page")
    departure = services.oidc.depart()
    response = RedirectResponse(departure.address, status_code=status.HTTP_303_SEE_OTHER)
    # Lax: the way back is a link from another site, and the cookie has to come along.
    response.set_cookie(
        _OIDC_COOKIE, departure.browser, max_age=600, path="/", secure=True, httponly=True, samesite="lax"
    )
    return response


@router.get(
    "/oidc/callback",
    response_model=SessionView,
    responses={**PROVIDER_RESPONSES, **_ACCEPTED},
    summary="Come back from the account elsewhere",
    dependencies=_ANONYMOUS,
)
def arrive(
    services: Services,
    response: Response,
    state: Annotated[str, Query(max_length=200)],
    code: Annotated[str | None, Query(max_length=4000)] = None,
    browser: Annotated[str | None, Cookie(alias=_OIDC_COOKIE, max_length=500)] = None,
) -> SessionView | Response:
    """Complete a sign-in with an account elsewhere; the session's token becomes a cookie."""
    if services.oidc is None:
        raise NotFound("page")
    outcome = services.oidc.arrive(state, code, browser)
    return _answer(outcome, response, cookie=True)

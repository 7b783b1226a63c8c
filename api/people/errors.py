"""What can go wrong when people sign in or are managed? None of it says more than the person may know.

SandhanError
├── SignInFailed          address, password, code or account: which of them, nobody is told
├── TooManyAttempts       this client failed too often (carries when to come back)
├── SignInBusy            as many passwords are being checked as may be at once
├── EnrolmentRefused      the token is unknown, used or expired: the answer is the same
├── CsrfRefused           a cookie without the header that only our own pages know
├── PersonExists          the address signs in already
├── LastAdministrator     nobody would be left who can manage the partner's people
├── OwnRoles              nobody changes his or her own roles
├── ProviderFailed        the other issuer did not answer as it should
└── ProviderNotInstalled  an issuer is set, and the extra that talks to it is missing
"""

from __future__ import annotations

from api.limits import Quota
from matcher.errors import SandhanError


class SignInFailed(SandhanError):
    """Address, password, code or account: which of them, nobody is told."""

    code = "sign_in_failed"

    def __init__(self) -> None:
        super().__init__("sign-in failed")


class TooManyAttempts(SandhanError):
    """This client failed too often.

    Attributes:
        retry_after: whole seconds until it may try again.
        quotas: the limit that was reached, as the headers of an answer tell it.
    """

    code = "too_many_attempts"

    def __init__(self, retry_after: int, failures: int, window_s: int) -> None:
        super().__init__(f"too many failed attempts from here; try again in {max(1, -(-retry_after // 60))} minutes")
        self.retry_after = retry_after
        self.quotas = (Quota("sign-in", failures, 0, retry_after, window_s),)


class SignInBusy(SandhanError):
    """As many passwords are being checked as may be at once."""

    code = "sign_in_busy"

    def __init__(self) -> None:
        super().__init__("many people are signing in; try again in a moment")


class EnrolmentRefused(SandhanError):
    """The token is unknown, used or expired: the answer is the same."""

    code = "enrolment_refused"

    def __init__(self) -> None:
        super().__init__("this link is not valid, or no longer; ask your administrator for another")


class CsrfRefused(SandhanError):
    """A cookie came without the header that only our own pages know."""

    code = "csrf_refused"

    def __init__(self) -> None:
        super().__init__("send the session's X-CSRF-Token with everything that changes something")


class PersonExists(SandhanError):
    """The address signs in already."""

    code = "person_exists"

    def __init__(self) -> None:
        super().__init__("this e-mail address is in use")


class LastAdministrator(SandhanError):
    """Nobody would be left who can manage the partner's people."""

    code = "last_administrator"

    def __init__(self) -> None:
        super().__init__("nobody else can manage the people of this partner; let another administrator enrol first")


class OwnRoles(SandhanError):
    """Nobody gives himself roles, nor takes them from himself."""

    code = "own_roles"

    def __init__(self) -> None:
        super().__init__("nobody changes his or her own roles; another administrator can")


class ProviderFailed(SandhanError):
    """The other issuer did not answer as it should."""

    code = "provider_failed"

    def __init__(self) -> None:
        super().__init__("the sign-in service of your organisation did not answer as it should; try again")


class ProviderNotInstalled(SandhanError):
    """An issuer is set, and the extra that talks to it is missing."""

    code = "provider_not_installed"

    def __init__(self) -> None:
        super().__init__("SANDHAN_OIDC_ISSUER is set; run: pip install 'sandhan[oidc]'")

"""How is the service put together? The one place that knows every part; time and randomness enter here.

settings -> database -> keeper (index) -> matching -> cases, queries, alerts
                └─ dispatcher (delivery)   └─ photo pool
sealer, passwords -> enrolment -> people;  sessions -> sign-in -> OpenID Connect
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from api.agenda.service import AgendaService
from api.alerts.attention_loop import AttentionLoop
from api.alerts.delivery import DeliverySettings, Dispatcher
from api.alerts.following import MatchFollower
from api.alerts.missed import MissedService
from api.alerts.replays import ReplayService
from api.alerts.service import AlertService
from api.alerts.stream import LiveInbox, Pace
from api.auditing import AuditService
from api.background import Background, Duty, now_and_then
from api.bulletins.authorising import AuthorisationService
from api.bulletins.service import BulletinService
from api.care.follow_ups import FollowUpService
from api.care.history import HistoryService
from api.care.referrals import Agreed, ReferralService
from api.care.service import CareService
from api.cases.lifecycle import Lifecycle
from api.cases.photos import PhotoDesk, Photographer
from api.cases.retention import Retention
from api.cases.service import CaseService
from api.cursors import Cursors
from api.entity_tags import EntityTags
from api.face_model import NOT_SET_UP, DarkRoom, FaceModel, Studio, face_models_of
from api.idempotency import Idempotency
from api.ids import Clock, RandomBytes, new_id, utc_now
from api.index_keeper import IndexKeeper
from api.index_seal import IndexSeal
from api.limits import Gate
from api.linking import model_at
from api.matches.decisions import DecisionService
from api.matches.disclosures import DisclosureService
from api.matches.moves import MatchMoves
from api.matches.query import MatchReader
from api.matches.routing_service import RoutingService
from api.matches.service import MatchService
from api.matches.silence import SilenceWatch
from api.nightly.partner_reading import NightlyReports
from api.pairs.same_person import SamePerson
from api.pairs.same_suspect import SameSuspect
from api.pairs.service import PairService
from api.partners.agreements import AgreementService
from api.partners.beginning import Beginning
from api.partners.keys import KeyService
from api.partners.profile import ProfileService
from api.partners.rules import PartnerRules
from api.partners.service import PartnerService
from api.partners.telling import Telling
from api.people.attempts import Attempts
from api.people.enrolment import EnrolmentService
from api.people.errors import ProviderNotInstalled
from api.people.oidc import Issuer, OpenIdConnect
from api.people.passwords import Passwords
from api.people.sealing import Sealer
from api.people.service import PeopleService
from api.people.sessions import SessionService
from api.people.signing_in import SignIn
from api.settings import Settings
from api.sharing import SharingWatch
from api.store import (
    Connection,
    Database,
    agreements,
    counts,
    current_revision,
    keys,
    meta,
    outbox,
    require_current,
    upgrade,
)
from api.store.cases import Case
from api.store.partner_seal import PartnerSeal
from api.suspects.service import SuspectService
from matcher.errors import SandhanError
from matcher.model import MatchModel

log = logging.getLogger(__name__)

_CLOCKS_EVERY = timedelta(hours=1)
"""What the law wants done, and how long a rejection lasts, is counted in days: once an hour is often enough."""
_PAIRS_EACH_TIME = 1000
"""What is looked for within a side each time: a large import must not hold up the rest; the night does what is left."""
_MARKED_EACH_TIME = 500
"""Cases that a new agreement lets wait for comparison each time: those who enter a case meanwhile wait for few."""
_TOLD_EACH_TIME = 500
"""Matches that were found before, looked through each time for who may know of them by now."""


@dataclass(slots=True)
class Readiness:
    """Whether this process can serve, and what it waits for."""

    ready: bool
    checks: dict[str, str]
    counts: dict[str, int]


@dataclass(slots=True)
class Sandhan:
    """All services of one process."""

    settings: Settings
    database: Database
    keeper: IndexKeeper
    model: MatchModel
    matching: MatchService
    cases: CaseService
    lifecycle: Lifecycle
    disclosures: DisclosureService
    decisions: DecisionService
    agreements: AgreementService
    care: CareService
    follow_ups: FollowUpService
    referrals: ReferralService
    history: HistoryService
    authorisations: AuthorisationService
    bulletins: BulletinService
    sharing: SharingWatch
    beginning: Beginning
    telling: Telling
    silence: SilenceWatch
    agenda: AgendaService
    suspects: SuspectService
    pairs: PairService
    same_person: SamePerson
    same_suspect: SameSuspect
    photos: PhotoDesk
    reader: MatchReader
    routing: RoutingService
    nightly_reports: NightlyReports
    audit: AuditService
    alerts: AlertService
    inbox: LiveInbox
    replays: ReplayService
    attention: AttentionLoop
    missed: MissedService
    partners: PartnerService
    profiles: ProfileService
    keys: KeyService
    people: PeopleService
    enrolment: EnrolmentService
    sessions: SessionService
    sign_in: SignIn
    oidc: OpenIdConnect | None
    dispatcher: Dispatcher
    pool: Studio | None
    dark_room: DarkRoom
    face_models: dict[str, FaceModel]
    idempotency: Idempotency
    gate: Gate
    cursors: Cursors
    tags: EntityTags
    clock: Clock
    random_bytes: RandomBytes
    index_open: bool = False
    _background: Background | None = None

    @classmethod
    def build(
        cls,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        random_bytes: RandomBytes = secrets.token_bytes,
        jitter: Callable[[], float] = random.random,
        photographer: Photographer | None = None,
        passwords: Passwords | None = None,
    ) -> Sandhan:
        """Put the parts together; opens the database and nothing else.

        Args:
            photographer: in place of the photo pool (tests).
            passwords: with another cost than the usual one (tests).
        Raises:
            SchemaOutdated: says to run `sandhan db upgrade`.
            ModelMissing, ModelCorrupt: say what to run.
            ProviderNotInstalled: says what to install.
        """
        model = model_at(Path(settings.evidence_model) if settings.evidence_model else None)
        face_models = face_models_of(settings)
        issuer = _issuer(settings, clock)
        database = _open_database(settings, new_id("db", clock(), random_bytes), next(iter(face_models)))
        keeper = IndexKeeper(
            database,
            settings.index_folder,
            face_models,
            clock,
            processes=settings.index_processes,
            seal=_index_seal(database),
        )
        with database.read() as conn:
            signing_key = keys.service_key(conn, keys.CURSOR)
        assert signing_key is not None  # made when the database was opened
        pool = None
        if settings.faces and photographer is None:
            pool = Studio(settings, lambda: keeper.face_model)
        camera: Photographer | None = (photographer or pool) if settings.faces else None
        desk = PhotoDesk(database, camera, clock, random_bytes, settings.photo_workers if pool else 1)
        if not settings.faces and (withheld := desk.withhold_all()):
            log.info("faces are switched off: the embeddings of %d photos are forgotten", withheld)
        dispatcher = Dispatcher(database, _delivery(settings), clock, jitter)
        database.on_queued = dispatcher.notify
        moves = MatchMoves(MatchFollower(random_bytes))
        matching = MatchService(
            database,
            keeper,
            model,
            clock,
            random_bytes,
            matches_kept=settings.matches_kept,
            candidates=settings.candidates,
            moves=moves,
        )
        same_person = SamePerson(database, keeper, model, clock, random_bytes, switched_on=settings.same_person)
        same_suspect = SameSuspect(database, model, clock, random_bytes)
        rules = PartnerRules(allow_private_targets=settings.allow_private_targets, country=settings.deployment_country)
        retention = Retention(settings.keep_missing_years, settings.keep_rescued_years)
        sealer: Sealer = PartnerSeal(database)
        passwords = passwords or Passwords(random_bytes)
        attempts = Attempts(database, sealer, clock, random_bytes)
        enrolment = EnrolmentService(database, sealer, passwords, attempts, clock, random_bytes)
        sessions = SessionService(database, clock, random_bytes)
        sign_in = SignIn(database, sealer, passwords, sessions, attempts, clock, random_bytes)
        dark_room = DarkRoom(settings)
        bulletins = BulletinService(database, dark_room, clock, random_bytes)
        sharing = SharingWatch(database, bulletins, clock, random_bytes)
        follow_ups = FollowUpService(database, clock, random_bytes, settings.months_of_follow_up)
        return cls(
            settings=settings,
            database=database,
            keeper=keeper,
            model=model,
            matching=matching,
            cases=CaseService(database, matching, same_person, desk, clock, random_bytes, retention, moves),
            lifecycle=Lifecycle(database, matching, same_person, desk, clock, random_bytes, retention, moves),
            disclosures=DisclosureService(database, clock, random_bytes),
            decisions=DecisionService(database, moves, follow_ups, model, clock),
            agreements=AgreementService(database, clock, random_bytes, sharing.enforce),
            care=CareService(database, follow_ups, clock, random_bytes),
            follow_ups=follow_ups,
            referrals=ReferralService(database, _agreed(clock), _follow_owner(desk, sharing), clock, random_bytes),
            history=HistoryService(database, clock),
            authorisations=AuthorisationService(database, clock, random_bytes),
            bulletins=bulletins,
            sharing=sharing,
            beginning=Beginning(database, clock),
            telling=Telling(database, clock, random_bytes),
            silence=SilenceWatch(database, clock),
            agenda=AgendaService(database, clock, random_bytes),
            suspects=SuspectService(database, same_suspect, clock, random_bytes),
            pairs=PairService(database, clock),
            same_person=same_person,
            same_suspect=same_suspect,
            photos=desk,
            reader=MatchReader(
                database,
                keeper,
                model,
                camera,
                clock,
                candidates=settings.candidates,
                query_limit=settings.query_limit,
            ),
            routing=RoutingService(database, clock),
            nightly_reports=NightlyReports(database, clock, settings.public_url),
            audit=AuditService(database, clock),
            alerts=AlertService(database, clock),
            inbox=LiveInbox(database, clock, Pace(longest=settings.stream_s)),
            replays=ReplayService(database, clock),
            attention=AttentionLoop(database, clock, random_bytes),
            missed=MissedService(database, clock),
            partners=PartnerService(database, desk, rules, clock, random_bytes),
            profiles=ProfileService(database, rules, clock, random_bytes, sharing.enforce),
            keys=KeyService(database, clock, random_bytes),
            people=PeopleService(database, sealer, enrolment, clock, random_bytes),
            enrolment=enrolment,
            sessions=sessions,
            sign_in=sign_in,
            oidc=None
            if issuer is None
            else OpenIdConnect(
                database, sealer, issuer, sign_in, clock, random_bytes, second_factor=settings.oidc_methods
            ),
            dispatcher=dispatcher,
            pool=pool,
            dark_room=dark_room,
            face_models=face_models,
            idempotency=Idempotency(database, clock, random_bytes),
            gate=Gate(
                clock,
                per_minute=settings.rate_per_minute,
                queries_per_minute=settings.query_rate_per_minute,
                failures_per_minute=settings.failed_rate_per_minute,
            ),
            cursors=Cursors(signing_key),
            tags=EntityTags(signing_key),
            clock=clock,
            random_bytes=random_bytes,
        )

    def start(self) -> None:
        """Begin, in the background, to open the index, to finish what a stopped process left, and to deliver."""
        self.dispatcher.start()
        self._background = Background(self._duties())
        self._background.start()

    def open_index(self) -> None:
        """Load or build the index now."""
        self.keeper.open()
        self.index_open = True

    def close(self) -> None:
        """Stop the background work and give everything back; unfinished work is found again at the next start."""
        if self._background is not None:
            self._background.stop()
        self.dispatcher.stop()
        if self.pool is not None:
            self.pool.close()
        self.dark_room.close()
        try:
            if self.index_open:
                self.keeper.save_if_free(ending=True)
        except OSError as error:
            # A full disk: the old snapshot stays in use, and the next start follows from there.
            log.error("index snapshot not written (%s): the old one stays in use", error.strerror)
        finally:
            self.database.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def readiness(self) -> Readiness:
        """Tell whether requests can be served, and how much waits."""
        checks: dict[str, str] = {}
        with self.database.read() as conn:
            figures = counts.counts(conn)
            figures["outbox_pending"] = outbox.pending_count(conn)
        checks["database"] = "ok"
        checks["schema"] = current_revision(self.database) or "none"
        checks["model"] = self.model.version
        checks["index"] = self._index_state()
        if self.index_open:
            figures["index_records"] = self.keeper.status().records
        checks["mail"] = "on" if self.settings.smtp_host else "off (SANDHAN_SMTP_HOST is not set)"
        checks["faces"] = self._face_state()
        return Readiness(self.index_open, checks, figures)

    def _index_state(self) -> str:
        """Say where the index came from and how far it is behind, or how far it is that is being opened."""
        if built := self.keeper.built:
            return f"being built from the database: {built[0]} of {built[1]} cases"
        if not self.index_open or self.keeper.opening:
            return "being opened"
        status = self.keeper.status()
        return f"ok ({status.source}, {status.behind} changes behind)"

    def _face_state(self) -> str:
        """Say which face model is searched, and what to run when another one is set up."""
        if not self.settings.faces:
            return "off"
        searched, wanted = self.keeper.face_model, next(iter(self.face_models.values()))
        state = f"on ({searched.model_id})"
        if searched is NOT_SET_UP:
            state = "waiting: the face model that is searched is not set up here"
        elif not searched.is_calibrated:
            state += ", not calibrated: photos are found and say nothing for or against"
        if wanted.model_id != searched.model_id:
            state += f"; run sandhan photos reembed to change to {wanted.model_id}"
        return state

    def _duties(self) -> tuple[Duty, ...]:
        """Return what is looked after without being asked: another process's work, too, and photos that had to wait."""
        return (
            self.attention.run_due,  # first: deadlines do not wait for an index to be built
            now_and_then(self.agenda.run_clocks, _CLOCKS_EVERY, self.clock),
            now_and_then(self.silence.follow, _CLOCKS_EVERY, self.clock),
            self.sharing.enforce_due,
            self._take_up,
            self.lifecycle.expire_due,
            self.audit.close_days,
            self.keeper.save_what_was_erased,
            self._compare,
            self.idempotency.sweep,
        )

    def _take_up(self) -> None:
        """Open the index, and take up what other processes have made of it."""
        if not self.index_open:
            self.open_index()
        self.keeper.adopt()
        if self.settings.faces:
            self.photos.readmit(self.keeper.face_model.model_id)

    def _compare(self) -> None:
        """Compare what waits, across the sides and within them."""
        self.beginning.follow(_MARKED_EACH_TIME)
        self.telling.follow(_TOLD_EACH_TIME)
        self.cases.recover()
        self.same_person.follow(_PAIRS_EACH_TIME, wait=True)
        self.same_suspect.follow(_PAIRS_EACH_TIME)


class HomeUnusable(SandhanError):
    """The folder of the embedded database cannot be made."""

    code = "home_unusable"


def make_home(settings: Settings) -> None:
    """Make the folder of the embedded database.

    Raises:
        HomeUnusable: it cannot be made or written.
    """
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeUnusable(
            f"SANDHAN_HOME: {settings.home} cannot be created ({error.strerror}); choose a folder that you may write"
        ) from error


def prepare_database(settings: Settings) -> None:
    """Create the embedded database when there is none; an older one is left for `sandhan db upgrade`."""
    if settings.database_url:
        return
    make_home(settings)
    if not (settings.home / "sandhan.db").exists():
        upgrade(settings.database, settings.master_keys)


def _open_database(settings: Settings, new_database_id: str, face_model: str) -> Database:
    prepare_database(settings)
    database = Database.open(settings.database, settings.master_keys)
    try:
        require_current(database)
        with database.write() as conn:
            meta.ensure_database_id(conn, new_database_id)
            meta.ensure_face_model(conn, face_model)
            for name in keys.SERVICE_KEYS:
                keys.ensure_service_key(conn, name)
    except BaseException:
        database.dispose()
        raise
    return database


def _follow_owner(desk: PhotoDesk, sharing: SharingWatch) -> Callable[[Connection, Case, str], None]:
    """Return what follows when a case has another owner: photos by his rules, then what is shared and told."""

    def follow(conn: Connection, case: Case, former_id: str) -> None:
        desk.follow_consent(conn, case)
        sharing.follow_owner(conn, case, former_id)

    return follow


def _agreed(clock: Clock) -> Agreed:
    return lambda conn, one, other: agreements.agreed(conn, one, other, clock())


def _index_seal(database: Database) -> IndexSeal:
    with database.read() as conn:
        key = keys.service_key(conn, keys.INDEX)
    if key is None:
        raise AssertionError("made when the database was opened")
    return IndexSeal(key)


def _issuer(settings: Settings, clock: Clock) -> Issuer | None:
    """Return the issuer whose accounts people may sign in with, None unless one is set.

    Raises:
        ProviderNotInstalled: the extra is missing.
    """
    if not settings.oidc_issuer:
        return None
    try:
        from api.people.oidc_provider import Provider, ProviderSettings
    except ImportError:
        raise ProviderNotInstalled from None
    account = ProviderSettings(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        f"{settings.public_url}/v1/session/oidc/callback",
        allow_private=settings.allow_private_targets,
    )
    return Provider(account, clock)


def _delivery(settings: Settings) -> DeliverySettings:
    return DeliverySettings(
        smtp_host=settings.smtp_host or None,
        smtp_port=settings.smtp_port,
        sender=settings.mail_sender,
        public_url=settings.public_url,
        allow_private_targets=settings.allow_private_targets,
    )

"""Which settings does a deployment have? Read from the environment (`SANDHAN_...`) or a `.env` file, checked at start.

A test fails when a setting is not in `docs/guides/settings.md`.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.store.engine import MASTER_KEY_FILE
from api.store.master_keys import CommandKeys, FileKeys, GivenKeys, KeySource


class Settings(BaseSettings):
    """Everything an operator may set; every field has a default that works embedded, on one machine."""

    # An error shows no value: one of them is a secret.
    model_config = SettingsConfigDict(
        env_prefix="SANDHAN_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    home: Path = Field(Path("var"), description="folder of the embedded database and the index snapshots")
    database_url: str = Field(
        "",
        description="SQLAlchemy address; empty: SQLite under `home`; postgresql+psycopg://user@host/name when shared",
    )
    master_key: SecretStr = Field(
        SecretStr(""), description="master keys in base64, the one in use first; empty: from the command or the file"
    )
    master_key_command: str = Field("", description="command that prints the master keys, e.g. a KMS's client")
    master_key_file: str = Field("", description="file of the master keys; empty: master.key under `home`")
    host: str = Field("127.0.0.1", description="address the API listens on")
    port: int = Field(8080, ge=0, le=65535, description="port the API listens on; 0 takes a free one")
    deployment_country: str = Field(
        "",
        pattern="^([A-Z]{2})?$",
        description="ISO 3166-1 alpha-2, where records are kept; empty: not said, and every residency is taken",
    )
    public_url: str = Field("http://127.0.0.1:8080", description="address under which people reach the service")
    smtp_host: str = Field("", description="mail server for alerts; empty: no e-mail is sent")
    smtp_port: int = Field(25, ge=1, le=65535, description="port of the mail server")
    mail_sender: str = Field("alerts@localhost", description="sender of alert e-mails")
    allow_private_targets: bool = Field(False, description="permit webhooks to private and loopback addresses")
    faces: bool = Field(True, description="compute and compare face embeddings in this deployment")
    face_profile: str = Field("", description="TOML profile of an ONNX face model; empty: face_recognition's")
    photo_workers: int = Field(1, ge=1, le=32, description="processes that read photos")
    photo_memory_mb: int = Field(1500, ge=300, description="memory limit of one photo process, megabytes")
    photo_timeout_s: float = Field(60.0, gt=0, description="time limit of one photo, seconds")
    photo_limit_mb: int = Field(15, ge=1, le=100, description="largest photo accepted, megabytes")
    import_limit_mb: int = Field(
        1024, ge=1, le=16384, description="largest file imported, and most that an archive may unpack to, megabytes"
    )
    photos_per_case: int = Field(10, ge=0, le=100, description="most photos of one request")
    keep_missing_years: float = Field(10.0, gt=0, le=50, description="years that a missing report is kept unchanged")
    keep_rescued_years: float = Field(
        5.0, gt=0, le=50, description="years that a rescued person's record is kept unchanged"
    )
    evidence_model: str = Field("", description="evidence model of your own; empty: the one that ships")
    candidates: int = Field(250, ge=10, le=1000, description="candidates taken for each name and each photo")
    index_processes: int = Field(2, ge=1, le=64, description="processes that read cases when the index is built anew")
    same_person: bool = Field(True, description="tell two organisations whose records may be about the same person")
    matches_kept: int = Field(20, ge=1, le=200, description="matches stored for one case")
    follow_up_months: str = Field("1,3,6,12,18,24", description="months after a return at which visits are due")
    query_limit: int = Field(20, ge=1, le=50, description="most matches in the answer to one query")
    oidc_issuer: str = Field("", description="OpenID Connect issuer whose accounts may sign in; empty: none")
    oidc_client_id: str = Field("", description="this deployment's client id at the issuer")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="this deployment's client secret at the issuer")
    oidc_second_factor: str = Field(
        "", description="values of amr or acr that are worth a second factor, with commas between; empty: none is"
    )

    @field_validator("follow_up_months")
    @classmethod
    def _counted_months(cls, value: str) -> str:
        parts = [part.strip() for part in value.split(",")]
        if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 120 for part in parts):
            raise ValueError("must be whole numbers of months from 1 to 120, separated by commas")
        return value

    @property
    def months_of_follow_up(self) -> tuple[int, ...]:
        """Return `follow_up_months` as numbers."""
        return tuple(int(part) for part in self.follow_up_months.split(","))

    rate_per_minute: int = Field(600, ge=0, description="requests of one caller, or of one address without a key")
    query_rate_per_minute: int = Field(60, ge=0, description="searches of one caller")
    failed_rate_per_minute: int = Field(30, ge=0, description="wrong credentials from one address")
    stream_s: float = Field(
        3600.0, ge=0, le=43200, description="seconds of one live inbox; 0: it tells what is new and ends"
    )
    cors_origins: str = Field("", description="sites whose pages may call the API, separated by commas; empty: none")

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _whole_account(self) -> Settings:
        told = [bool(self.oidc_issuer), bool(self.oidc_client_id), bool(self.oidc_client_secret.get_secret_value())]
        if any(told) and not all(told):
            raise ValueError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set together or not at all")
        return self

    @field_validator("cors_origins")
    @classmethod
    def _sites(cls, value: str) -> str:
        for site in _parts(value):
            if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", site):
                raise ValueError("each must be a site such as https://console.example.org, without a path; * is none")
        return value

    @property
    def cors_sites(self) -> tuple[str, ...]:
        """Return the sites whose pages may call the API."""
        return _parts(self.cors_origins)

    @property
    def database(self) -> str:
        """Return the database's address, the embedded one unless another is set."""
        return self.database_url or f"sqlite:///{(self.home / 'sandhan.db').resolve()}"

    @property
    def master_keys(self) -> KeySource:
        """Return where the master keys come from."""
        if given := self.master_key.get_secret_value():
            return GivenKeys(given)
        if self.master_key_command:
            return CommandKeys(self.master_key_command)
        return FileKeys(Path(self.master_key_file) if self.master_key_file else self.home / MASTER_KEY_FILE)

    @property
    def oidc_methods(self) -> tuple[str, ...]:
        """Return the values of amr or acr that are worth a second factor."""
        return tuple(word.strip() for word in self.oidc_second_factor.split(",") if word.strip())

    @property
    def index_folder(self) -> Path:
        """Return the folder of the index snapshots."""
        return self.home / "index"


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())

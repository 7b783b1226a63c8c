"""What is said of a person is sealed: records and their history, photos, faces, and how partners are reached.

Revision: 0003. The column types are repeated here on purpose: a migration must not change when the code does. How a
value is sealed is not: what is sealed here must open by the code of today.
"""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.store import keys
from api.store.contents import Contents, pack
from api.store.sealing import seal

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_PAGE = 500


def upgrade() -> None:
    op.create_table(
        "partner_keys",
        sa.Column("id", identifier, nullable=False),
        sa.Column("partner_id", identifier, nullable=False),
        sa.Column("master_id", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partner_keys"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_partner_keys_partner_id"),
    )
    op.create_index("ix_partner_keys_partner_id", "partner_keys", ["partner_id"])
    op.create_table(
        "service_keys",
        sa.Column("name", identifier, nullable=False),
        sa.Column("master_id", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_service_keys"),
    )
    op.create_table(
        "record_keys",
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("partner_key_id", identifier, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_record_keys"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_record_keys_case_id"),
        sa.ForeignKeyConstraint(["partner_key_id"], ["partner_keys.id"], name="fk_record_keys_partner_key_id"),
    )
    op.create_index("ix_record_keys_partner_key_id", "record_keys", ["partner_key_id"])
    op.add_column("partners", sa.Column("contacts", sa.LargeBinary))
    op.add_column("cases", sa.Column("sealed", sa.LargeBinary))
    op.execute("ALTER TABLE photos RENAME COLUMN sha256 TO fingerprint")
    conn = op.get_bind()
    _partners(conn)
    made = _cases(conn)
    _versions(conn, made)
    _photos(conn, made)
    _faces(conn, made)
    for table, column in (
        ("partners", "email"), ("partners", "webhook_url"), ("partners", "webhook_secret"), ("cases", "payload"),
        ("cases", "content_hash"),
    ):  # fmt: skip
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _partners(conn: sa.Connection) -> None:
    rows = conn.execute(sa.text("SELECT id, email, webhook_url, webhook_secret FROM partners")).all()
    for row in rows:
        keys.add_partner_key(conn, row.id, datetime.now(UTC))
        contacts = {"email": row.email, "webhook_url": row.webhook_url, "webhook_secret": row.webhook_secret}
        plain = json.dumps(contacts, ensure_ascii=False).encode()
        sealed = keys.seal_for_partner(conn, row.id, f"partners.contacts:{row.id}", plain)
        conn.execute(sa.text("UPDATE partners SET contacts = :sealed WHERE id = :id"), {"sealed": sealed, "id": row.id})


def _cases(conn: sa.Connection) -> dict[str, str | None]:
    """Seal the cases; return the owner's number of each."""
    cases = sa.table(
        "cases", sa.column("id"), sa.column("owner_id"), sa.column("external_id"), sa.column("content_hash"),
        sa.column("payload", document), sa.column("sealed"),
    )  # fmt: skip
    numbers: dict[str, str | None] = {}
    after = ""
    while True:
        rows = conn.execute(sa.select(cases).where(cases.c.id > after).order_by(cases.c.id).limit(_PAGE)).all()
        if not rows:
            return numbers
        made = keys.make_record_keys(conn, {row.id: row.owner_id for row in rows})
        keys.store_record_keys(conn, made)
        for row in rows:
            numbers[row.id] = row.external_id
            packed = pack(Contents(row.content_hash, row.external_id, row.payload))
            values: dict[str, object] = {"sealed": seal(made.by_case[row.id], packed, f"cases.sealed:{row.id}")}
            if row.external_id is not None:
                values["external_id"] = keys.fingerprint(conn, "cases.external_id", row.external_id)
            conn.execute(sa.update(cases).where(cases.c.id == row.id).values(**values))
        after = rows[-1].id


def _versions(conn: sa.Connection, numbers: dict[str, str | None]) -> None:
    """Put the history into a table whose content is sealed: a column that must be filled cannot be added to rows."""
    old = sa.table(
        "case_versions", sa.column("case_id"), sa.column("version"), sa.column("payload", document),
        sa.column("content_hash"), sa.column("at", instant), sa.column("by"),
    )  # fmt: skip
    op.create_table(
        "sealed_versions",
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "version", name="pk_sealed_versions"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_sealed_versions_case_id"),
    )
    new = sa.table(
        "sealed_versions", sa.column("case_id"), sa.column("version"), sa.column("sealed"), sa.column("at", instant),
        sa.column("by"),
    )  # fmt: skip
    for case_id, number in numbers.items():
        key = keys.record_key(conn, case_id)
        for row in conn.execute(sa.select(old).where(old.c.case_id == case_id)).all():
            packed = pack(Contents(row.content_hash, number, row.payload))
            sealed = seal(key, packed, f"case_versions.sealed:{case_id}:{row.version}")
            values = {"case_id": case_id, "version": row.version, "sealed": sealed, "at": row.at, "by": row.by}
            conn.execute(sa.insert(new).values(**values))
    op.drop_table("case_versions")
    op.rename_table("sealed_versions", "case_versions")
    if conn.dialect.name == "postgresql":
        for kind, column in (("pk", ""), ("fk", "_case_id")):
            names = f"{kind}_sealed_versions{column} TO {kind}_case_versions{column}"
            op.execute(f"ALTER TABLE case_versions RENAME CONSTRAINT {names}")


def _photos(conn: sa.Connection, numbers: dict[str, str | None]) -> None:
    photos = sa.table("photos", *map(sa.column, ("id", "case_id", "fingerprint", "content")))
    for case_id in numbers:
        for row in conn.execute(sa.select(photos).where(photos.c.case_id == case_id)).all():
            values = {
                "fingerprint": keys.fingerprint(conn, "photos.fingerprint", row.fingerprint),
                "content": keys.seal_for_case(conn, case_id, f"photos.content:{row.id}", bytes(row.content)),
            }
            conn.execute(sa.update(photos).where(photos.c.id == row.id).values(**values))


def _faces(conn: sa.Connection, numbers: dict[str, str | None]) -> None:
    faces = sa.table("faces", *map(sa.column, ("id", "case_id", "vector")))
    for case_id in numbers:
        for row in conn.execute(sa.select(faces).where(faces.c.case_id == case_id)).all():
            sealed = keys.seal_for_case(conn, case_id, f"faces.vector:{row.id}", bytes(row.vector))
            conn.execute(sa.update(faces).where(faces.c.id == row.id).values(vector=sealed))

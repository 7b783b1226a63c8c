"""Is what is kept of a person readable by nobody without the keys, and by everybody who has them?"""

from __future__ import annotations

import base64
import dataclasses
import os
import stat
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, select, text, update

from api.keeping import rotate_master_key, rotate_partner_keys
from api.store import Database, cases, current_revision, engine, erasure, faces, keys, partners, photos, tables, upgrade
from api.store.contents import Contents, document_of, pack, payload_of, unpack
from api.store.faces import NewFace
from api.store.master_keys import CommandKeys, FileKeys, GivenKeys, KeysUnusable, MasterKeys
from api.store.sealing import SealBroken

Open = Callable[[str], Database]
NAME, PHONE, MAIL = "सुनीता মণ্ডল Sunita", "+91 98301 55501", "unit@example.org"
WORDS = ("सुनीता", "মণ্ডল", "Sunita", "98301 55501", MAIL, "FIR-77", "JPEG-BYTES", "secret-of-the-webhook")
OTHER = base64.b64encode(bytes(range(32, 64))).decode()


def fill(database: Database, world: Any) -> tuple[str, str]:
    """Store a case with its history, a photo and a face; return the ids of the owner and the case."""
    with database.write() as conn:
        owner = world.partner(
            conn, email=MAIL, webhook_url="https://unit.example.org/", webhook_secret="secret-of-the-webhook"
        ).id
        content = world.content(payload={"name": NAME, "phone": [PHONE]})
        case = world.case(conn, owner_id=owner, external_id="FIR-77", content=content)
        changed = dataclasses.replace(content, payload={"name": NAME}, content_hash="other")
        cases.replace_case(conn, case.id, changed, at=world.now, by="key")
        photo = photos.add_photo(
            conn, photo_id="photo-1", case_id=case.id, position=0, sha256="00", media_type="image/jpeg",
            content=b"JPEG-BYTES", at=world.now,
        )  # fmt: skip
        face = NewFace("face-1", "m", np.arange(1, 5, dtype=np.float32), {"left": 0}, "good", 1.0)
        photos.store_result(conn, photo.id, "embedded", at=world.now, faces=[face])
    return owner, case.id


def check_readable(database: Database, owner: str, case_id: str) -> None:
    with database.read() as conn:
        case = cases.require_case(conn, case_id)
        assert (case.payload, case.external_id, case.version) == ({"name": NAME}, "FIR-77", 2)
        first = cases.versions_of(conn, case_id)[0]
        assert first.payload == {"name": NAME, "phone": [PHONE]}
        assert cases.find_by_external(conn, owner, case.side, "FIR-77") == case
        content = photos.get_content(conn, "photo-1")
        assert content is not None
        assert content.content == b"JPEG-BYTES"
        (face,) = faces.faces_of_cases(conn, [case_id], "m")[case_id]
        assert face.vector.tolist() == [1, 2, 3, 4]
        partner = partners.get_partner(conn, owner)
        assert partner is not None
        assert (partner.email, partner.webhook_secret) == (MAIL, "secret-of-the-webhook")


def rows_as_bytes(database: Database) -> bytes:
    """Return every value of every table."""
    with database.read() as conn:
        found = [str(row).encode() for table in tables.metadata.sorted_tables for row in conn.execute(select(table))]
        blobs = [
            bytes(value)
            for table in tables.metadata.sorted_tables
            for column in table.c
            if isinstance(column.type, LargeBinary)
            for value in conn.scalars(select(column))
            if value is not None
        ]
    return b"\n".join(found + blobs)


def server_files(database: Database) -> bytes:
    """Return what PostgreSQL has in the files of the tables: old rows and dropped columns, too."""
    with database._engine.connect() as conn:
        if not conn.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            pytest.skip("only a superuser may read the server's files")
        conn.execute(text("CHECKPOINT"))
        files = conn.scalars(
            text(
                "SELECT pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c WHERE c.relkind = 'r' AND "
                "c.relnamespace = current_schema()::regnamespace UNION ALL "
                "SELECT pg_read_binary_file(pg_relation_filepath(c.reltoastrelid)) FROM pg_class c "
                "WHERE c.reltoastrelid <> 0 AND c.relnamespace = current_schema()::regnamespace"
            )
        )
        found = b"".join(map(bytes, files))
    assert len(found) > 10_000
    return found


def test_nothing_that_was_entered_is_readable_in_the_rows(database: Database, world: Any) -> None:
    owner, case_id = fill(database, world)
    raw = rows_as_bytes(database)
    assert [word for word in WORDS if word.encode() in raw] == []
    assert np.arange(1, 5, dtype="<f4").tobytes() not in raw
    check_readable(database, owner, case_id)


def test_nothing_is_readable_in_the_files(database: Database, world: Any, tmp_path: Path) -> None:
    if database.dialect != "sqlite":
        pytest.skip("the server's files are not ours to read")
    fill(database, world)
    found = [path for path in tmp_path.iterdir() if path.is_file()]
    raw = b"".join(path.read_bytes() for path in found)
    assert len(raw) > 10_000
    assert [word for word in WORDS if word.encode() in raw] == []


@pytest.mark.parametrize(
    ("table", "column", "read"),
    [
        ("cases", "sealed", lambda conn, case: cases.get_case(conn, case)),
        ("case_versions", "sealed", lambda conn, case: cases.versions_of(conn, case)),
        ("photos", "content", lambda conn, _case: photos.get_content(conn, "photo-1")),
        ("faces", "vector", lambda conn, case: faces.faces_of_cases(conn, [case], "m")),
        ("record_keys", "wrapped", lambda conn, case: cases.get_case(conn, case)),
        ("partners", "contacts", lambda conn, _case: partners.list_partners(conn)),
    ],
)
@pytest.mark.parametrize("where", [0, 1, 15, -1])
def test_one_changed_byte_is_noticed(
    database: Database, world: Any, table: str, column: str, read: Callable[..., object], where: int
) -> None:
    _, case_id = fill(database, world)
    kept = tables.metadata.tables[table].c[column]
    with database.write() as conn:
        value = bytearray(conn.scalars(select(kept)).first())
        value[where] ^= 1
        conn.execute(update(kept.table).values({column: bytes(value)}))
    with pytest.raises(SealBroken, match="seal is broken"), database.read() as conn:
        read(conn, case_id)


def test_what_is_put_in_another_row_does_not_open(database: Database, world: Any) -> None:
    with database.write() as conn:
        owner = world.partner(conn).id
        one, other = world.case(conn, owner_id=owner).id, world.case(conn, owner_id=owner).id
        sealed = conn.scalar(select(tables.cases.c.sealed).where(tables.cases.c.id == one))
        wrapped = conn.scalar(select(tables.record_keys.c.wrapped).where(tables.record_keys.c.case_id == one))
        conn.execute(update(tables.cases).where(tables.cases.c.id == other).values(sealed=sealed))
        with pytest.raises(SealBroken):
            cases.get_case(conn, other)
        conn.execute(update(tables.record_keys).where(tables.record_keys.c.case_id == other).values(wrapped=wrapped))
        with pytest.raises(SealBroken):
            cases.get_case(conn, other)


def test_without_its_key_a_record_is_gone(database: Database, world: Any) -> None:
    _, case_id = fill(database, world)
    with database.write() as conn:
        keys.destroy_record_key(conn, case_id)
    with database.read() as conn:
        assert cases.get_case(conn, case_id) is None
        assert cases.versions_of(conn, case_id) == []
        assert faces.faces_of_cases(conn, [case_id], "m") == {}
        with pytest.raises(SealBroken):
            photos.get_content(conn, "photo-1")


def test_a_record_that_is_handed_over_needs_no_key_of_its_first_owner(database: Database, world: Any) -> None:
    owner, case_id = fill(database, world)
    with database.write() as conn:
        other = world.partner(conn).id
        before = conn.scalar(select(tables.record_keys.c.partner_key_id))
        keys.hand_over(conn, case_id, other)
        assert conn.scalar(select(tables.record_keys.c.partner_key_id)) != before
    check_readable(database, owner, case_id)


def test_keys_are_exchanged_while_everything_stays_readable(url: str, opened: Open, world: Any) -> None:
    owner, case_id = fill(opened(url), world)
    given = GivenKeys(f"{OTHER}\n{base64.b64encode(bytes(range(32))).decode()}")
    database = Database.open(url, given)
    try:
        assert rotate_master_key(database, given, lambda: world.now).partner_keys == 1
        assert rotate_partner_keys(database, lambda: world.now) == 1
        check_readable(database, owner, case_id)
    finally:
        database.dispose()
    with pytest.raises(KeysUnusable, match="another master key"), opened(url).read() as conn:
        cases.get_case(conn, case_id)  # only the old one is known here
    alone = Database.open(url, GivenKeys(OTHER))
    try:
        check_readable(alone, owner, case_id)
        with alone.read() as conn:
            assert keys.counts(conn)["stale"] == 0
    finally:
        alone.dispose()


def test_a_tombstone_tells_its_owner_by_which_numbers_it_was_known(database: Database, world: Any) -> None:
    owner, case_id = fill(database, world)
    with database.write() as conn:
        content = world.content(payload={"name": NAME, "pfif": {"person": {"person_record_id": "a.example.org/9"}}})
        named = world.case(conn, owner_id=owner, external_id=None, content=content).id
        for number, one in enumerate((case_id, named)):
            erasure.erase_case(conn, cases.require_case(conn, one), at=world.now + timedelta(hours=number))
        other = world.partner(conn).id
    assert rotate_partner_keys(database, lambda: world.now) == 0, "no record is left whose key could be wrapped"
    with database.read() as conn:
        told = erasure.own_tombstones(conn, owner, limit=10)
        assert [(one.case_id, one.side, one.external_id, one.person_record_id) for one in told] == [
            (case_id, "missing", "FIR-77", None), (named, "missing", None, "a.example.org/9"),
        ]  # fmt: skip
        assert erasure.own_tombstones(conn, owner, limit=1) == told[:1]
        assert erasure.own_tombstones(conn, owner, after=(told[0].erased_at, told[0].case_id), limit=9) == told[1:]
        assert erasure.own_tombstones(conn, other, limit=10) == []
    raw = rows_as_bytes(database)
    assert [word for word in (*WORDS, "a.example.org/9") if word not in (MAIL,) and word.encode() in raw] == []


def test_a_process_finds_the_new_master_key_in_the_file(
    empty_url: str, migrated_file: Path, world: Any, tmp_path: Path
) -> None:
    upgrade(empty_url)
    source = FileKeys(tmp_path / "keys" / "master.key")
    serving, command_line = Database.open(empty_url, source), Database.open(empty_url, source)
    try:
        owner, case_id = fill(serving, world)
        assert stat.S_IMODE(os.stat(source.path).st_mode) == 0o600
        first = source.load()
        rotate_master_key(command_line, source, lambda: world.now)
        assert source.load().keys[0] != first.keys[0]
        assert len(source.load().keys) == 1
        rotate_partner_keys(command_line, lambda: world.now)
        check_readable(serving, owner, case_id)
        with serving.write() as conn:  # and what is new is sealed by keys that are still there
            later = world.case(conn, owner_id=owner).id
        with command_line.read() as conn:
            assert cases.get_case(conn, later) is not None
    finally:
        serving.dispose()
        command_line.dispose()


def test_a_lost_master_key_is_not_replaced(empty_url: str, world: Any, tmp_path: Path) -> None:
    upgrade(empty_url)
    source = FileKeys(tmp_path / "keys" / "master.key")
    database = Database.open(empty_url, source)
    try:
        _, case_id = fill(database, world)
        source.path.rename(tmp_path / "elsewhere")
        database.ring.forget()
        with pytest.raises(KeysUnusable, match="there is no master key"), database.read() as conn:
            cases.get_case(conn, case_id)
        with pytest.raises(KeysUnusable), database.write() as conn:
            world.partner(conn)
        assert not source.path.exists()
    finally:
        database.dispose()


def test_where_master_keys_come_from(tmp_path: Path) -> None:
    printed = tmp_path / "kms.py"
    printed.write_text(f"print('{OTHER}')")
    assert CommandKeys(f"{sys.executable} {printed}").load() == GivenKeys(OTHER).load()
    printed.write_text("raise SystemExit(3)")
    with pytest.raises(KeysUnusable, match="failed"):
        CommandKeys(f"{sys.executable} {printed}").load()
    for wrong in ("", "short", OTHER[:-8], "é"):
        with pytest.raises(KeysUnusable) as caught:
            GivenKeys(wrong).load()
        assert not wrong or wrong not in str(caught.value)
    assert OTHER not in repr(GivenKeys(OTHER)) + repr(GivenKeys(OTHER).load())


def test_two_processes_that_make_the_first_key_have_the_same(tmp_path: Path) -> None:
    one, other = FileKeys(tmp_path / "master.key"), FileKeys(tmp_path / "master.key")
    one.create()
    kept = one.load()
    other.create()
    assert other.load() == kept
    assert list(tmp_path.iterdir()) == [one.path]


@given(st.text(), st.none() | st.text(), st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_contents_are_packed_without_loss(hashed: str, number: str | None, payload: dict[str, Any]) -> None:
    contents = Contents(hashed.encode().hex(), number, payload)
    packed = pack(contents)
    assert unpack(packed) == contents
    assert payload_of(document_of(packed)) == payload


def test_master_keys_read_what_they_write() -> None:
    many = MasterKeys((bytes(32), bytes(range(32))))
    assert MasterKeys.from_text(many.to_text()) == many


def test_a_filled_database_of_the_version_before_is_sealed(empty_url: str, tmp_path: Path) -> None:
    source = FileKeys(tmp_path / "keys" / "master.key")
    old = Database.open(empty_url, source)
    at = "2026-11-01T09:00:00.000000+00:00"
    with old.write() as conn:
        config = engine._config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0002")
        partner = {"id": "unit", "name": "Unit", "kind": "ngo", "country": "IN", "language": "en", "email": MAIL}
        conn.execute(
            text(
                "INSERT INTO partners (id, name, kind, country, language, email, webhook_url, webhook_secret, active, "
                "created_at) VALUES (:id, :name, :kind, :country, :language, :email, :url, :secret, true, :at)"
            ),
            partner | {"url": "https://unit.example.org/", "secret": "secret-of-the-webhook", "at": at},
        )
        for case_id, number in (("c1", "FIR-77"), ("c2", None)):
            conn.execute(
                text(
                    "INSERT INTO cases (id, side, owner_id, external_id, status, version, content_hash, payload, "
                    "protect_location, face_consent, created_at, created_by, updated_at, matched_version) VALUES (:id, "
                    "'missing', 'unit', :number, 'open', 2, 'hash', :payload, false, true, :at, 'key', :at, 0)"
                ),
                {"id": case_id, "number": number, "payload": engine.plain_json({"name": NAME}), "at": at},
            )
            for version, payload in ((1, {"name": NAME, "phone": [PHONE]}), (2, {"name": NAME})):
                conn.execute(
                    text(
                        'INSERT INTO case_versions (case_id, version, payload, content_hash, at, "by") VALUES (:id, '
                        ":version, :payload, 'hash', :at, 'key')"
                    ),
                    {"id": case_id, "version": version, "payload": engine.plain_json(payload), "at": at},
                )
        conn.execute(
            text(
                "INSERT INTO photos (id, case_id, position, state, sha256, media_type, content, created_at, attempts) "
                "VALUES ('photo-1', 'c1', 0, 'embedded', '00', 'image/jpeg', :content, :at, 0)"
            ),
            {"content": b"JPEG-BYTES", "at": at},
        )
        conn.execute(
            text(
                "INSERT INTO faces (id, photo_id, case_id, model, vector, width, box, quality, score, created_at) "
                "VALUES ('face-1', 'photo-1', 'c1', 'm', :vector, 4, '{}', 'good', 1.0, :at)"
            ),
            {"vector": np.arange(1, 5, dtype="<f4").tobytes(), "at": at},
        )
    old.dispose()
    upgrade(empty_url, source)
    database = Database.open(empty_url, source)
    try:
        assert current_revision(database) == engine.expected_revision()
        check_readable(database, "unit", "c1")
        with database.read() as conn:
            assert cases.require_case(conn, "c2").external_id is None
        raw = rows_as_bytes(database)
        if database.dialect == "sqlite":
            database.dispose()
            raw += b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
        else:
            raw += server_files(database)
        assert [word for word in (*WORDS, "JPEG-BYTES") if word.encode() in raw] == []
    finally:
        database.dispose()

"""Tables and models are the files that were shipped, or an error says which line or command."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from matcher import reference
from matcher.errors import ModelCorrupt, ModelMissing
from matcher.reference import alternatives, read_model, read_table


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "reference").mkdir()
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(reference, "data_root", lambda: tmp_path)
    return tmp_path


def test_alternatives_leave_out_what_is_empty() -> None:
    assert alternatives(" a | |b|") == ("a", "b")
    assert alternatives("") == ()


def test_a_table_skips_comments_and_blank_lines(root: Path) -> None:
    (root / "reference/t.tsv").write_text("# note\nid\tname\n\n1\t কলকাতা \n# x\n2\t\n", encoding="utf-8")
    assert list(read_table("t.tsv")) == [{"id": "1", "name": "কলকাতা"}, {"id": "2", "name": ""}]


def test_a_byte_order_mark_is_no_part_of_the_first_column(root: Path) -> None:
    (root / "reference/t.tsv").write_text("id\tname\n1\tx\n", encoding="utf-8-sig")
    assert list(read_table("t.tsv")) == [{"id": "1", "name": "x"}]


def test_a_torn_row_is_named_by_its_line(root: Path) -> None:
    (root / "reference/t.tsv").write_text("id\tname\n1\tx\n2\n", encoding="utf-8")
    with pytest.raises(ModelCorrupt, match="line 3 has 1 columns, the header 2"):
        list(read_table("t.tsv"))


def test_another_encoding_is_refused(root: Path) -> None:
    (root / "reference/t.tsv").write_bytes("id\tname\n1\tকলকাতা\n".encode("utf-16"))
    with pytest.raises(ModelCorrupt, match="not UTF-8"):
        list(read_table("t.tsv"))


def test_a_missing_table_says_what_to_run(root: Path) -> None:
    with pytest.raises(ModelMissing, match=r"none\.tsv is missing; run: make install"):
        list(read_table("none.tsv"))


def put_model(root: Path, name: str, content: bytes, checksum: str | None = None) -> None:
    (root / "models" / name).write_bytes(content)
    sums = {name: checksum or hashlib.sha256(content).hexdigest()}
    (root / "models/CHECKSUMS.json").write_text(json.dumps(sums))


def test_a_model_with_its_checksum_is_read(root: Path) -> None:
    put_model(root, "good.json", b'{"version": "v"}')
    assert read_model("good.json", "train") == {"version": "v"}


def test_a_changed_model_is_refused(root: Path) -> None:
    put_model(root, "changed.json", b"{}", checksum="0" * 64)
    with pytest.raises(ModelCorrupt, match=r"checksum is not the one recorded.*run: train"):
        read_model("changed.json", "train")


def test_a_missing_model_or_checksum_says_what_to_run(root: Path) -> None:
    with pytest.raises(ModelMissing, match=r"model gone\.json is missing; run: train"):
        read_model("gone.json", "train")
    (root / "models/alone.json").write_text("{}")
    with pytest.raises(ModelMissing):
        read_model("alone.json", "train")
    (root / "models/CHECKSUMS.json").write_text("{}")
    with pytest.raises(ModelMissing, match=r"the checksum of model alone\.json"):
        read_model("alone.json", "train")


@pytest.mark.parametrize("content", ["", "{", "\udcff"])
def test_torn_checksums_are_refused(root: Path, content: str) -> None:
    (root / "models/torn.json").write_text("{}")
    (root / "models/CHECKSUMS.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ModelCorrupt, match=r"CHECKSUMS\.json"):
        read_model("torn.json", "train")


def test_the_shipped_model_is_whole() -> None:
    assert read_model("evidence-2.json", "sandhan train evidence")["version"] == "evidence-2"

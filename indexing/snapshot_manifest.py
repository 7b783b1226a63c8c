"""What does a snapshot say of itself? Its manifest, and the line in CURRENT that puts it in use.

Both can be read without a key, sealed or not: they hold names of tables, counts, sizes, versions and a time, and
nothing of a record.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from indexing.errors import SnapshotReason, SnapshotUnusable
from indexing.sealing import FileSeal
from indexing.snapshot_files import INDEX_KINDS, TABLE, absence_is_a_reason

FORMAT: Final = 1
"""Version of the layout and of the manifest; a reader refuses every other."""

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
CURRENT: Final = "CURRENT"

_LINE: Final = re.compile(r"(snapshot-[0-9]{6,}) ([0-9a-f]{64})(?: ([0-9a-f]{8,64}) ([0-9a-f]{64}))?\n")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a snapshot was made from; it is of use only where all three are the same."""

    database_id: str
    encoder_id: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a snapshot: `kind` is an index's kind or "table"; `rows` by `width` is what it holds.

    Of a sealed file `sha256` is empty: its seal covers every byte.
    """

    name: str
    kind: str
    bytes: int
    sha256: str
    rows: int
    width: int

    @property
    def file(self) -> str:
        """The file's name in the snapshot's folder."""
        return f"{self.name}.{self.kind}"

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Read one entry of a manifest.

        Raises:
            KeyError, TypeError, ValueError: it is not one.
        """
        name, kind = str(fields["name"]), str(fields["kind"])
        # Both are joined to a path: anything but a plain word could lead out of the folder.
        if not NAME.fullmatch(name) or kind not in (*INDEX_KINDS, TABLE):
            raise ValueError("not a file of a snapshot")
        return cls(name, kind, int(fields["bytes"]), str(fields["sha256"]), int(fields["rows"]), int(fields["width"]))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds: every change up to `upto_seq` of the database's change sequence.

    `sealed_as` is what its files are sealed under, empty where they are plain.
    """

    format: int
    origin: Origin
    upto_seq: int
    created_at: datetime
    files: tuple[FileEntry, ...]
    sealed_as: str = ""

    def to_json(self) -> str:
        """Return the manifest as JSON, `created_at` in UTC."""
        fields = asdict(self) | {"created_at": self.created_at.astimezone(UTC).isoformat()}
        return json.dumps(fields, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            SnapshotUnusable: FORMAT: another format version, or not a manifest.
        """
        try:
            fields = json.loads(text)
            if fields["format"] != FORMAT:
                raise SnapshotUnusable(SnapshotReason.FORMAT, "another format version")
            manifest = cls(
                format=fields["format"],
                origin=Origin(**{name: str(value) for name, value in fields["origin"].items()}),
                upto_seq=int(fields["upto_seq"]),
                created_at=datetime.fromisoformat(fields["created_at"]),
                files=tuple(FileEntry.from_fields(entry) for entry in fields["files"]),
                sealed_as=str(fields.get("sealed_as", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SnapshotUnusable(SnapshotReason.FORMAT, "manifest.json") from error
        return manifest


class Current(NamedTuple):
    """What CURRENT says: the folder in use, the checksum of its manifest, and by which key these are proved."""

    folder: str
    digest: str
    key_id: str | None = None
    proof: str | None = None

    @property
    def proved(self) -> bytes:
        """Return what the proof is of."""
        return f"{self.folder} {self.digest}".encode()

    @classmethod
    def of(cls, folder: str, digest: str, seal: FileSeal | None) -> Self:
        """Return what to say of a snapshot, with the proof of a seal where there is one."""
        plain = cls(folder, digest)
        return plain if seal is None else plain._replace(key_id=seal.key_id, proof=seal.proof(plain.proved))

    def to_bytes(self) -> bytes:
        """Return the content of CURRENT."""
        return (" ".join(part for part in self if part is not None) + "\n").encode()

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Return what CURRENT of a directory says.

        Raises:
            SnapshotUnusable: MISSING or FORMAT.
        """
        with absence_is_a_reason(CURRENT):
            found = _LINE.fullmatch((directory / CURRENT).read_bytes().decode("latin-1"))
        if not found:
            raise SnapshotUnusable(SnapshotReason.FORMAT, CURRENT)
        return cls(*found.groups())

    def check(self, seal: FileSeal | None) -> None:
        """Refuse a snapshot that is not in use by the word of this very key, or of none where there is none.

        Raises:
            SnapshotUnusable: NOT_SEALED, OTHER_KEY or CHECKSUM.
        """
        if seal is None:
            if self.key_id is not None:
                raise SnapshotUnusable(SnapshotReason.OTHER_KEY, "sealed, and there is no key here")
            return
        if self.key_id is None or self.proof is None:
            raise SnapshotUnusable(SnapshotReason.NOT_SEALED, CURRENT)
        if self.key_id != seal.key_id:
            raise SnapshotUnusable(SnapshotReason.OTHER_KEY, "sealed by another key")
        if not hmac.compare_digest(self.proof, seal.proof(self.proved)):
            raise SnapshotUnusable(SnapshotReason.CHECKSUM, CURRENT)

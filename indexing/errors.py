"""What can go wrong between a record and its candidates, as one tree.

    SandhanError
    ├── BadId                an id is not a non-negative int64
    ├── DuplicateId          an id is already in the index, or twice in one call
    ├── UnknownId            an id is not in the index
    ├── BadVector            a vector is not finite float32 of ordinary size
    ├── BadSearch            a search asks for fewer than one result
    ├── ReadOnlyIndex        an index mapped from a file cannot be changed
    ├── IndexFileUnusable    an index file is not what its reader expects
    ├── SnapshotRefused      a snapshot cannot be described as asked
    ├── SnapshotBusy         another process is saving a snapshot here
    ├── ClusterFailed        a cluster cannot be reached, or lost its workers
    ├── WorkerFault          work went wrong on a worker of a cluster
    └── SnapshotUnusable     a snapshot cannot be used (says why, and what to run)

A vector of the wrong width is `matcher.errors.DimensionMismatch`. Messages count rows and name rules; they carry
neither ids nor vectors, since both can lead back to a child.
"""

from __future__ import annotations

from enum import StrEnum

from matcher.errors import SandhanError


class BadId(SandhanError):
    """An id is not a non-negative int64."""

    code = "bad_id"


class DuplicateId(SandhanError):
    """An id is already in the index, or twice in one call."""

    code = "duplicate_id"

    def __init__(self, count: int, where: str) -> None:
        """Say how many ids clash, and with what."""
        super().__init__(f"{count} duplicate id(s) {where}; remove them first, nothing was added")
        self.count = count


class UnknownId(SandhanError):
    """An id is not in the index."""

    code = "unknown_id"

    def __init__(self, count: int) -> None:
        """Say how many ids were not found."""
        super().__init__(f"{count} id(s) are not in the index")
        self.count = count


class BadVector(SandhanError):
    """A vector is not finite float32 of ordinary size."""

    code = "bad_vector"


class BadSearch(SandhanError):
    """A search asks for fewer than one result."""

    code = "bad_search"


class ReadOnlyIndex(SandhanError):
    """An index mapped from a file cannot be changed."""

    code = "read_only_index"

    def __init__(self) -> None:
        """Say how to get an index that can be changed."""
        super().__init__("this index is mapped from a file and read only; load it without mmap to change it")


class IndexFileUnusable(SandhanError):
    """An index file is not what its reader expects."""

    code = "index_file_unusable"

    def __init__(self, file: str, rule: str) -> None:
        """Name the file (without its folder) and the rule that it breaks."""
        super().__init__(f"index file {file} cannot be used: {rule}")
        self.file = file


class SealBroken(SandhanError):
    """A sealed file is not the one that was sealed, or was sealed by another key."""

    code = "seal_broken"

    def __init__(self) -> None:
        """Say so; of the file nothing is known that can be relied on."""
        super().__init__("a sealed file was changed, cut short or put elsewhere, or another key sealed it")


class SnapshotRefused(SandhanError):
    """A snapshot cannot be described as asked."""

    code = "snapshot_refused"

    def __init__(self, field: str, rule: str) -> None:
        """Name the field and the rule that it breaks."""
        super().__init__(f"{field}: {rule}")
        self.field = field


class SnapshotBusy(SandhanError):
    """Another process is saving a snapshot here."""

    code = "snapshot_busy"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("another process is saving a snapshot in this directory; try again when it is done")


class ClusterFailed(SandhanError):
    """A cluster cannot be reached, or has lost its workers; what was stored before stays stored."""

    code = "cluster_failed"

    def __init__(self, why: str) -> None:
        """Say what happened."""
        super().__init__(f"the cluster cannot go on: {why}; what was compared before stays done")


class WorkerFault(SandhanError):
    """Work went wrong on a worker of a cluster: a fault of the program, or too little memory there."""

    code = "worker_fault"

    def __init__(self, kind: str, where: str) -> None:
        """Give the type of what was raised, and where in the program that was."""
        super().__init__(f"a worker of the cluster failed ({kind} at {where}); what was compared before stays done")
        self.kind, self.where = kind, where

    def __reduce__(self) -> tuple[type[WorkerFault], tuple[str, str]]:
        return WorkerFault, (self.kind, self.where)


class SnapshotReason(StrEnum):
    """Why a snapshot cannot be used."""

    MISSING = "missing"
    TRUNCATED = "truncated"
    CHECKSUM = "checksum"
    FOREIGN = "foreign"
    OTHER_MODEL = "other_model"
    FORMAT = "format"
    NOT_SEALED = "not_sealed"
    """It can be read by anybody, and must not be."""
    OTHER_KEY = "other_key"
    """It was sealed by another key than the one that is here, or there is none here."""


class SnapshotUnusable(SandhanError):
    """A snapshot cannot be used; it is a cache, so the answer is always to rebuild it from the database."""

    code = "snapshot_unusable"

    def __init__(self, reason: SnapshotReason, what: str) -> None:
        """Give the reason, and the file or field that it is about."""
        super().__init__(f"snapshot unusable ({reason.value}: {what}); run `sandhan index rebuild`")
        self.reason = reason
        self.what = what

"""What can go wrong in the matching core, as one tree.

    SandhanError
    ├── InvalidRecord            a field of a record cannot be understood (carries the field's name)
    ├── DimensionMismatch        two vectors have different widths
    ├── ModelMissing             a model or reference file is not there (says what to run)
    ├── ModelCorrupt             a model file does not have the checksum its manifest states
    └── PhotoError               a photo cannot be used (see matcher.photos.errors)

Messages never carry what was entered: they name the field and the rule, so that a log or an error page
cannot disclose a child.
"""


class SandhanError(Exception):
    """Base of every error that Sandhan raises on purpose."""

    code = "error"


class InvalidRecord(SandhanError):
    """A field of a record cannot be understood."""

    code = "invalid_record"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class DimensionMismatch(SandhanError):
    """Two vectors have different widths."""

    code = "dimension_mismatch"

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"expected vectors of width {expected}, found {found}")
        self.expected = expected
        self.found = found


class ModelMissing(SandhanError):
    """A model or reference file is not there."""

    code = "model_missing"

    def __init__(self, what: str, run: str) -> None:
        super().__init__(f"{what} is missing; run: {run}")
        self.what = what
        self.run = run


class ModelCorrupt(SandhanError):
    """A model file is not the file that its manifest describes."""

    code = "model_corrupt"

    def __init__(self, what: str, reason: str, run: str) -> None:
        super().__init__(f"{what} cannot be used ({reason}); run: {run}")
        self.what = what
        self.run = run


class PhotoError(SandhanError):
    """A photo cannot be used; the subclass says why and what to do."""

    code = "photo_error"

"""Where does the master key come from? A file of the embedded mode, the environment, or a command that asks a KMS.

Several keys may be given: the first one seals, the others still open what was sealed before (`sandhan keys rotate`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from api.store.errors import StoreError
from indexing.durable import replace_file, sync_directory

LENGTH: Final = 32
_COMMAND_TIME_S: Final = 30.0


class KeysUnusable(StoreError):
    """The master key is missing, or is not the one that the database was sealed with."""

    code = "keys_unusable"


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master keys, by their ids; the first one is used for what is new."""

    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> MasterKeys:
        """Read keys in base64, separated by white space or commas.

        Raises:
            KeysUnusable: there is none, or one is not 32 bytes; it is not repeated.
        """
        found = []
        for word in text.replace(",", " ").split():
            try:
                key = base64.b64decode(word, validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) != LENGTH:
                raise KeysUnusable("a master key is not 32 bytes in base64; `sandhan keys new` prints one")
            found.append(key)
        if not found:
            raise KeysUnusable("there is no master key")
        return cls(tuple(dict.fromkeys(found)))

    @property
    def current(self) -> str:
        """Return the id of the key that seals."""
        return key_id(self.keys[0])

    def by_id(self, wanted: str) -> bytes | None:
        """Return the key of this id, None when it is not among these."""
        return next((key for key in self.keys if key_id(key) == wanted), None)

    def to_text(self) -> str:
        """Return what `from_text` reads: secret."""
        return "".join(f"{base64.b64encode(key).decode()}\n" for key in self.keys)


def key_id(key: bytes) -> str:
    """Return the name of a master key, which tells nothing about it."""
    return hashlib.sha256(b"sandhan master key" + key).hexdigest()[:16]


class KeySource(Protocol):
    """Where the master keys come from; it can be handed to a child process."""

    def load(self) -> MasterKeys:
        """Return the keys as they are now.

        Raises:
            KeysUnusable: says what to do.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileKeys:
    """A file readable by its owner only; made when the first thing is sealed."""

    path: Path

    def load(self) -> MasterKeys:
        """Return the keys in the file."""
        try:
            text = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            raise KeysUnusable(f"there is no master key at {self.path}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeysUnusable(f"the master key at {self.path} cannot be read ({type(error).__name__})") from None
        return MasterKeys.from_text(text)

    def create(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        """Make the file unless it is there; of two processes that try, one makes it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A name of its own: in two containers that share the folder, processes have the same number.
        made = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}.new")
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as sink:
                sink.write(MasterKeys((random_bytes(LENGTH),)).to_text())
                sink.flush()
                os.fsync(sink.fileno())
            try:
                os.link(made, self.path)  # whole or not at all, and never over another's
            except FileExistsError:
                return
            sync_directory(self.path.parent)
        finally:
            made.unlink(missing_ok=True)

    @property
    def is_writable(self) -> bool:
        """Tell whether the file is ours to change; one that systemd or a container hands in is not."""
        return os.access(self.path.parent, os.W_OK) and os.access(self.path, os.W_OK) and not os.path.ismount(self.path)

    def replace(self, keys: MasterKeys) -> None:
        """Put other keys into the file, in one step.

        Raises:
            KeysUnusable: it cannot be written; it is as it was.
        """
        try:
            replace_file(self.path, lambda sink: sink.write(keys.to_text().encode()))
        except OSError as error:
            raise KeysUnusable(f"the master key at {self.path} cannot be written ({error.strerror})") from error


@dataclass(frozen=True, slots=True)
class GivenKeys:
    """Keys in a setting."""

    text: str = field(repr=False)

    def load(self) -> MasterKeys:
        """Return them."""
        return MasterKeys.from_text(self.text)


@dataclass(frozen=True, slots=True)
class CommandKeys:
    """Keys that a command prints, one on each line: a KMS's client, for instance."""

    command: str = field(repr=False)

    def load(self) -> MasterKeys:
        """Run the command; what it says on its error output goes to ours."""
        try:
            ran = subprocess.run(shlex.split(self.command), stdout=subprocess.PIPE, check=True, timeout=_COMMAND_TIME_S)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise KeysUnusable(f"SANDHAN_MASTER_KEY_COMMAND failed ({type(error).__name__})") from None
        try:
            return MasterKeys.from_text(ran.stdout.decode("ascii"))
        except UnicodeDecodeError:
            raise KeysUnusable("SANDHAN_MASTER_KEY_COMMAND prints no base64") from None

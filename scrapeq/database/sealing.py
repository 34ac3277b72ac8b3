"""Encrypting what the record must not hold in clear, with a key that lies outside of it.

The key is SCRAPEQ_SECRET_KEY, or the file `secret.key` in the project's home, which is made when the first
secret is kept and is readable by its owner alone. Fernet (AES-128 and HMAC-SHA256) of `cryptography`. Who
has no key, or another, reads what is encrypted as it stands: `reveal` then says what to do.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq.errors import ConfigError
from scrapeq.models.secret_values import SEALED, is_clear
from scrapeq.settings import Settings, make_home

if TYPE_CHECKING:
    import sqlalchemy as sa
    from cryptography.fernet import MultiFernet

#: The option of an engine and its connections that holds the keys.
KEYS = "scrapeq_keys"
KEY_FILE = "secret.key"
_HINT = (
    "write one that Fernet makes, or several with commas: "
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)


@dataclass
class Keys:
    """The keys of a project: the first encrypts, and each of them decrypts.

    given: SCRAPEQ_SECRET_KEY. home: where the file lies that is used where there is none.
    """

    given: str | None = field(repr=False)
    home: Path

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        """The keys that these settings name; nothing is read yet."""
        key = settings.secret_key
        return cls(key.get_secret_value() if key is not None else None, settings.home)

    def seal(self, value: str) -> str:
        """A secret encrypted; a name, and what is encrypted or erased, as it is. Raises ConfigError."""
        if not is_clear(value):
            return value
        return SEALED + self._keys(make=True).encrypt(value.encode()).decode()

    def unseal(self, value: str) -> str:
        """The secret; as it stands where no key of ours fits."""
        if not value.startswith(SEALED):
            return value
        from cryptography.fernet import InvalidToken

        with suppress(InvalidToken, ConfigError):
            return self._keys().decrypt(value.removeprefix(SEALED).encode()).decode()
        return value

    def check(self) -> None:
        """Nothing, if there is a key that can be used. Raises ConfigError."""
        self._keys()

    def _keys(self, *, make: bool = False) -> MultiFernet:
        if self.given is None and make and not self._path.exists():
            _make_key(self._path)
        return self._fernet

    @property
    def _path(self) -> Path:
        return self.home / KEY_FILE

    @cached_property
    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        text, where = self.given, "SCRAPEQ_SECRET_KEY"
        if text is None:
            where = str(self._path)
            try:
                text = self._path.read_text(encoding="ascii")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"the key {where} cannot be read: {error}", hint=_HINT) from None
        try:
            return MultiFernet([Fernet(one.strip()) for one in text.split(",") if one.strip()])
        except ValueError:
            raise ConfigError(f"{where} holds no key", hint=_HINT) from None


def keys_of(bind: sa.Engine | sa.Connection) -> Keys:
    """The keys that the record was opened with."""
    options: Any = bind.get_execution_options()
    found: Keys = options[KEYS]
    return found


def _make_key(path: Path) -> None:
    """Make the file whole or not at all; of several processes that do so at once, one does."""
    from cryptography.fernet import Fernet

    make_home(path.parent)
    own = path.with_name(f"{KEY_FILE}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(own, path)
    except OSError as error:
        raise ConfigError(
            f"the key {path} cannot be made: {error.strerror}",
            hint="set SCRAPEQ_SECRET_KEY, or SCRAPEQ_HOME to a folder that you may write to",
        ) from error
    finally:
        own.unlink(missing_ok=True)

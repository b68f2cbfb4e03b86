"""Columns that are secret at rest: customs codes, bank accounts."""

from __future__ import annotations

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

_keyring: list[MultiFernet] = []


def set_field_keys(keys: list[bytes]) -> None:
    """Use `keys` (newest first) from now on. Called once at start."""
    _keyring[:] = [MultiFernet([Fernet(key) for key in keys])]


class EncryptedText(TypeDecorator[str]):
    """Text that only this application can read; `None` stays `None`."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else _keyring[0].encrypt(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else _keyring[0].decrypt(bytes(value)).decode()

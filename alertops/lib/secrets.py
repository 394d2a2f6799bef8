"""How a secret is kept: encrypted in the database, found by its digest, compared in constant time."""

import functools
import hashlib
import hmac
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.translation import gettext_lazy as _


def new_token() -> str:
    """Return 32 random bytes as 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return the hex SHA-256 by which a token is looked up; the token cannot be had back from it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same(first: str, second: str) -> bool:
    """Compare two secrets in a time that tells nothing about where they differ."""
    return hmac.compare_digest(first.encode("utf-8", "replace"), second.encode("utf-8", "replace"))


class EncryptedTextField(models.TextField):
    """Text that is ciphertext in the database and plain text in Python; empty stays empty.

    The first of ALERTOPS_ENCRYPTION_KEYS encrypts, all of them decrypt: put a new key first to rotate.
    Raises ImproperlyConfigured when no key fits what is stored.
    """

    description = _("Encrypted text")

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return _fernet().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        if not value:
            return value
        try:
            return _fernet().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                f"{self.model._meta.label}.{self.name} cannot be decrypted:"
                " put the key that it was stored with back into ALERTOPS_ENCRYPTION_KEYS."
            ) from error


def is_readable(ciphertext: str) -> bool:
    """Tell whether one of the keys fits what is stored."""
    try:
        _fernet().decrypt(ciphertext.encode())
    except (InvalidToken, ImproperlyConfigured):
        return False
    return True


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.ENCRYPTION_KEYS))


@functools.cache
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "ALERTOPS_ENCRYPTION_KEYS must hold one or more Fernet keys (32 bytes, base64),"
            " separated by commas; `make run` makes one."
        ) from error

"""The secret in an integration's URL: made, found, shown and replaced."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from alertops.lib import connections, secrets
from integrations.models import Integration

_FIND = """
SELECT id, name, is_enabled, signature_scheme, signing_secret, allows_get, token_digest, previous_token_digest
  FROM integrations_integration
 WHERE token_digest IN ({some}) OR previous_token_digest IN ({some}) AND previous_token_expires_at > %s
"""


@dataclass(frozen=True, slots=True)
class Doorway:
    """What the door needs of an integration; its token stays encrypted where it is."""

    id: int
    name: str
    is_enabled: bool
    signature_scheme: str
    stored_secret: str
    allows_get: bool
    token_digest: str
    previous_token_digest: str | None

    @property
    def signing_secret(self) -> str:
        """The secret that signs deliveries; empty when they are not signed."""
        return _SECRET.from_db_value(self.stored_secret, None, connection) or ""


_SECRET = Integration._meta.get_field("signing_secret")


class AlreadyRotated(Exception):
    """Somebody else has replaced the token since this integration was read."""


def create(integration: Integration) -> str:
    """Give an integration that is being made its token, without saving it; return the token."""
    integration.token = secrets.new_token()
    integration.token_digest = secrets.digest(integration.token)
    return integration.token


def rotate(integration: Integration, *, keep_old_for: timedelta, now: datetime) -> str:
    """Replace the token and return the new one; the old one stays valid beside it for a time.

    Raises AlreadyRotated when the integration has another token by now.
    """
    before, keeps = integration.token_digest, keep_old_for > timedelta(0)
    create(integration)
    integration.previous_token_digest = before if keeps else None
    integration.previous_token_expires_at = now + keep_old_for if keeps else None
    replaced = Integration.objects.filter(pk=integration.pk, token_digest=before).update(
        token=integration.token,
        token_digest=integration.token_digest,
        previous_token_digest=integration.previous_token_digest,
        previous_token_expires_at=integration.previous_token_expires_at,
    )
    if not replaced:
        raise AlreadyRotated(_("The secret URL was replaced meanwhile: load the page again."))
    return integration.token


def url_of(integration: Integration) -> str:
    """Return the secret URL to which the sender posts."""
    return door(integration.token)


def door(token: str) -> str:
    """Return the address that a token opens."""
    return f"{settings.BASE_URL}/in/{token}"


def find(token: str, now: datetime) -> Doorway | None:
    """Return the integration that a token opens, by its present token or by one that is still kept."""
    return find_all([secrets.digest(token)], now)[0]


def find_all(digests: Sequence[str], now: datetime) -> list[Doorway | None]:
    """Return what each token, given as its digest, opens; one query finds them all.

    Written out, because building the query costs the ORM more than asking it.
    """
    if not digests:
        return []
    found = connections.ask(partial(_ask, set(digests), now))
    kept = {doorway.previous_token_digest: doorway for doorway in found}
    present = {doorway.token_digest: doorway for doorway in found}
    return [present.get(digest) or kept.get(digest) for digest in digests]


def _ask(digests: Collection[str], now: datetime) -> list[Doorway]:
    some = ", ".join(["%s"] * len(digests))
    at = connection.ops.adapt_datetimefield_value(now)
    with connections.lean_cursor() as cursor:
        cursor.execute(_FIND.format(some=some), [*digests, *digests, at])
        return list(itertools.starmap(Doorway, cursor.fetchall()))

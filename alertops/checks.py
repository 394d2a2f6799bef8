"""What is misconfigured, in the operator's words."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security)
def check_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    return [*_encryption_keys(), *_base_url(), *_mail(), *_cache(), *_queue()]


def _encryption_keys() -> Iterator[checks.CheckMessage]:
    try:
        if [Fernet(key) for key in settings.ENCRYPTION_KEYS]:
            return
    except ValueError:
        pass
    yield checks.Error(
        "ALERTOPS_ENCRYPTION_KEYS holds no usable key; secret URLs cannot be stored.",
        hint="`make run` makes one. By hand: python -c 'from cryptography.fernet import Fernet;"
        " print(Fernet.generate_key().decode())'",
        id="alertops.E001",
    )


def _base_url() -> Iterator[checks.CheckMessage]:
    is_local = urlsplit(settings.BASE_URL).hostname in ("localhost", "127.0.0.1", "::1")
    if not settings.DEBUG and not settings.IS_HTTPS and not is_local:
        yield checks.Warning(
            f"ALERTOPS_BASE_URL is {settings.BASE_URL}, without TLS:"
            " passwords and secret URLs can be read on the way.",
            hint="Put a TLS proxy in front and set ALERTOPS_BASE_URL=https://...",
            id="alertops.W001",
        )

    if settings.IS_HTTPS and not settings.TRUSTED_PROXY_COUNT:
        yield checks.Warning(
            "ALERTOPS_BASE_URL is https, but no proxy is trusted: behind one, pages redirect to themselves.",
            hint="Set ALERTOPS_TRUSTED_PROXIES to the number of proxies in front of alertops, mostly 1.",
            id="alertops.W003",
        )


def _mail() -> Iterator[checks.CheckMessage]:
    if not settings.EMAIL_URL:
        yield checks.Warning(
            f"EMAIL_URL is not set: mails are written to {settings.MAIL_FOLDER} and reach nobody.",
            hint="Set EMAIL_URL, like smtp+tls://user:password@smtp.example.com:587",
            id="alertops.W002",
        )


def _cache() -> Iterator[checks.CheckMessage]:
    if not settings.IS_SQLITE and not settings.REDIS_URL:
        yield checks.Warning(
            "PostgreSQL is used without Redis: on several machines nudges and health would not be shared.",
            hint="Set REDIS_URL, like redis://localhost:6379/0. One machine alone may stay without.",
            id="alertops.W004",
        )


def _queue() -> Iterator[checks.CheckMessage]:
    queues = {"alerts": settings.Q_CLUSTER, **settings.Q_CLUSTER["ALT_CLUSTERS"]}
    for name, queue in queues.items():
        waves = -(-(queue["queue_limit"] + 1) // queue["workers"]) + 1
        if queue["retry"] < queue["timeout"] * waves:
            yield checks.Error(
                f"Queue {name}: retry {queue['retry']} s is shorter than what can wait"
                f" ({queue['timeout']} s × {waves}); tasks would run twice.",
                hint="Raise ALERTOPS_WORKERS, or retry in settings.Q_CLUSTER.",
                id="alertops.E002",
            )

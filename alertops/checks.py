"""What is misconfigured, in the operator's words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from alertops.lib import networks
from alertops.lib.sayings import saying

# In English on the operator's screen; the page of the system's health words them for its reader.
_NO_KEY = saying("ALERTOPS_ENCRYPTION_KEYS holds no usable key; secret URLs cannot be stored.")
_MAKE_KEY = saying(
    "`make run` makes one. By hand: python -c 'from cryptography.fernet import Fernet;"
    " print(Fernet.generate_key().decode())'"
)
_NO_TLS = saying(
    "ALERTOPS_BASE_URL is %(url)s, without TLS: passwords and secret URLs can be read on the way."
)
_PROXY = saying("Put a TLS proxy in front and set ALERTOPS_BASE_URL=https://...")
_NO_PROXY = saying(
    "ALERTOPS_BASE_URL is https, but no proxy is trusted: behind one, pages redirect to themselves."
)
_TRUST = saying("Set ALERTOPS_TRUSTED_PROXIES to the number of proxies in front of alertops, mostly 1.")
_NO_MAIL = saying("EMAIL_URL is not set: mails are written to %(folder)s and reach nobody.")
_SET_MAIL = saying("Set EMAIL_URL, like smtp+tls://user:password@smtp.example.com:587")
_NO_REDIS = saying(
    "PostgreSQL is used without Redis: on several machines nudges and health would not be shared."
)
_SET_REDIS = saying("Set REDIS_URL, like redis://localhost:6379/0. One machine alone may stay without.")
_TWICE = saying(
    "Queue %(queue)s: retry %(retry)d s is shorter than what can wait (%(timeout)d s × %(waves)d);"
    " tasks would run twice."
)
_MORE_WORKERS = saying("Raise ALERTOPS_WORKERS, or retry in settings.Q_CLUSTER.")


@checks.register(checks.Tags.security)
def check_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    return [*_encryption_keys(), *_base_url(), *_mail(), *_cache(), *_queue(), *_way_out()]


def _encryption_keys() -> Iterator[checks.CheckMessage]:
    try:
        if [Fernet(key) for key in settings.ENCRYPTION_KEYS]:
            return
    except ValueError:
        pass
    yield checks.Error(
        _NO_KEY,
        hint=_MAKE_KEY,
        id="alertops.E001",
    )


def _base_url() -> Iterator[checks.CheckMessage]:
    is_local = urlsplit(settings.BASE_URL).hostname in ("localhost", "127.0.0.1", "::1")
    if not settings.DEBUG and not settings.IS_HTTPS and not is_local:
        yield checks.Warning(
            _NO_TLS % {"url": settings.BASE_URL},
            hint=_PROXY,
            id="alertops.W001",
        )

    if settings.IS_HTTPS and not settings.TRUSTED_PROXY_COUNT:
        yield checks.Warning(
            _NO_PROXY,
            hint=_TRUST,
            id="alertops.W003",
        )


def _mail() -> Iterator[checks.CheckMessage]:
    if not settings.EMAIL_URL:
        yield checks.Warning(
            _NO_MAIL % {"folder": settings.MAIL_FOLDER},
            hint=_SET_MAIL,
            id="alertops.W002",
        )


def _cache() -> Iterator[checks.CheckMessage]:
    if not settings.IS_SQLITE and not settings.REDIS_URL:
        yield checks.Warning(
            _NO_REDIS,
            hint=_SET_REDIS,
            id="alertops.W004",
        )


def _queue() -> Iterator[checks.CheckMessage]:
    queues = {"alerts": settings.Q_CLUSTER, **settings.Q_CLUSTER["ALT_CLUSTERS"]}
    for name, queue in queues.items():
        waves = -(-(queue["queue_limit"] + 1) // queue["workers"]) + 1
        if queue["retry"] < queue["timeout"] * waves:
            yield checks.Error(
                _TWICE
                % {"queue": name, "retry": queue["retry"], "timeout": queue["timeout"], "waves": waves},
                hint=_MORE_WORKERS,
                id="alertops.E002",
            )


def _way_out() -> Iterator[checks.CheckMessage]:
    try:
        listed = networks.listed()
    except ImproperlyConfigured as error:
        yield checks.Error(
            str(error), hint="Leave it empty where only public addresses are called.", id="alertops.E003"
        )
        return
    never = [str(network) for network in listed if networks.is_never(network)]
    if never:
        yield checks.Warning(
            f"ALERTOPS_OUTBOUND_NETWORKS lists {', '.join(never)}: link-local, metadata and group addresses"
            " are never called, listed or not.",
            hint="Take it out, so that nobody relies on it.",
            id="alertops.W005",
        )
    if settings.CA_FILE and not Path(settings.CA_FILE).is_file():
        yield checks.Error(
            f"ALERTOPS_CA_FILE names {settings.CA_FILE}, which is no file: nothing can be called.",
            hint="Give the path of a PEM file that the server and the worker may read.",
            id="alertops.E004",
        )

"""When a service is switched off by itself, and how its administrators hear of that.

Failures are counted in a row: one success begins anew. What passes by itself is tried again and counts only
once it is given up.
"""

import logging
from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from alertops.lib.languages import speaking
from alertops.lib.wording import worded
from brokers.base import one_line
from brokers.models import RepositoryService
from brokers.operations.rights import administrators_of

logger = logging.getLogger(__name__)

MOST_FAILURES = 10
NOTE_AGAIN = timedelta(minutes=10)
NOTE_LIFE = timedelta(days=1)


def count(service_id: int, why: str, *, has_failed: bool, now: datetime) -> None:
    """Count how a run of a service ended; after too many failures switch the service off.

    In the caller's transaction.
    """
    rows = RepositoryService.objects.filter(pk=service_id)
    if not has_failed:
        rows.exclude(failure_count=0).update(failure_count=0)
        return
    rows.update(failure_count=F("failure_count") + 1)
    service = rows.select_for_update().filter(is_enabled=True, failure_count__gte=MOST_FAILURES).first()
    if service is None:
        return
    service.is_enabled = False
    service.disabled_at = service.note_due_at = now
    service.disabled_because = why
    service.save()
    logger.warning("Repository service %s is switched off after %s failures.", service_id, MOST_FAILURES)


def tell_due(now: datetime) -> int:
    """Tell administrators of services that were switched off by themselves; return how many notes left."""
    sent = 0
    rows = RepositoryService.objects.filter(note_due_at__lte=now).select_related("repository")
    for service in rows.order_by("note_due_at")[:100]:
        # Whoever moves the time has the note; it is told again if that does not come to its end.
        mine = RepositoryService.objects.filter(pk=service.pk, note_due_at=service.note_due_at)
        if not mine.update(note_due_at=now + NOTE_AGAIN):
            continue
        is_old = service.disabled_at is None or now - service.disabled_at > NOTE_LIFE
        if is_old or _tell(service):
            RepositoryService.objects.filter(pk=service.pk).update(note_due_at=None)
            sent += not is_old
    return sent


def _tell(service: RepositoryService) -> bool:
    """Send the note to the administrators, in the language of each; return whether it was taken."""
    addresses: defaultdict[str, list[str]] = defaultdict(list)
    for person in administrators_of(service, get_user_model()):
        addresses[person.language].append(person.email)
    try:
        get_connection().send_messages([_note(service, language, to) for language, to in addresses.items()])
    except (OSError, ValueError) as error:
        logger.warning("The note about repository service %s did not go out: %s", service.pk, error)
        return False
    return True


def _note(service: RepositoryService, language: str, to: list[str]) -> EmailMessage:
    page = settings.BASE_URL + reverse("admin:brokers_repositoryservice_change", args=[service.pk])
    with speaking(language):
        names = {
            "title": one_line(service.title),
            "repository": one_line(service.repository.full_name),
            "count": service.failure_count,
            "why": worded(service.disabled_because),
            "page": page,
        }
        return EmailMessage(
            subject=_("%(repository)s: the service “%(title)s” was switched off") % names,
            body=_(
                "The service “%(title)s” of the repository %(repository)s has failed %(count)d times in a"
                " row, so it was switched off. It acts on no push until somebody switches it on again.\n\n"
                "The last failure:\n%(why)s\n\n"
                "Its page, with its runs, and where it is switched on again:\n%(page)s\n\n"
                "You are told because you administer this repository in alertops."
            )
            % names,
            to=to,
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        )

"""What a newcomer finds, and that it works."""

import shlex
import stat

import pytest
from django.conf import settings
from django.test import Client

from alertops import demo
from alerts.models import Alert, EscalationPolicy, Notification, Team, User
from integrations import tasks
from integrations.models import Integration

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_password():
    yield
    (settings.DATA_DIR / "password").unlink(missing_ok=True)


def test_the_line_for_the_shell_opens_an_alert_that_tells_anna_and_then_ben(client: Client):
    demo.create()
    words = shlex.split(demo.describe().curl)
    address, body = words[-1], words[words.index("-d") + 1]

    answer = client.post(address.removeprefix(settings.BASE_URL), body, content_type="application/json")
    tasks.process(Integration.objects.get().pk)

    assert answer.status_code == 202
    alert = Alert.objects.get()
    assert alert.subject == "acme/website: Build FAILED"
    escalation = alert.escalations.get()
    told = [step.get("tells_recipients") or step["users"] for step in escalation.steps]
    assert told == [True, [User.objects.get(username="ben").pk]]
    assert alert.integration.recipient_users.get().username == "anna"
    assert not Notification.objects.filter(status="failed").exists()


def test_made_twice_it_is_there_once():
    demo.create()
    before = demo.describe()

    demo.create()

    assert demo.describe() == before
    counts = [model.objects.count() for model in (User, Team, EscalationPolicy, Integration)]
    assert counts == [3, 1, 1, 1]
    assert EscalationPolicy.objects.get().steps.count() == 2


def test_the_password_is_kept_for_the_next_start_and_from_others():
    demo.create()
    told = demo.describe()

    assert User.objects.get(username=told.username).check_password(told.password)
    assert stat.S_IMODE((settings.DATA_DIR / "password").stat().st_mode) == 0o600


def test_a_password_that_was_changed_is_not_told():
    demo.create()
    admin = User.objects.get(username=demo.ADMIN)
    admin.set_password("another one entirely")
    admin.save()

    assert demo.describe().password is None


def test_what_was_taken_away_is_not_told():
    demo.create()
    Integration.objects.all().delete()

    assert demo.describe().curl is None


def test_a_database_that_somebody_uses_is_not_empty():
    assert demo.is_empty()
    demo.create()
    assert not demo.is_empty()

"""Passwords cannot be guessed one after the other, and who mistyped theirs is not shut out for long."""

from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.core import mail
from django.test import Client
from django.urls import reverse

from alertops.throttle import MOST_NAMES
from tests.admin.test_accounts import ask, choose, link_in
from tests.factories import NOW, UserFactory

PASSWORD = "the right one"


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """Slow hashes are Django's to test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def anna(db):
    user = UserFactory(username="anna")
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(password, *, username="anna", address="192.0.2.1", **headers):
    form = {"username": username, "password": password}
    return Client().post("/login/", form, REMOTE_ADDR=address, headers=headers)


def fail(times, **options):
    for _time in range(times):
        answer = log_in("wrong", **options)
    return answer


def test_after_five_wrong_passwords_the_right_one_has_to_wait(anna):
    fail(4)
    assert log_in(PASSWORD).status_code == 302
    answer = fail(5)

    assert answer.status_code == 429
    refused = log_in(PASSWORD)
    assert refused.status_code == 429
    assert "Try again" in refused.content.decode()
    assert refused["Retry-After"] == "900"
    assert "'unsafe-eval'" in refused["Content-Security-Policy"]  # or its menus would all stand open


def test_it_is_forgotten_after_a_quarter_of_an_hour_even_if_one_goes_on_trying(anna):
    fail(5)
    with time_machine.travel(NOW + timedelta(minutes=14), tick=False):
        assert log_in("wrong").status_code == 429

    with time_machine.travel(NOW + timedelta(minutes=15, seconds=1), tick=False):
        assert log_in(PASSWORD).status_code == 302


@pytest.mark.parametrize("other", [{"address": "192.0.2.2"}, {"username": "ben"}])
def test_nobody_else_is_shut_out(other, anna):
    ben = UserFactory(username="ben")
    ben.set_password(PASSWORD)
    ben.save()
    fail(5)

    assert log_in(PASSWORD, **other).status_code == 302


def test_behind_a_proxy_it_is_the_sender_who_waits(anna, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    fail(5, x_forwarded_for="1.1.1.1, 198.51.100.7")

    assert log_in(PASSWORD, x_forwarded_for="198.51.100.7").status_code == 429
    assert log_in(PASSWORD, x_forwarded_for="198.51.100.8").status_code == 302


def test_without_a_proxy_nobody_gets_round_it_by_a_header(anna):
    for number in range(5):
        fail(1, x_forwarded_for=f"203.0.113.{number}")

    assert log_in(PASSWORD, x_forwarded_for="203.0.113.9").status_code == 429


@pytest.mark.parametrize("nonsense", ["unknown", "1.2.3.4:80", "'; --"])
def test_a_proxys_nonsense_counts_as_the_proxy(nonsense, anna, settings):
    settings.TRUSTED_PROXY_COUNT = 1

    assert log_in("wrong", x_forwarded_for=nonsense).status_code == 200
    assert AccessAttempt.objects.get().ip_address == "192.0.2.1"


def test_a_new_password_opens_the_way_at_once(anna, settings):
    settings.EMAIL_URL = "smtp://mail.example.com"
    assert reverse("admin_password_reset") in fail(5).content.decode()
    client = Client()
    ask(client, anna.email)

    choose(client.get(link_in(mail.outbox[0].body)).url, client)

    assert log_in("a good long one").status_code == 302


def test_who_tries_many_names_has_to_wait_with_every_name(anna):
    for number in range(MOST_NAMES - 1):
        with time_machine.travel(NOW + timedelta(seconds=number), tick=False):
            assert log_in("wrong", username=f"name{number}").status_code == 200
            assert log_in("wrong", username=f"name{number}").status_code == 200
    assert log_in(PASSWORD).status_code == 302
    assert log_in("wrong", username="one more").status_code == 200

    refused = log_in(PASSWORD)

    assert refused.status_code == 429
    assert "wrong passwords came for many names" in refused.content.decode()
    assert refused["Retry-After"] == "900"
    assert log_in(PASSWORD, address="192.0.2.2").status_code == 302


def test_after_many_names_the_wait_ends_when_the_first_of_them_is_forgotten(anna):
    for number in range(MOST_NAMES):
        with time_machine.travel(NOW + timedelta(minutes=number // 10), tick=False):
            log_in("wrong", username=f"name{number}")

    for minutes, status in ((14, 429), (15, 302)):
        with time_machine.travel(NOW + timedelta(minutes=minutes, seconds=1), tick=False):
            assert log_in(PASSWORD).status_code == status


def test_no_password_is_kept(anna):
    fail(2)

    assert "wrong" not in str(AccessAttempt.objects.values().get())


def test_nobody_edits_what_is_on_record(superuser, rows):
    row = rows["axes.accessattempt"]

    page = superuser.get(reverse("admin:axes_accessattempt_changelist")).content.decode()
    assert "has to wait" in page
    for name in ("change", "delete"):
        url = reverse(f"admin:axes_accessattempt_{name}", args=[row.pk])
        assert superuser.post(url, {"post": "yes"}).status_code == 403

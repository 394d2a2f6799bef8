"""Everybody reads the pages in a language of their own; programs get English."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.admin.conftest import SUPERUSER
from tests.factories import MessageFactory, UserFactory

HELLO = {"en": "Three steps to the first alert", "de": "Drei Schritte zum ersten Alarm"}


def shown(client, url="/", **headers):
    return client.get(url, headers=headers).content.decode()


def choose(client, language, to="/login/"):
    return client.post(reverse("set_language"), {"language": language, "next": to})


@pytest.mark.parametrize(
    ("chosen", "browser", "language"),
    [
        ("de", "", "de"),
        ("de", "en-GB,en;q=0.9", "de"),
        ("en", "de-DE,de;q=0.9", "en"),
        ("", "de-DE,de;q=0.9,en;q=0.8", "de"),
        ("", "de-AT", "de"),
        ("", "fr-FR,fr;q=0.9", "en"),
        ("", "", "en"),
        ("xx", "de", "de"),
    ],
)
def test_a_page_is_in_the_language_of_the_person_else_of_the_browser(chosen, browser, language, as_role):
    client = as_role(SUPERUSER)
    type(client.user).objects.filter(pk=client.user.pk).update(language=chosen)

    answer = client.get("/", headers={"Accept-Language": browser} if browser else {})

    assert HELLO[language] in answer.content.decode()
    assert f'<html lang="{language}"' in answer.content.decode()
    assert answer["Content-Language"] == language
    assert translation.get_language() == "en"


def test_a_browser_without_a_wish_gets_the_language_of_the_installation(superuser, settings):
    settings.LANGUAGE_CODE = "de"

    assert HELLO["de"] in shown(superuser)
    assert HELLO["de"] in shown(superuser, **{"Accept-Language": "fr"})
    assert HELLO["en"] in shown(superuser, **{"Accept-Language": "en"})


def test_who_is_not_logged_in_yet_chooses_on_the_log_in_page(client, db):
    page = shown(client, "/login/")
    assert '<button type="submit" name="language" value="de" lang="de">Deutsch</button>' in page
    assert 'value="en" lang="en" aria-current="true">English</button>' in page

    answer = choose(client, "de")

    assert answer.url == "/login/"
    assert client.cookies["django_language"]["max-age"] == 365 * 24 * 3600
    assert "Passwort oder Anmeldename vergessen?" in shown(client, "/login/")
    assert "Ein neues Passwort" in shown(client, reverse("admin_password_reset"))


def test_the_choice_on_the_log_in_page_stays_until_the_person_chooses(client, db):
    choose(client, "de")
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    assert HELLO["de"] in shown(client)

    user.language = "en"
    user.save()

    assert HELLO["en"] in shown(client)


def test_the_choice_leads_nowhere_else(client, db):
    assert choose(client, "de", to="https://evil.example.com/").url == "/"
    forger = Client(enforce_csrf_checks=True)
    forged = forger.post(reverse("set_language"), {"language": "de"}, headers={"Accept": "text/html"})
    assert forged.status_code == 403


def test_a_person_chooses_among_the_settings_and_reads_it_at_once(superuser):
    me = reverse("admin:alerts_user_me")
    form = {"first_name": "", "last_name": "", "email": superuser.user.email, "time_zone": "Europe/Berlin"}

    answer = superuser.post(me, {**form, "language": "de"}, follow=True)

    superuser.user.refresh_from_db()
    assert superuser.user.language == "de"
    assert "Ihre Einstellungen sind gespeichert." in answer.content.decode()
    assert "wie der Browser sie wünscht" in answer.content.decode()


def test_a_language_that_is_none_is_refused(superuser):
    form = {"email": superuser.user.email, "time_zone": "UTC", "language": "tlh"}

    answer = superuser.post(reverse("admin:alerts_user_me"), form)

    assert "language" in answer.context["form"].errors


def test_times_and_numbers_are_written_as_the_language_has_them(superuser, rows):
    superuser.user.language, superuser.user.time_zone = "de", "Europe/Berlin"
    superuser.user.save()

    assert "2. März 2026, 13:00:00 CET" in shown(superuser, "/alerts/alert/").replace("Mär ", "März ")


@pytest.mark.parametrize("url", ["/api/v1/alerts/x", "/api/v1/nothing", "/readyz", "/in/nothing", "/nothing"])
def test_programs_get_english_whatever_they_accept(url, client, db):
    answer = client.get(url, headers={"Accept-Language": "de", "Accept": "application/json"})

    assert not set("äöüß") & set(answer.content.decode())
    assert translation.get_language() == "en"


def test_programs_of_a_person_who_reads_german_get_english(superuser):
    superuser.user.language = "de"
    superuser.user.save()

    said = superuser.get("/api/v1/alerts/99").json()

    assert said["detail"] == "There is nothing with this number here."


def test_a_sender_is_answered_in_english_and_the_log_is_worded(superuser, settings):
    settings.LANGUAGE_CODE = "de"
    message = MessageFactory(detail="Joined #4, 2nd time; 1 event more", status="mapped_appended")
    superuser.user.language = "de"
    superuser.user.save()

    said = shown(superuser, reverse("admin:integrations_inboundmessage_change", args=[message.pk]))

    assert "Zu #4 hinzugekommen, zum 2. Mal; 1 weiteres Ereignis" in said
    with translation.override("de"):
        refused = superuser.post(
            "/in/none", "x", content_type="text/plain", headers={"Accept-Language": "de"}
        )
    assert refused.json()["detail"] == "No integration has this URL: copy it anew from the admin."

"""What a mail looks like when it has gone through a real mail server."""

import re
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.utils import translation

from alertops.lib.smtp import EmailBackend
from alerts.channels.email import message_of
from alerts.logic.event import Severity
from alerts.logic.notification import Kind
from alerts.models import Alert, Notification, User
from alerts.operations import delivery, escalation, letters
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy, start
from tests.alerts.operations.reports import act, by
from tests.factories import NOW, UserFactory
from tests.mailserver import MailServer

pytestmark = pytest.mark.django_db
# Words of ours that no German mail has.
ENGLISH = re.compile(r"\b(the|since|told|times|nobody|next|Alert|Acknowledge)\b")


@pytest.fixture
def server(settings):
    with MailServer() as mail_server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
        settings.DEFAULT_FROM_EMAIL = "alertops <alerts@ops.example.com>"
        yield mail_server


@pytest.fixture
def anna():
    return UserFactory(username="anna", first_name="Anna", last_name="Berg", time_zone="Europe/Berlin")


@pytest.fixture
def ben():
    return UserFactory(username="ben", time_zone="America/New_York")


@pytest.fixture
def alert(anna, ben):
    """A broken build; Anna is told at 12:00 UTC, Ben five minutes later."""
    made = start(policy(([anna], 0, {}), ([ben], 5, {}), last_resort=UserFactory(username="boss")))
    Alert.objects.filter(pk=made.pk).update(
        severity="critical",
        subject="Build broken: acme/website",
        short_text="Step “Test” failed.",
        long_text="3 of 812 tests failed:\n  checkout.test_pay <b>",
        source="Bitbucket",
        source_name="acme/website",
        source_id="pipelines main",
        source_url="https://ci.example.com/481?a=1&b=2",
        runbook_url="https://wiki.example.com/website",
        event_count=3,
        last_event_at=NOW - MINUTE,
        tags={"environment": "production"},
    )
    return Alert.objects.get(pk=made.pk)


@pytest.fixture
def get(server, alert):
    """Return the mail about the alert that a person gets when what is due at a minute is sent."""

    def get_at(minute, user, about=alert):
        pass_minutes(minute, minute)
        delivery.deliver_due(NOW + minute * MINUTE)
        mails, server.mails[:] = server.mails[:], []
        about_it = [
            mail for to, mail in mails if (to, mail["X-Alertops-Alert"]) == (user.email, str(about.pk))
        ]
        assert len(about_it) == 1, mails
        return about_it[0]

    return get_at


def text(mail):
    return mail.get_body(("plain",)).get_content()


def html(mail):
    return mail.get_body(("html",)).get_content()


def words(mail):
    """Return what a person reads of the HTML, without tags, in one line."""
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", html(mail), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_a_page_says_what_a_person_needs_at_night(get, alert, anna):
    mail = get(0, anna)

    assert mail["Subject"] == f"[CRITICAL] Build broken: acme/website (#{alert.pk})"
    assert mail["To"] == "anna@example.com"
    for said in (text(mail), words(mail)):
        assert "Open since 13:00 CET, and nobody has taken it yet." in said
        assert "Step “Test” failed." in said
        assert "Bitbucket · acme/website · pipelines main" in said
        assert "3 times, last at 12:59 CET" in said
        assert "production" in said
        assert "If nobody takes it, next at 13:05 CET: Ben." in said
        assert "Anna Berg" in said


def test_the_sentence_and_the_button_come_before_everything_else(get, anna):
    said = text(get(0, anna))

    order = [
        "Build broken",
        "Open since",
        "Acknowledge (I’ve got it)",
        "/answer/",
        "Step “Test”",
        "Source:",
        "Close:",
    ]
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)


def test_both_parts_have_the_same_links(get, alert, anna):
    mail = get(0, anna)

    in_text = set(re.findall(r"https?://\S+", text(mail)))
    in_html = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', html(mail))}

    assert in_text == in_html
    assert {"https://ci.example.com/481?a=1&b=2", "https://wiki.example.com/website"} < in_text
    assert f"http://localhost:8000/alerts/alert/{alert.pk}/change/" in in_text
    assert sum("/answer/" in link for link in in_text) == 2


def test_times_are_in_the_persons_zone_and_others_who_were_told_are_named(get, anna, ben):
    get(0, anna)

    said = text(get(5, ben))

    assert "Open since 07:00 EST" in said
    assert "Also told: Anna Berg (07:00 EST)." in said
    assert "If nobody takes it, next at 07:10 EST: Boss." in said


def test_who_is_told_again_is_not_named_as_somebody_else(get, anna):
    again = start(policy(([anna], 0, {}), ([anna], 5, {})))
    get(0, anna, again)

    assert "Also told" not in text(get(5, anna, again))


def test_a_time_of_another_day_has_its_day(get, alert, anna):
    Alert.objects.update(opened_at=NOW - timedelta(days=2, minutes=30))

    said = text(get(0, anna))

    assert "Open since 28 February, 12:30 CET" in said
    assert "(2 days 30 minutes)" in said


def test_mails_about_an_alert_are_one_conversation_and_no_two_have_one_id(get, alert, anna, ben):
    mails = [get(0, anna), get(5, ben)]

    assert len({mail["References"] for mail in mails}) == 1
    assert all(mail["In-Reply-To"] == mail["References"] for mail in mails)
    assert len({mail["Message-ID"] for mail in mails}) == 2
    assert mails[0]["Message-ID"].endswith("@ops.example.com>")


def test_programs_see_that_a_program_wrote_it(get, alert, anna):
    mail = get(0, anna)

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Alertops-Alert"] == str(alert.pk)
    assert (mail["Importance"], mail["From"]) == ("high", "alertops <alerts@ops.example.com>")


def test_what_is_not_urgent_does_not_say_that_it_is(get, alert, anna):
    Notification.objects.all().delete()
    Alert.objects.update(severity="warning")

    mail = get(0, anna)

    assert mail["Subject"].startswith("[WARNING]")
    assert mail["Importance"] is None


def test_a_subject_with_line_breaks_makes_no_header(get, alert, anna):
    Alert.objects.update(subject="Broken\r\nBcc: everybody@example.com\n\x01\x1b[31m now")

    mail = get(0, anna)

    assert mail["Subject"] == f"[CRITICAL] Broken Bcc: everybody@example.com [31m now (#{alert.pk})"
    assert mail["Bcc"] is None


def test_every_byte_on_the_wire_is_seven_bit_and_no_line_is_too_long(server, get, alert, anna):
    Alert.objects.update(subject="Überlauf 💥 " * 20, long_text="ß" * 5000, short_text="日本")

    mail = get(0, anna)

    raw = server.raw[-1]
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998
    assert mail.get_body(("plain",))["Content-Transfer-Encoding"] == "quoted-printable"
    subject = mail["Subject"].strip()  # a long one is folded right after the header's name
    assert subject.startswith("[CRITICAL] Überlauf 💥 Überlauf")
    assert subject.endswith(f"… (#{alert.pk})")
    assert len(subject) < 220
    assert "ßß…" in text(mail)


def test_what_a_stranger_wrote_stays_text(get, alert, anna):
    Alert.objects.update(
        subject="<script>alert(1)</script>",
        runbook_url="javascript:alert(1)",
        source_url='https://x.example.com/"onmouseover="x',
        tags={"<img src=x>": "<b>&"},
    )

    mail = get(0, anna)

    assert "<script>" not in html(mail)
    assert "<img" not in html(mail)
    assert "javascript:" not in html(mail) + text(mail)
    assert '"onmouseover' not in html(mail)
    assert "<script>alert(1)</script>" in text(mail)


def test_a_shared_address_gets_a_link_to_log_in_and_none_to_act(get, alert, anna):
    UserFactory(email=anna.email.upper())

    mail = get(0, anna)

    assert "/answer/" not in html(mail) + text(mail)
    assert "Several people read this address, so log in to answer" in text(mail)
    assert "Log in to answer" in html(mail)


def test_an_address_shared_with_one_who_left_is_not_shared(get, alert, anna):
    UserFactory(email=anna.email, is_active=False)

    assert "/answer/" in text(get(0, anna))


def test_news_of_closing_has_no_button_and_belongs_to_the_conversation(get, alert, anna, ben):
    page = get(0, anna)
    act(alert, "close", by=by(ben), at=NOW + 27 * MINUTE, text="Rolled back to 480.")

    mail = get(27, anna)

    assert mail["Subject"] == f"[CLOSED] Build broken: acme/website (#{alert.pk})"
    assert "Closed by Ben at 13:27 CET. There is nothing left to do." in text(mail)
    assert "Rolled back to 480." in words(mail)
    assert "(27 minutes)" in text(mail)
    assert "/answer/" not in text(mail)
    assert mail["References"] == page["References"]
    assert mail["Importance"] is None


def test_a_test_says_that_it_is_one(get, alert, anna):
    Alert.objects.update(is_test=True)

    assert get(0, anna)["Subject"].startswith("[TEST, CRITICAL]")


def test_one_who_is_given_an_alert_hears_from_whom(get, alert, anna, ben):
    act(alert, "assign", by=by(ben), user_id=anna.pk)

    assert "Ben gave you this alert." in text(get(0, anna))


def test_one_who_is_asked_to_help_hears_by_whom(get, alert, anna, ben):
    act(alert, "add_responder", by=by(anna), user_id=ben.pk)

    said = text(get(0, ben))

    assert "Anna Berg asks you to help with this alert." in said
    assert "Acknowledge (I’m helping)" in said


def test_a_raise_says_how_bad_it_is_now(get, alert, anna, ben):
    get(0, anna)
    Alert.objects.update(severity="error")
    act(alert, "change_severity", by=by(ben), severity=Severity.CRITICAL)

    assert "It has become worse: it is critical now." in text(get(1, anna))


def test_a_reminder_says_until_when(get, alert, anna):
    act(alert, "acknowledge", by=by(anna))
    alert.refresh_from_db()
    escalation.tell(alert, [anna], Kind.REMINDER, now=NOW, key="x")

    said = text(get(0, anna))

    assert "Your acknowledgement ends at 14:00 CET." in said
    assert "Acknowledge again (I’ve still got it)" in said


def test_the_last_resort_hears_that_nobody_is_left(get, alert):
    boss = alert.policy.last_resort
    pass_minutes(0, 10)

    said = text(get(10, boss))

    assert "Nobody has taken this alert since 12:00 UTC, and all steps are used up" in said
    assert "next at 13:10 UTC: you again" in said


def test_a_step_that_stops_at_closing_says_who_has_it(get, server, anna, ben):
    both = start(policy(([anna], 0, {}), ([ben], 5, {"stop": "closed"})))
    pass_minutes(0, 0)
    act(both, "acknowledge", by=by(anna), at=NOW + MINUTE)
    pass_minutes(1, 4)

    assert "Acknowledged by Anna Berg at 07:01 EST, but not closed yet." in text(get(5, ben, both))


def test_a_person_whose_zone_is_unknown_reads_the_servers_time(get, anna):
    anna.time_zone = "Mars/Olympus"
    anna.save()

    assert "Open since 12:00 UTC" in text(get(0, anna))


def test_a_slow_server_has_a_deadline_over_all_its_answers(server, settings):
    server.pause = 0.2
    backend = EmailBackend(timeout=5)
    backend.deadline.set(timedelta(seconds=0.5))
    message = EmailMessage("s", "b", "a@example.com", ["b@example.com"])

    with pytest.raises(OSError, match=r"too slow|timed out"):
        backend.open() and backend.send_messages([message] * 9)

    backend.hang_up()


def test_an_alert_without_an_integration_is_written_about_too(get, server, anna):
    bare = start(policy(([anna], 0, {})))
    Alert.objects.filter(pk=bare.pk).update(subject="", integration=None, severity="info")

    assert get(0, anna, bare)["Subject"] == f"[INFO] Alert (#{bare.pk})"


def test_a_mail_is_in_the_language_of_its_reader(get, alert, anna, ben):
    User.objects.filter(pk=anna.pk).update(language="de")

    mail, other = get(0, anna), get(5, ben)

    assert mail["Subject"] == f"[KRITISCH] Build broken: acme/website (#{alert.pk})"
    assert '<html lang="de">' in html(mail)
    for said in (text(mail), words(mail)):
        assert "Offen seit 13:00 CET, und noch niemand hat ihn übernommen." in said
        assert "Übernehmen (ich kümmere mich)" in said
        assert "3 Mal, zuletzt 12:59 CET" in said
        assert "Übernimmt ihn niemand, dann (13:05 CET): Ben." in said
        assert "Step “Test” failed." in said
        assert not ENGLISH.search(said)
    assert "Open since 07:00 EST, and nobody has taken it yet." in text(other)
    assert "Also told: Anna Berg (07:00 EST)." in text(other)
    assert '<html lang="en">' in html(other)


def test_one_stride_writes_to_everybody_in_their_own_language(server, anna, ben):
    User.objects.filter(pk=anna.pk).update(language="de")
    start(policy(([anna, ben], 0, {})))

    pass_minutes(0, 0)
    while delivery.deliver_due(NOW):
        pass

    mails, server.mails[:] = server.mails[:], []
    said = {to: text(mail) for to, mail in mails}
    assert "Alarm #" in said["anna@example.com"]
    assert "Alert #" in said["ben@example.com"]
    assert translation.get_language() == "en"


def test_who_has_chosen_none_is_written_to_in_the_language_of_the_installation(get, anna, settings):
    settings.LANGUAGE_CODE = "de"

    assert "Offen seit" in text(get(0, anna))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.RAISED, "Es ist schlimmer geworden: jetzt kritisch."),
        (Kind.ASSIGNED, "Dieser Alarm gehört jetzt Ihnen."),
        (Kind.RESPONDER, "Sie werden um Hilfe bei diesem Alarm gebeten."),
        (Kind.REMINDER, "Ihre Übernahme endet: "),
        (Kind.LAST_RESORT, "Seit 13:00 CET hat niemand diesen Alarm übernommen"),
    ],
)
def test_every_kind_of_mail_is_said_in_german(kind, sentence, alert, anna):
    pass_minutes(0, 0)
    Alert.objects.update(acknowledgement_expires_at=NOW + MINUTE)
    page = Notification.objects.select_related("alert").get(user=anna)
    page.kind, anna.language = kind, "de"

    mail = message_of(letters.compose(page, anna, now=NOW))

    assert sentence in mail.body
    assert not ENGLISH.search(mail.body)


def test_a_resolution_that_the_system_wrote_is_worded(get, alert, anna):
    User.objects.filter(pk=anna.pk).update(language="de")
    get(0, anna)
    Alert.objects.filter(pk=alert.pk).update(auto_close_at=NOW)
    act(alert, "auto_close")

    said = text(get(1, anna))

    assert "Seit 2026-03-02 11:59 UTC war nichts mehr zu hören." in said
    assert "Geschlossen von alertops" in said

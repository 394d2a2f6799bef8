"""The notification log tells who was told and how it went, and tries again what failed."""

import pytest
from django.urls import reverse

from alertops import roles
from alerts.models import Attempt, Notification
from tests.factories import NOW, AlertFactory, UserFactory

LIST = "/alerts/notification/"


def notification(**columns):
    anna = UserFactory(first_name="Anna", email="anna@example.com")
    values = {
        "user": anna,
        "user_label": "Anna",
        "channel": "email",
        "address": anna.email,
        "urgency": "high",
    }
    values |= {"dedup_key": str(Notification.objects.count()), "created_at": NOW, "due_at": NOW, **columns}
    return Notification.objects.create(alert=AlertFactory(subject="Build broken"), **values)


def page_of(row):
    return reverse("admin:alerts_notification_change", args=[row.pk])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"status": "pending"}, "Anna is to be told by e-mail"),
        ({"status": "sent", "sent_at": NOW}, "Anna was told by e-mail"),
        ({"status": "failed", "error": "550 No such mailbox"}, "Anna could not be told by e-mail"),
        ({"status": "cancelled"}, "Anna was not told by e-mail: it was called off"),
    ],
    ids=["pending", "sent", "failed", "cancelled"],
)
def test_a_page_says_in_a_sentence_how_it_went(columns, words, responder):
    row = notification(**columns)

    page = responder.get(page_of(row)).content.decode()

    assert words in page
    assert columns.get("error", "") in page
    assert ("Try again" in page) is (columns["status"] == "failed")


def test_a_page_lists_each_attempt_with_the_answer_of_the_mail_server(responder):
    row = notification()
    Attempt.objects.create(
        notification=row, number=1, started_at=NOW, provider="smtp", result="retry", answer="451 later"
    )

    assert "451 later" in responder.get(page_of(row)).content.decode()


def test_the_mail_is_shown_without_the_links_by_which_its_reader_acts(responder):
    page = responder.get(page_of(notification())).content.decode()

    assert "Build broken" in page
    assert "/answer/" not in page


def test_a_notification_of_who_is_gone_still_has_its_page(responder):
    row = notification()
    row.user.delete()

    assert responder.get(page_of(row)).status_code == 200


def test_what_failed_is_tried_again(responder):
    row = notification(status="failed", error="550")

    page = responder.post(reverse("admin:alerts_notification_retry", args=[row.pk]), follow=True)

    row.refresh_from_db()
    assert "It is sent again." in page.content.decode()
    assert (row.status, row.error) == ("pending", "")


def test_of_a_selection_only_what_failed_is_tried_again(responder):
    rows = [notification(status="failed"), notification(status="sent")]

    page = responder.post(
        LIST, {"action": "retry", "_selected_action": [row.pk for row in rows]}, follow=True
    )

    assert "1 notification is sent again." in page.content.decode()
    assert "1 was left as it is: it has not failed." in page.content.decode()
    assert [Notification.objects.get(pk=row.pk).status for row in rows] == ["pending", "sent"]


def test_a_viewer_tries_nothing_again(as_role):
    viewer, row = as_role(roles.VIEWER), notification(status="failed")

    assert viewer.post(reverse("admin:alerts_notification_retry", args=[row.pk])).status_code == 403
    assert "Try again" not in viewer.get(page_of(row)).content.decode()
    assert Notification.objects.get().status == "failed"


def test_trying_again_is_never_done_by_following_a_link(responder):
    row = notification(status="failed")

    assert responder.get(reverse("admin:alerts_notification_retry", args=[row.pk])).status_code == 405


def test_the_log_is_searched_by_the_number_of_an_alert(responder):
    row, _other = notification(), notification()

    found = responder.get(LIST, {"q": f"#{row.alert_id}"}).context["cl"].result_list

    assert list(found) == [row]

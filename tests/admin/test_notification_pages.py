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
    assert "1 notification is sent again." in page.content.decode()
    assert (row.status, row.error) == ("pending", "")


def test_of_a_selection_only_what_failed_is_tried_again(responder):
    rows = [notification(status="failed"), notification(status="sent")]

    page = responder.post(
        LIST, {"action": "retry", "_selected_action": [row.pk for row in rows]}, follow=True
    )

    assert "1 notification is sent again." in page.content.decode()
    assert "Left as it is: 1 has been sent." in page.content.decode()
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


def test_a_row_says_in_a_sentence_how_it_went_and_offers_to_try_again(responder):
    row = notification(status="failed", error="550 No such mailbox")

    page = responder.get(LIST).content.decode()

    assert "Anna could not be told by e-mail. It was due just now." in page
    assert "550 No such mailbox" in page
    assert f'formaction="/alerts/notification/{row.pk}/retry/"' in page


def test_what_is_tried_again_from_the_list_leads_back_to_it(responder):
    row = notification(status="failed")

    answer = responder.post(reverse("admin:alerts_notification_retry", args=[row.pk]), {"back": "list"})

    assert answer.url == LIST


def test_the_report_leads_to_what_is_tried_again(responder):
    rows = [notification(status="failed"), notification(status="failed"), notification(status="sent")]

    page = responder.post(
        LIST, {"action": "retry", "_selected_action": [row.pk for row in rows]}, follow=True
    ).content.decode()

    assert f'href="{LIST}?id__in={rows[0].pk}%2C{rows[1].pk}"' in page
    assert list(shown(responder, id__in=f"{rows[0].pk},{rows[1].pk}")) == rows[1::-1]


def test_what_nobody_wants_any_more_is_not_tried_again_and_said_so(responder):
    row = notification(status="failed", stop="acknowledged")
    row.alert.status = "acknowledged"
    row.alert.save()

    page = responder.post(LIST, {"action": "retry", "_selected_action": [row.pk]}, follow=True)

    assert "1 is not wanted any more" in page.content.decode()
    assert Notification.objects.get().status == "failed"


def test_a_viewer_is_not_offered_to_try_again(as_role):
    notification(status="failed")

    assert "Try again" not in as_role(roles.VIEWER).get(LIST).content.decode()


def shown(client, **query):
    return client.get(LIST, query).context["cl"].result_list


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ({}, False),
        ({"status": "failed"}, False),
        ({"since": "hour"}, False),
        ({"q": "#alert"}, False),
        ({"kind": "page"}, True),
        ({"urgency": "low", "status": "sent"}, True),
        ({"q": "anna"}, True),
    ],
    ids=str,
)
def test_what_no_index_answers_is_looked_for_within_a_window(query, window, responder):
    row = notification(status="failed")
    query = {name: value.replace("#alert", f"#{row.alert_id}") for name, value in query.items()}

    changelist = responder.get(LIST, query).context["cl"]

    assert bool(changelist.window) is window
    if "low" not in query.values():
        assert len(changelist.result_list) == 1


def test_a_person_is_found_by_a_part_of_the_name_or_the_address(responder):
    row = notification()

    assert shown(responder, q="nn") == shown(responder, q="ANNA@") == [row]
    assert not shown(responder, q="nobody")

"""How an account begins, is entered, and ends: invitations, new passwords, deactivation."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core import mail
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from alertops import roles
from alerts.models import Alert, EscalationPolicy, Invitation, User
from alerts.operations import invitations
from tests.admin.conftest import SUPERUSER
from tests.factories import (
    NOW,
    AlertFactory,
    IntegrationFactory,
    PolicyFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)

PASSWORD = "a good long one"


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """Slow hashes are Django's to test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def manager(as_role):
    return as_role(roles.ADMIN)


@pytest.fixture
def mail_server(settings):
    """Mails go out: into django.core.mail.outbox."""
    settings.EMAIL_URL = "smtp://mail.example.com"


def invite(client, **data):
    """Invite Dora, and let the worker mail what is to be mailed."""
    form = {"first_name": "Dora", "email": "dora@example.com", "is_staff": "on", **data}
    answer = client.post(reverse("admin:alerts_user_add"), form)
    mail_invitations()
    return answer


def mail_invitations():
    while invitations.mail_due(NOW):
        pass


def door(user, name):
    return reverse(f"admin:alerts_user_{name}", args=[user.pk])


def link_in(text):
    return re.search(r"http://localhost:8000(/(?:welcome|password-reset)/\S+)", text).group(1)


def choose(link, client=None):
    client = client or Client()
    return client.post(link, {"new_password1": PASSWORD, "new_password2": PASSWORD})


# Invitations


def test_who_is_invited_chooses_a_password_by_the_link_and_is_in(manager, mail_server):
    viewer, team = Group.objects.get(name=roles.VIEWER), TeamFactory(people=[UserFactory()])

    invite(manager, groups=[viewer.pk], teams=[team.pk])

    dora = User.objects.get(username="dora")
    assert (list(dora.groups.all()), list(dora.teams.all())) == ([viewer], [team])
    assert mail.outbox[0].to == ["dora@example.com"]
    client = Client()
    link = link_in(mail.outbox[0].body)
    assert "dora" in client.get(link).content.decode()
    assert choose(link, client).url == reverse("admin:alerts_user_me")
    assert client.get("/").status_code == 200
    assert User.objects.get(username="dora").check_password(PASSWORD)


@pytest.mark.parametrize("spoil", ["used", "sent again", "taken back", "expired", "deactivated", "made up"])
def test_a_link_works_once_and_only_while_it_is_meant_to(spoil, manager, mail_server):
    invite(manager)
    dora, link, at = User.objects.get(username="dora"), link_in(mail.outbox[0].body), NOW
    match spoil:
        case "used":
            choose(link)
        case "sent again":
            manager.post(door(dora, "invite"))
            mail_invitations()
        case "taken back":
            manager.post(door(dora, "revoke"))
        case "expired":
            at = NOW + timedelta(days=7)
        case "deactivated":
            manager.post(door(dora, "deactivate"))
        case "made up":
            link = reverse("welcome", args=["x" * 43])
    before = User.objects.get(pk=dora.pk).password

    with time_machine.travel(at, tick=False):
        shown, posted = Client().get(link), choose(link)

    assert (shown.status_code, posted.status_code) == (410, 410)
    assert User.objects.get(pk=dora.pk).password == before


def test_a_link_that_was_sent_again_works(manager, mail_server):
    invite(manager)

    manager.post(door(User.objects.get(username="dora"), "invite"))
    mail_invitations()

    assert choose(link_in(mail.outbox[1].body)).status_code == 302


def test_a_weak_password_is_refused_and_the_link_goes_on_working(manager, mail_server):
    invite(manager)
    link = link_in(mail.outbox[0].body)

    page = Client().post(link, {"new_password1": "dora", "new_password2": "dora"})

    assert page.context["form"].errors
    assert choose(link).status_code == 302


def test_the_mail_is_the_workers_and_not_the_requests(manager, mail_server):
    form = {"first_name": "Dora", "email": "dora@example.com", "is_staff": "on"}
    with TestCase.captureOnCommitCallbacks(execute=True):
        page = manager.post(reverse("admin:alerts_user_add"), form, follow=True)

    assert not mail.outbox
    assert "is being mailed" in page.content.decode()
    (task,) = queued()
    import_string(task["func"])()
    assert mail.outbox[0].to == ["dora@example.com"]


def test_the_page_of_a_person_says_why_an_invitation_was_not_mailed(manager, mail_server):
    invite(manager)
    dora = User.objects.get(username="dora")
    Invitation.objects.update(token_digest=None, problem="550 no such mailbox")

    page = manager.get(door(dora, "change")).content.decode()

    assert "could not be mailed (550 no such mailbox)" in page


def test_without_a_mail_server_the_link_is_shown_once_to_be_handed_over(manager):
    page = invite(manager)

    text = page.content.decode()
    assert "No mail server is set" in text
    assert "no-store" in page["Cache-Control"]
    assert choose(link_in(text.replace("&quot;", " ").replace("<", " "))).status_code == 302


def test_a_link_is_shown_instead_of_mailed_if_somebody_asks_for_it(manager, mail_server):
    invite(manager)
    first = link_in(mail.outbox[0].body)

    page = manager.post(door(User.objects.get(username="dora"), "invite"), {"by_hand": "1"})

    mail_invitations()
    assert len(mail.outbox) == 1
    assert choose(first).status_code == 410
    text = page.content.decode().replace("&quot;", " ").replace("<", " ")
    assert choose(link_in(text)).status_code == 302


def test_only_the_digest_of_a_link_is_stored(manager, mail_server):
    invite(manager)

    token = link_in(mail.outbox[0].body).removeprefix("/welcome/")
    invitation = User.objects.get(username="dora").invitation
    assert token not in str(vars(invitation))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "ANNA@example.com"}, "email"),
        ({"first_name": ""}, "first_name"),
        ({"groups": ["0"]}, "groups"),
    ],
)
def test_an_invitation_that_cannot_work_names_the_field(data, field, manager, mail_server):
    UserFactory(username="anna")

    page = invite(manager, **data)

    assert field in page.context["form"].errors
    assert not mail.outbox


def test_who_only_is_told_gets_no_invitation(manager, mail_server):
    invite(manager, is_staff="")

    assert not mail.outbox
    assert not User.objects.get(username="dora").is_staff


def test_nobody_is_invited_into_a_role_that_gives_more(manager):
    strong = Group.objects.create(name="Keepers")
    strong.permissions.set(roles_permissions("change_group"))

    assert "groups" in invite(manager, groups=[strong.pk]).context["form"].errors


def roles_permissions(code):
    from django.contrib.auth.models import Permission  # noqa: PLC0415

    return Permission.objects.filter(codename=code)


def test_a_log_in_name_is_one_that_nobody_has(manager, mail_server):
    UserFactory(username="Dora", email="other@example.com")

    invite(manager)

    assert User.objects.filter(username="dora2").exists()


def test_the_page_of_a_person_says_how_the_account_stands(manager, mail_server):
    invite(manager)
    page = manager.get(door(User.objects.get(username="dora"), "change")).content.decode()

    assert "was invited" in page
    assert "Send the invitation again" in page
    assert "Take the invitation back" in page


@pytest.mark.parametrize("name", ["invite", "revoke", "activate"])
def test_looking_changes_nothing(name, manager):
    assert manager.get(door(UserFactory(), name)).status_code == 403


# A new password


def ask(client, address, **headers):
    """Ask for a new password, and let the worker do what was asked of it."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = client.post(reverse("admin_password_reset"), {"email": address}, headers=headers)
    for task in queued():
        import_string(task["func"])(*task["args"])
    return answer


def queued():
    """Take the tasks out of the queue."""
    tasks = [SignedPackage.loads(row.payload) for row in OrmQ.objects.order_by("id")]
    OrmQ.objects.all().delete()
    return tasks


def test_a_new_password_is_chosen_by_mail(client, db, mail_server):
    user = UserFactory(password="md5$a$b")

    assert ask(client, user.email).url == reverse("password_reset_done")

    link = link_in(mail.outbox[0].body)
    inside = client.get(link).url
    assert choose(inside, client).url == "/"
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert "this link does not work" in Client().get(link).content.decode().lower()


@pytest.mark.parametrize("who", ["nobody", "inactive", "told only", "without a password"])
def test_asking_tells_nobody_who_has_an_account(who, client, db, mail_server):
    columns = {"inactive": {"is_active": False}, "told only": {"is_staff": False}}.get(who, {})
    user = UserFactory(password="!" if who == "without a password" else "md5$a$b", **columns)

    answer = ask(client, "x@example.com" if who == "nobody" else user.email)

    assert answer.url == reverse("password_reset_done")
    assert not mail.outbox


def test_asking_takes_as_long_whether_or_not_there_is_an_account(client, db, mail_server):
    """The mail is the worker's, and the request asks as much of the queue for nobody."""
    user = UserFactory(password="md5$a$b")
    asked = {}
    for address in (user.email, "x@example.com"):
        with TestCase.captureOnCommitCallbacks(execute=True), CaptureQueriesContext(connection) as queries:
            client.post(reverse("admin_password_reset"), {"email": address})
        asked[address] = (len(queries), len(queued()))

    assert not mail.outbox
    assert asked[user.email] == asked["x@example.com"]
    assert asked[user.email][1] == 1


def test_the_mail_is_written_in_the_language_in_which_it_was_asked_for(client, db, mail_server, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    user = UserFactory(password="md5$a$b")
    with TestCase.captureOnCommitCallbacks(execute=True):
        client.post(reverse("admin_password_reset"), {"email": user.email}, headers={"accept-language": "de"})

    assert [task["args"] for task in queued()] == [(user.pk, "de")]


def test_one_mail_goes_out_however_often_somebody_asks(client, db, mail_server):
    user = UserFactory(password="md5$a$b")

    for _time in range(3):
        ask(client, user.email)

    assert len(mail.outbox) == 1


def test_the_links_bear_the_servers_own_name_whatever_was_asked_for(client, db, mail_server):
    user = UserFactory(password="md5$a$b")

    ask(client, user.email, host="127.0.0.1")

    assert "http://localhost:8000/password-reset/" in mail.outbox[0].body


def test_a_link_for_a_new_password_ends_with_a_day(client, db, mail_server):
    user = UserFactory(password="md5$a$b")
    ask(client, user.email)

    with time_machine.travel(NOW + timedelta(days=1, seconds=1), tick=False):
        page = client.get(link_in(mail.outbox[0].body))

    assert "does not work" in page.content.decode()


def test_who_is_deactivated_meanwhile_chooses_nothing(client, db, mail_server):
    user = UserFactory(password="md5$a$b")
    ask(client, user.email)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert "does not work" in client.get(link_in(mail.outbox[0].body)).content.decode()


def test_without_a_mail_server_the_page_says_whom_to_ask(client, db):
    page = client.get(reverse("admin_password_reset")).content.decode()

    assert "cannot send mails yet" in page
    assert "Send me the link" not in page


def test_the_log_in_page_leads_to_a_new_password(client, db):
    assert reverse("admin_password_reset") in client.get("/login/").content.decode()


# Deactivation


@pytest.fixture
def told():
    """Anna, on whom everything counts; Ben, who takes over; what counts on Anna."""
    anna, ben = UserFactory(username="anna"), UserFactory(username="ben")
    team = TeamFactory(name="Platform", people=[anna])
    policy = PolicyFactory(name="Nights", last_resort=anna)
    StepFactory(policy=policy, users=[anna])
    StepFactory(policy=policy, teams=[team])
    integration = IntegrationFactory(name="Builds", escalation_policy=None, recipients=[anna])
    alert = AlertFactory(owner=anna)
    return {"anna": anna, "ben": ben, "team": team, "policy": policy, "builds": integration, "alert": alert}


def leave(client, user, **answers):
    return client.post(door(user, "deactivate"), {name: row.pk for name, row in answers.items()})


def test_the_preview_names_whatever_counts_on_a_person(manager, told):
    page = manager.get(door(told["anna"], "deactivate")).content.decode()

    for words in ("1 alert that is not closed", "Build broken", "Platform", "Nights", "Builds"):
        assert words in page
    assert "the integration Builds" in page
    assert "a step of the policy Nights" in page
    assert told["anna"].is_active


def test_a_successor_gets_the_alerts_and_the_places(manager, told):
    answer = leave(manager, told["anna"], alerts_to=told["ben"], place_to=told["ben"])

    ben, anna = told["ben"], User.objects.get(pk=told["anna"].pk)
    assert answer.status_code == 302
    assert not anna.is_active
    assert Alert.objects.get().owner == ben
    assert list(told["team"].members.all()) == [ben]
    assert EscalationPolicy.objects.get().last_resort == ben
    assert list(told["policy"].steps.first().users.all()) == [ben]
    assert list(told["builds"].recipient_users.all()) == [ben]


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        (("place_to",), "alerts_to", "Choose who gets the alerts"),
        (("alerts_to",), "place_to", "Nobody would be told by a step of the policy Nights"),
    ],
)
def test_who_is_needed_does_not_go_without_a_successor(answers, field, words, manager, told):
    page = leave(manager, told["anna"], **dict.fromkeys(answers, told["ben"]))

    assert words in str(page.context["form"].errors[field])
    assert User.objects.get(pk=told["anna"].pk).is_active
    assert Alert.objects.get().owner == told["anna"]


@pytest.mark.parametrize("columns", [{"email": ""}, {"is_active": False}])
def test_a_successor_is_somebody_who_can_be_told(columns, manager, told):
    ghost = UserFactory(**columns)

    page = leave(manager, told["anna"], alerts_to=ghost, place_to=ghost)

    assert page.context["form"].errors
    assert User.objects.get(pk=told["anna"].pk).is_active


def test_where_others_are_told_too_nobody_has_to_take_the_place(manager, told):
    for people in (told["policy"].steps.first().users, told["builds"].recipient_users):
        people.add(told["ben"])
    told["team"].memberships.create(user=told["ben"], position=5)

    leave(manager, told["anna"], alerts_to=told["ben"])

    assert not User.objects.get(pk=told["anna"].pk).is_active
    assert list(told["team"].members.all()) == [told["ben"]]
    assert list(told["builds"].recipient_users.all()) == [told["ben"]]
    assert EscalationPolicy.objects.get().last_resort is None


def test_a_successor_who_is_there_already_is_there_once(manager, told):
    told["team"].memberships.create(user=told["ben"], position=5)

    leave(manager, told["anna"], alerts_to=told["ben"], place_to=told["ben"])

    assert list(told["team"].members.all()) == [told["ben"]]


def test_nobody_deactivates_themselves(manager):
    page = leave(manager, manager.user)

    assert "cannot deactivate yourself" in str(page.context["form"].non_field_errors())


def test_the_last_superuser_stays(as_role):
    boss = as_role(SUPERUSER)
    other = UserFactory(is_superuser=True)
    User.objects.filter(pk=boss.user.pk).update(is_superuser=False)
    boss.user.groups.add(Group.objects.get(name=roles.ADMIN))

    assert leave(boss, other).status_code == 403
    User.objects.filter(pk=boss.user.pk).update(is_superuser=True)
    leave(boss, other)
    assert not User.objects.get(pk=other.pk).is_active


def test_who_is_deactivated_is_logged_out_at_once_and_can_come_back(manager, as_role):
    ben = as_role(roles.RESPONDER)

    leave(manager, ben.user)
    assert ben.get("/").status_code == 302
    manager.post(door(ben.user, "activate"))

    assert User.objects.get(pk=ben.user.pk).is_active


@pytest.mark.parametrize(("spoil", "may"), [("active", False), ("named", False), ("gone", True)], ids=str)
def test_only_who_has_gone_and_is_named_nowhere_can_be_deleted(spoil, may, manager, told):
    anna = told["anna"]
    if spoil == "named":
        User.objects.filter(pk=anna.pk).update(is_active=False)
    if spoil == "gone":
        leave(manager, anna, alerts_to=told["ben"], place_to=told["ben"])

    answer = manager.post(door(anna, "delete"), {"post": "yes"})

    assert (answer.status_code == 302) is may
    assert User.objects.filter(pk=anna.pk).exists() is not may


def test_the_preview_costs_the_same_queries_however_much_there_is(
    manager, told, django_assert_max_num_queries
):
    anna = told["anna"]
    with django_assert_max_num_queries(40) as few:
        manager.get(door(anna, "deactivate"))
    for _number in range(10):
        TeamFactory(people=[anna])
        StepFactory(users=[anna])
        IntegrationFactory(recipients=[anna])
        AlertFactory(owner=anna)

    with django_assert_max_num_queries(len(few)):
        manager.get(door(anna, "deactivate"))


# One's own page


def test_everybody_has_a_page_of_their_own(as_role):
    ben = as_role(roles.RESPONDER)
    AlertFactory(owner=ben.user, subject="Disk is full")
    AlertFactory(subject="Somebody else's")

    page = ben.get(reverse("admin:alerts_user_me")).content.decode()

    assert "Disk is full" in page
    assert "Somebody else" not in page


def save_own(client, **data):
    user = client.user
    form = {"first_name": "Ben", "last_name": "", "email": user.email, "time_zone": "UTC", **data}
    answer = client.post(reverse("admin:alerts_user_me"), form)
    user.refresh_from_db()
    return answer


def test_a_person_changes_their_own_settings_and_nothing_else(as_role):
    ben = as_role(roles.RESPONDER)

    save_own(ben, time_zone="Europe/Berlin", is_superuser="on", username="root", password="x")

    assert (ben.user.first_name, ben.user.time_zone) == ("Ben", "Europe/Berlin")
    assert not ben.user.is_superuser
    assert ben.user.username != "root"


def test_a_new_address_needs_the_password(as_role):
    ben = as_role(roles.RESPONDER)
    ben.user.set_password(PASSWORD)
    ben.user.save()
    ben.force_login(ben.user)

    refused = save_own(ben, email="thief@example.com", current_password="wrong")
    assert "current_password" in refused.context["form"].errors
    assert ben.user.email != "thief@example.com"
    save_own(ben, email="new@example.com", current_password=PASSWORD)

    assert ben.user.email == "new@example.com"


def test_times_are_shown_in_ones_own_zone_with_the_zone(as_role):
    ben = as_role(roles.RESPONDER)
    save_own(ben, time_zone="America/New_York")

    assert "07:00:00 EST" in ben.get(reverse("admin:alerts_user_me")).content.decode()

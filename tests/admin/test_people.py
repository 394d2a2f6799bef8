"""Nobody hands out, or takes over, more rights than they have."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from knox.auth import TokenAuthentication
from knox.models import AuthToken

from alertops import roles
from alerts.models import Team, User
from tests.admin.conftest import SUPERUSER
from tests.factories import IntegrationFactory, PolicyFactory, StepFactory, TeamFactory, UserFactory


@pytest.fixture
def manager(as_role):
    """Somebody with the role Admin: manages people, but is no superuser."""
    return as_role(roles.ADMIN)


def page_of(user):
    return reverse("admin:alerts_user_change", args=[user.pk])


def change(client, user, **data):
    form = {
        "username": user.username,
        "email": user.email,
        "time_zone": "UTC",
        "is_active": "on",
        "is_staff": "on",
        "first_name": user.first_name,
        **data,
    }
    answer = client.post(page_of(user), form)
    user.refresh_from_db()
    return answer


def test_a_manager_changes_a_persons_time_zone_and_roles(manager):
    user = UserFactory()
    responder = Group.objects.get(name=roles.RESPONDER)

    change(manager, user, time_zone="Europe/Berlin", groups=[responder.pk])

    assert user.time_zone == "Europe/Berlin"
    assert list(user.groups.all()) == [responder]


def test_a_manager_cannot_make_anybody_a_superuser(manager):
    user = UserFactory()

    change(manager, user, is_superuser="on")
    change(manager, manager.user, is_superuser="on")

    assert not user.is_superuser
    assert not User.objects.get(pk=manager.user.pk).is_superuser


def test_a_superuser_can(superuser):
    user = UserFactory()

    change(superuser, user, is_superuser="on")

    assert user.is_superuser


@pytest.mark.parametrize("page", ["change", "delete"])
def test_a_manager_cannot_touch_a_superuser(page, manager):
    boss = UserFactory(is_superuser=True)

    answer = manager.post(
        reverse(f"admin:alerts_user_{page}", args=[boss.pk]), {"post": "yes", "username": "me"}
    )

    assert answer.status_code == 403
    assert User.objects.get(pk=boss.pk).username == boss.username


@pytest.mark.parametrize("is_active", [True, False])
def test_a_manager_cannot_set_the_password_of_who_has_more_rights(is_active, manager):
    stronger = UserFactory(is_active=is_active)
    stronger.user_permissions.add(Permission.objects.get(codename="delete_group"))

    answer = manager.post(
        f"/alerts/user/{stronger.pk}/password/", {"password1": "x" * 12, "password2": "x" * 12}
    )

    assert answer.status_code == 403


def test_a_manager_sets_the_password_of_who_has_no_more_rights(manager):
    user = UserFactory()

    manager.post(
        f"/alerts/user/{user.pk}/password/",
        {"password1": "a good long one", "password2": "a good long one", "usable_password": "true"},
    )

    user.refresh_from_db()
    assert user.check_password("a good long one")


def test_a_selection_with_a_superuser_in_it_is_not_deleted(manager):
    people = [UserFactory(), UserFactory(is_superuser=True)]

    manager.post(
        "/alerts/user/",
        {"action": "delete_selected", "_selected_action": [user.pk for user in people], "post": "yes"},
    )

    assert User.objects.filter(pk__in=[user.pk for user in people]).count() == 2


def test_a_role_that_gives_more_than_one_has_cannot_be_given(manager):
    group = Group.objects.create(name="Keepers of roles")
    group.permissions.add(Permission.objects.get(codename="change_group"))
    user = UserFactory()

    answer = change(manager, user, groups=[group.pk])

    assert "groups" in answer.context["adminform"].errors
    assert not user.groups.exists()


@pytest.mark.parametrize("zone", ["Berlin", "", "../etc/passwd"])
def test_a_time_zone_that_is_none_is_refused(zone, manager):
    user = UserFactory()

    answer = change(manager, user, time_zone=zone)

    assert "time_zone" in answer.context["adminform"].errors


def test_people_who_left_are_not_offered(superuser):
    UserFactory(username="gone", is_active=False)
    UserFactory(username="goneril")
    query = {"app_label": "alerts", "model_name": "alert", "field_name": "owner", "term": "gone"}

    found = superuser.get("/autocomplete/", query).json()["results"]

    assert [row["text"] for row in found] == ["Goneril"]


# Teams


def test_members_of_a_team_are_numbered_as_they_were_put_in_order(manager):
    anna, ben, chris = UserFactory.create_batch(3)
    team = TeamFactory(people=[anna, ben])
    first, second = team.memberships.all()
    form = {
        "name": "Platform",
        "memberships-TOTAL_FORMS": "3",
        "memberships-INITIAL_FORMS": "2",
        **row(0, id=first.pk, user=anna.pk, position=2),
        **row(1, id=second.pk, user=ben.pk, position=1),
        **row(2, user=chris.pk, position=0),
    }

    manager.post(reverse("admin:alerts_team_change", args=[team.pk]), form)

    members = Team.objects.get(pk=team.pk).memberships.values_list("user", "position")
    assert list(members) == [(ben.pk, 1), (anna.pk, 2), (chris.pk, 3)]


@pytest.mark.parametrize("told_by", ["a policy", "an integration", "nobody"])
def test_a_team_that_is_told_somewhere_is_not_deleted(told_by, manager):
    team = TeamFactory(people=[UserFactory()])
    if told_by == "a policy":
        StepFactory(teams=[team])
    if told_by == "an integration":
        IntegrationFactory().recipient_teams.add(team)

    manager.post(reverse("admin:alerts_team_delete", args=[team.pk]), {"post": "yes"})

    assert Team.objects.filter(pk=team.pk).exists() is (told_by != "nobody")


@pytest.mark.parametrize("owned", ["a policy", "an integration"])
def test_a_team_that_owns_something_is_not_deleted(owned, manager):
    team = TeamFactory()
    (PolicyFactory if owned == "a policy" else IntegrationFactory)(team=team)

    manager.post(reverse("admin:alerts_team_delete", args=[team.pk]), {"post": "yes"})

    assert Team.objects.filter(pk=team.pk).exists()


@pytest.mark.parametrize("others", ["nobody", "somebody else", "a policy of others"])
def test_who_empties_a_team_is_warned_of_what_tells_nobody_now(others, manager):
    team, ben = TeamFactory(people=[UserFactory()]), UserFactory()
    step = StepFactory(policy=PolicyFactory(name="Nights"), teams=[team])
    builds = IntegrationFactory(name="Builds", escalation_policy=step.policy)
    IntegrationFactory(name="Other", escalation_policy=None).recipient_users.add(ben)
    if others == "somebody else":
        step.users.add(ben)
    if others == "a policy of others":
        builds.escalation_policy = StepFactory(users=[ben]).policy
        builds.save()

    said = emptied(manager, team)

    expected = {
        "nobody": ["a step of the policy Nights, the integration Builds"],
        "somebody else": [],
        "a policy of others": ["a step of the policy Nights"],
    }
    assert said == [
        f"Nobody is told any more by {names}: put somebody into the team, or choose others there."
        for names in expected[others]
    ]


def emptied(client, team):
    """Take the only member out of a team; return what the page warns of."""
    form = {
        "name": team.name,
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "1",
        **row(0, id=team.memberships.get().pk, user=team.members.get().pk, position=1, DELETE="on"),
    }
    answer = client.post(reverse("admin:alerts_team_change", args=[team.pk]), form, follow=True)
    assert not team.memberships.exists()
    return [str(message) for message in answer.context["messages"] if message.level_tag == "warning"]


# What a team gives


@pytest.fixture
def helper(as_role):
    """Somebody who manages people and teams, and may change no integration."""
    client = as_role(roles.VIEWER)
    for code in ("change_user", "change_team", "change_teammembership"):
        client.user.user_permissions.add(Permission.objects.get(codename=code))
    return client


@pytest.mark.parametrize(("role", "status"), [("primary", 200), ("escalation_manager", 403)])
def test_the_password_of_who_manages_a_team_takes_the_rights_that_it_gives(role, status, helper):
    person = UserFactory()
    TeamFactory().memberships.create(user=person, role=role)

    assert helper.get(f"/alerts/user/{person.pk}/password/").status_code == status


@pytest.mark.parametrize(("owns", "may"), [(True, False), (False, True)])
def test_who_is_in_a_team_that_owns_something_is_said_by_who_may_change_that(owns, may, helper, manager):
    team = TeamFactory()
    if owns:
        PolicyFactory(team=team)
    page = reverse("admin:alerts_team_change", args=[team.pk])

    assert helper.get(page).context["has_change_permission"] is may
    assert manager.get(page).context["has_change_permission"]


def row(number, **columns):
    values = {"role": "primary", "team": "", "id": "", **columns}
    return {f"memberships-{number}-{name}": value for name, value in values.items()}


# API tokens


def make_token(client, user, days="90"):
    return client.post(reverse("admin:knox_authtoken_add"), {"user": user.pk, "days": days})


def test_a_token_is_shown_once_and_only_its_digest_is_kept(manager, rf):
    user = UserFactory()

    page = make_token(manager, user)

    text = page.context["token"]
    row = AuthToken.objects.get()
    assert text in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert text not in (row.digest, row.token_key)
    assert TokenAuthentication().authenticate_credentials(text.encode())[0] == user
    assert text not in manager.get(reverse("admin:knox_authtoken_changelist")).content.decode()
    assert text not in str(dict(manager.session))


@pytest.mark.parametrize(("days", "lasts"), [("90", 90), ("365", 365), ("", None)])
def test_a_token_ends_when_it_was_said_to(days, lasts, manager):
    make_token(manager, UserFactory(), days=days)

    token = AuthToken.objects.get()
    assert (token.expiry and (token.expiry - token.created).days) == lasts


def test_a_token_ends_unless_one_says_otherwise(manager):
    form = manager.get(reverse("admin:knox_authtoken_add")).context["adminform"].form

    assert 'value="90" selected' in str(form["days"])


def test_a_token_for_who_has_more_rights_is_refused(manager):
    page = make_token(manager, UserFactory(is_superuser=True))

    assert "user" in page.context["adminform"].errors
    assert not AuthToken.objects.exists()


def test_a_token_cannot_be_changed_but_revoked(manager):
    token, _text = AuthToken.objects.create(user=UserFactory())

    assert manager.post(reverse("admin:knox_authtoken_change", args=[token.pk])).status_code == 403
    manager.post(reverse("admin:knox_authtoken_delete", args=[token.pk]), {"post": "yes"})

    assert not AuthToken.objects.exists()


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER, roles.INTEGRATIONS_ADMIN])
def test_others_make_no_tokens(role, as_role):
    assert make_token(as_role(role), UserFactory()).status_code == 403


# The task queue


@pytest.mark.parametrize("model", ["success", "failure", "schedule", "ormq"])
def test_nobody_touches_the_task_queue(model, superuser, rows):
    row = rows[f"django_q.{model}"]

    for page in ("change", "delete"):
        url = reverse(f"admin:django_q_{model}_{page}", args=[row.pk])
        assert superuser.post(url, {"post": "yes", "func": "os.system"}).status_code == 403
    listed = superuser.get(reverse(f"admin:django_q_{model}_changelist"))
    assert listed.context["cl"].model_admin.get_actions(listed.wsgi_request) == {}


@pytest.mark.parametrize("role", [*roles.ROLES])
@pytest.mark.parametrize("model", ["success", "failure", "schedule", "ormq"])
def test_only_superusers_look_at_the_task_queue(model, role, as_role):
    client = as_role(role)
    client.user.user_permissions.set(Permission.objects.filter(content_type__app_label="django_q"))

    assert client.get(reverse(f"admin:django_q_{model}_changelist")).status_code == 403


def test_a_superuser_looks(as_role):
    assert as_role(SUPERUSER).get(reverse("admin:django_q_schedule_changelist")).status_code == 200

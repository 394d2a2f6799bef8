"""What the pages of roles say, and who may change which role."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from alertops import roles
from alertops.admin.role_words import AREAS, OURS

RIGHTS = {right.key: right for _area, given in AREAS for right in given}


def page_of(role):
    return reverse("admin:auth_group_change", args=[role.pk])


def codes(role):
    rows = role.permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{code}" for app, code in rows}


def test_every_permission_of_a_role_stands_behind_one_right():
    behind = [code for right in RIGHTS.values() for code in right.codes]

    assert len(behind) == len(set(behind))
    assert {f"{app}.{code}" for given in roles.ROLES.values() for app, code in given} <= set(behind)


def test_every_right_is_made_of_permissions_that_there_are(db):
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{app}.{code}" for app, code in rows}

    assert {code for right in RIGHTS.values() for code in right.codes} <= known


@pytest.mark.parametrize("name", roles.ROLES)
def test_the_products_own_roles_are_told_in_words_and_cannot_be_changed(name, superuser):
    role = Group.objects.get(name=name)

    page = superuser.get(page_of(role)).content.decode()
    answer = superuser.post(page_of(role), {"name": "Other"})

    assert "See alerts and what happened to them" in page
    assert ("Answer alerts" in page) is (name != roles.VIEWER)
    assert "Can " not in page
    assert answer.status_code == 403
    assert Group.objects.filter(name=name).exists()


def test_the_list_says_what_each_role_permits_and_how_many_have_it(superuser):
    Group.objects.create(name="Guests").permissions.set(Permission.objects.filter(codename="add_alert"))
    superuser.user.groups.add(Group.objects.get(name=roles.VIEWER))

    page = superuser.get(reverse("admin:auth_group_changelist")).content.decode()

    assert str(OURS[roles.RESPONDER]) in page
    assert '<span class="ao-quiet">Alerts</span>' in page
    assert '<td class="field-people' in page


def test_a_superuser_makes_a_role_of_their_own(superuser):
    form = {"name": "Guests", "rights": ["see_alerts", "respond"]}

    superuser.post(reverse("admin:auth_group_add"), form)

    assert codes(Group.objects.get(name="Guests")) == RIGHTS["see_alerts"].codes | RIGHTS["respond"].codes


def test_what_is_ticked_and_not_ticked_is_what_a_role_permits_then(superuser):
    role = Group.objects.create(name="Guests")
    role.permissions.set(Permission.objects.filter(codename__in=["respond_alert", "view_session"]))
    boxes = superuser.get(page_of(role)).context["adminform"].form["rights"].value()

    superuser.post(page_of(role), {"name": "Guests", "rights": ["open_alerts"]})

    assert boxes == ["respond"]
    assert codes(role) == {"alerts.add_alert", "sessions.view_session"}


@pytest.fixture
def keeper(as_role):
    """Somebody who may change roles, and answer alerts."""
    client = as_role(roles.RESPONDER)
    client.user.user_permissions.set(Permission.objects.filter(content_type__model="group"))
    return client


def test_nobody_puts_more_into_a_role_than_they_may_themselves(keeper):
    role = Group.objects.create(name="Guests")

    answer = keeper.post(page_of(role), {"name": "Guests", "rights": ["change_people"]})

    assert "rights" in answer.context["adminform"].errors
    assert not codes(role)
    keeper.post(page_of(role), {"name": "Guests", "rights": ["respond"]})
    assert codes(role) == {"alerts.respond_alert"}


@pytest.mark.parametrize("name", ["change", "delete"])
def test_a_role_that_gives_more_than_one_has_is_out_of_reach(name, keeper):
    role = Group.objects.create(name="Strong")
    role.permissions.set(Permission.objects.filter(codename="change_user"))

    answer = keeper.post(reverse(f"admin:auth_group_{name}", args=[role.pk]), {"name": "x", "post": "yes"})

    assert answer.status_code == 403
    assert Group.objects.filter(name="Strong").exists()

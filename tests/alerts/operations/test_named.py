"""Whom an event names."""

import pytest

from tests.alerts.operations.reports import failed, ingest, lines
from tests.factories import TeamFactory, UserFactory


@pytest.fixture
def joerg(world):
    return UserFactory(username="jm", email="Joerg@Example.com", first_name="Jörg", last_name="Maier")


@pytest.mark.parametrize(
    "name", ["jm", "JM", "joerg@example.com", "Joerg@Example.com", "Jörg Maier", "jörg maier", " jm "]
)
def test_a_person_is_named_by_username_mail_or_full_name(world, joerg, name):
    alert = ingest(world.integration, failed(users=(name,))).alert

    assert list(alert.named_users.all()) == [joerg]
    assert lines(alert) == ["opened"]


@pytest.mark.parametrize("name", ["Site", "site", "SITE "])
def test_a_team_is_named_by_its_name(world, name):
    team = TeamFactory(name="Site")

    alert = ingest(world.integration, failed(teams=(name,))).alert

    assert list(alert.named_teams.all()) == [team]


def test_who_is_unknown_or_gone_is_written_on_the_timeline(world):
    gone = UserFactory(is_active=False)

    alert = ingest(
        world.integration, failed(users=("anna", "ghost", gone.username, "ghost", ""), teams=("Nowhere",))
    ).alert

    assert list(alert.named_users.all()) == [world.anna]
    assert lines(alert) == ["opened", "not_told"]
    assert alert.events.last().text == (
        f"Nobody here is called “ghost”. Nobody here is called “{gone.username}”."
        " No team here is called “Nowhere”."
    )


def test_an_event_that_joins_names_nobody(world):
    alert = ingest(world.integration, failed()).alert

    ingest(world.integration, failed(users=("anna",)))

    assert not alert.named_users.exists()

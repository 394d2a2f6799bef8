"""A build fails, somebody is told, somebody takes it, the build is mended."""

from datetime import timedelta

import pytest

from alerts.models import AlertEvent
from tests.world import World

FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def anna(world: World):
    return world.person("anna")


@pytest.fixture
def ben(world: World):
    return world.person("ben")


def test_a_failed_build_opens_an_alert_and_anna_is_told(world, anna):
    world.bitbucket(world.policy([anna]))

    response = world.build("FAILED")

    assert response.status_code == 202
    assert world.last_reason() == "opened"
    letter = anna.gets("[ERROR]")
    assert "acme/website" in letter.text


def test_the_second_failure_joins_and_tells_nobody(world, anna):
    world.bitbucket(world.policy([anna]))
    world.build("FAILED")
    anna.gets("[ERROR]")

    world.build("FAILED")

    assert world.last_reason() == "duplicate"
    assert world.alert().event_count == 2


@pytest.mark.parametrize("state", ["SUCCESSFUL", "INPROGRESS"])
def test_a_build_that_goes_on_closes_the_alert(world, anna, state):
    world.bitbucket(world.policy([anna]))
    world.build("FAILED")
    anna.gets("[ERROR]")

    world.build(state)

    assert world.last_reason() == "closed"
    assert world.alert().status == "closed"
    anna.gets("[CLOSED]")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("SUCCESSFUL", "close_without_open"),
        ("INPROGRESS", "close_without_open"),
        ("STOPPED", "status_mismatch"),
    ],
)
def test_without_an_alert_nothing_happens(world, anna, state, reason):
    world.bitbucket(world.policy([anna]))

    world.build(state)

    assert world.last_reason() == reason


def test_nobody_takes_it_so_ben_is_told_after_five_minutes_and_not_before(world, anna, ben):
    world.bitbucket(world.policy([anna], [ben], wait=FIVE_MINUTES))
    world.build("FAILED")
    anna.gets("[ERROR]")

    world.passes(minutes=4, seconds=59)
    ben.gets_nothing()
    world.passes(seconds=1)

    ben.gets("[ERROR]")


def test_acknowledging_by_the_link_in_the_mail_stops_the_escalation(world, anna, ben):
    world.bitbucket(world.policy([anna], [ben], wait=FIVE_MINUTES))
    world.build("FAILED")
    path = anna.gets("[ERROR]").link("acknowledge")

    page = world.client.get(path)
    assert world.alert().status == "open"
    assert "Anna" in page.content.decode()
    world.client.post(path)
    world.passes(hours=1)

    alert = world.alert()
    assert (alert.status, alert.owner) == ("acknowledged", anna.user)
    ben.gets_nothing()


def test_an_acknowledged_error_that_is_forgotten_comes_back_after_four_hours(world, anna, ben):
    world.bitbucket(world.policy([anna], [ben], wait=FIVE_MINUTES))
    world.build("FAILED")
    world.client.post(anna.gets("[ERROR]").link("acknowledge"))

    world.passes(hours=3, minutes=55)
    assert "Your acknowledgement ends" in anna.gets("[ERROR]").text
    world.passes(minutes=5)

    assert world.alert().status == "open"
    anna.gets("[ERROR]")
    world.passes(minutes=5)
    ben.gets("[ERROR]")


def test_a_build_that_is_retried_and_fails_again_stays_one_alert_and_its_last_owner_hears_first(
    world, anna, ben
):
    world.bitbucket(world.policy([anna], [ben], wait=FIVE_MINUTES))
    world.build("FAILED")
    letter = anna.gets("[ERROR]")
    world.passes(minutes=5)
    world.client.post(ben.gets("[ERROR]").link("acknowledge"))

    world.passes(minutes=10)
    world.build("INPROGRESS")
    anna.gets("[CLOSED]")
    ben.gets("[CLOSED]")
    world.passes(minutes=29)
    world.build("FAILED")

    assert world.last_reason() == "reopened"
    ben.gets("[ERROR]")
    page = world.client.post(letter.link("acknowledge"))
    assert world.alert().status == "open", page.content.decode()
    world.build("SUCCESSFUL")
    ben.gets("[CLOSED]")


def test_another_branch_is_another_alert(world, anna):
    world.bitbucket(world.policy([anna]))
    world.build("FAILED", refname="main")
    world.build("FAILED", refname="feature/login")

    anna.gets("[ERROR]")
    anna.gets("[WARNING]")
    world.build("SUCCESSFUL", refname="main")
    anna.gets("[CLOSED]")


def test_nobody_takes_it_at_all_so_the_last_resort_is_told_again_and_again(world, anna, ben):
    world.bitbucket(world.policy([anna], last_resort=ben.user))
    world.build("FAILED")
    anna.gets("[ERROR]")

    world.passes(minutes=30)
    ben.gets("")
    world.passes(minutes=60)
    ben.gets("")

    assert world.alert().events.filter(kind=AlertEvent.Kind.EXHAUSTED).exists()


def test_a_build_of_which_nothing_is_heard_for_a_week_closes_by_itself(world, anna):
    world.bitbucket(world.policy([anna]))
    world.build("FAILED")
    world.client.post(anna.gets("[ERROR]").link("acknowledge"))
    world.integration.alerts.update(acknowledgement_reminder_at=None, acknowledgement_expires_at=None)

    world.passes(days=6, hours=23)
    assert world.alert().status == "acknowledged"
    world.passes(hours=1)

    assert world.alert().status == "closed"
    anna.gets("[CLOSED]")


def test_whoever_closes_an_alert_needs_no_news_of_it(world, anna, ben):
    world.bitbucket(world.policy([anna, ben]))
    world.build("FAILED")
    ben.gets("[ERROR]")

    world.client.post(anna.gets("[ERROR]").link("close"))
    world.works()

    assert world.alert().status == "closed"
    anna.gets_nothing()
    ben.gets("[CLOSED]")

"""Times are shown in the zone of who is logged in."""

import pytest
from django.utils import timezone

from tests.factories import AlertFactory, UserFactory


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "2 Mar 2026, 13:00:00 CET"),
        ("Mars/Olympus", "2 Mar 2026, 12:00:00 UTC"),
        ("../etc/passwd", "2 Mar 2026, 12:00:00 UTC"),
        ("", "2 Mar 2026, 12:00:00 UTC"),
    ],
)
def test_a_page_is_in_the_zone_of_its_reader_or_of_the_server_where_that_is_none(zone, shown, client, db):
    AlertFactory()
    client.force_login(UserFactory(time_zone=zone, is_superuser=True))

    assert shown in client.get("/alerts/alert/").content.decode()
    assert timezone.get_current_timezone_name() == "UTC"

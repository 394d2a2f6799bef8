"""What lists ask of alerts."""

import pytest

from alerts.models import Alert
from tests.alerts.operations.reports import HOUR
from tests.factories import NOW, AlertFactory, UserFactory


@pytest.mark.django_db
def test_lists_tell_who_has_what():
    anna = UserFactory()
    mine = AlertFactory(status="acknowledged", owner=anna)
    shared = AlertFactory(status="closed")
    shared.acknowledgers.add(anna)
    free, quiet = AlertFactory(), AlertFactory(snoozed_until=NOW + HOUR)

    assert set(Alert.objects.of_person(anna.pk)) == {mine, shared}
    assert list(Alert.objects.taken_by_nobody(NOW)) == [free]
    assert list(Alert.objects.snoozed(NOW)) == [quiet]
    assert list(Alert.objects.acknowledged()) == [mine]
    assert list(Alert.objects.closed()) == [shared]

"""A history of pushes that SQL writes is one that the product can live with."""

import pytest

from bench import pushes
from brokers.models import BrokerRun, Push, Repository, RepositoryService

RUNS = 1000


@pytest.fixture
def prepared(db):
    pushes.prepare("http://127.0.0.1:8009/")
    pushes.fill(RUNS)


@pytest.mark.usefixtures("prepared")
def test_rows_belong_together():
    assert (BrokerRun.objects.count(), Push.objects.count()) == (RUNS, RUNS / 2)
    run = BrokerRun.objects.select_related("service", "push").latest("id")
    assert run.repository_id == run.service.repository_id == run.push.repository_id
    assert run.transcript[1]["kind"] == "mail"
    assert run.push.branches == ["main"]
    pairs = BrokerRun.objects.values("service", "push").distinct().count()
    assert pairs == RUNS


@pytest.mark.usefixtures("prepared")
def test_nothing_of_a_history_is_due():
    assert pushes.counts() == {"pushes": RUNS / 2, "runs": RUNS, "waiting": 0}


@pytest.mark.usefixtures("prepared")
def test_a_history_does_not_keep_new_rows_from_being_written():
    repository = Repository.objects.create(host="x", full_name="y", created_at=pushes._now())
    service = RepositoryService.objects.create(
        repository=repository, broker="email", created_at=pushes._now()
    )

    assert service.pk


@pytest.mark.django_db(transaction=True)
def test_everything_that_is_measured_is_done_on_a_history():
    pushes.prepare("http://127.0.0.1:8009/")
    pushes.fill(RUNS)

    took = pushes.everything("first", 3)

    assert min(took.values()) > 0
    assert pushes.counts() == {"pushes": RUNS / 2 + 3, "runs": RUNS + 3, "waiting": 0}
    assert set(BrokerRun.objects.order_by("-id").values_list("status", flat=True)[:3]) == {"done"}

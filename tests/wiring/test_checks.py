"""What is misconfigured is told in the operator's words, with a stable id."""

import pytest

from alertops.checks import check_settings

SLOW = {"workers": 1, "queue_limit": 1, "timeout": 600, "retry": 2400}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ["alertops.W002"], id="as the tests run: mails go to files"),
        pytest.param({"EMAIL_URL": "smtp://mail"}, [], id="nothing to say"),
        pytest.param({"ENCRYPTION_KEYS": []}, ["alertops.E001"], id="no key"),
        pytest.param({"ENCRYPTION_KEYS": ["short"]}, ["alertops.E001"], id="a key that is none"),
        pytest.param({"BASE_URL": "http://alerts.example.com"}, ["alertops.W001"], id="no TLS"),
        pytest.param({"IS_HTTPS": True}, ["alertops.W003"], id="TLS without a trusted proxy"),
        pytest.param({"IS_HTTPS": True, "TRUSTED_PROXY_COUNT": 1}, [], id="TLS behind a proxy"),
        pytest.param({"IS_SQLITE": False}, ["alertops.W004"], id="PostgreSQL without Redis"),
        pytest.param({"IS_SQLITE": False, "REDIS_URL": "redis://cache"}, [], id="PostgreSQL and Redis"),
        pytest.param({"OUTBOUND_NETWORKS": ["10.0.0.0/8", "::1"]}, [], id="networks to call"),
        pytest.param({"OUTBOUND_NETWORKS": ["intranet"]}, ["alertops.E003"], id="a network that is none"),
        pytest.param(
            {"OUTBOUND_NETWORKS": ["169.254.169.254"]}, ["alertops.W005"], id="a network that is never called"
        ),
        pytest.param({"CA_FILE": "/none.pem"}, ["alertops.E004"], id="authorities that are not there"),
        pytest.param(
            {"Q_CLUSTER": {"workers": 1, "queue_limit": 4, "timeout": 30, "retry": 60, "ALT_CLUSTERS": {}}},
            ["alertops.E002"],
            id="tasks that wait would run twice",
        ),
        pytest.param(
            {"Q_CLUSTER": {**SLOW, "ALT_CLUSTERS": {"slow": {**SLOW, "retry": 900}}}},
            ["alertops.E002"],
            id="the slow queue's tasks would run twice",
        ),
    ],
)
def test_checks_find_what_is_misconfigured(settings, changes, expected):
    given = {
        "EMAIL_URL": "smtp://mail" if changes else "",
        "IS_SQLITE": True,
        "REDIS_URL": "",
        "BASE_URL": "http://localhost:8000",
        **changes,
    }
    for name, value in given.items():
        setattr(settings, name, value)

    assert [message.id for message in check_settings()] == expected

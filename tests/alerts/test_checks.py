"""What keeps people from being told is said before it does."""

import pytest

from alerts.checks import check_telling

CASES = {
    "nothing to say": ({}, []),
    "no mail server: links are nobody's": ({"EMAIL_URL": "", "BASE_URL": "http://localhost:8000"}, []),
    "links lead to this machine": ({"BASE_URL": "http://localhost:8000"}, ["alerts.W001"]),
    "a sender that is refused": ({"DEFAULT_FROM_EMAIL": "alertops@localhost"}, ["alerts.W002"]),
    "no sender": ({"DEFAULT_FROM_EMAIL": "alertops"}, ["alerts.W002"]),
    "one worker for everything": ({"Q_CLUSTER": {"workers": 1}}, ["alerts.W003"]),
    "a task that ends before its call": ({"TASK_TIMEOUT": 20}, ["alerts.E001"]),
}


@pytest.mark.parametrize(("changes", "expected"), CASES.values(), ids=CASES)
def test_what_keeps_people_from_being_told_is_found(settings, changes, expected):
    sound = {
        "EMAIL_URL": "smtp://mail",
        "BASE_URL": "https://alerts.example.com",
        "DEFAULT_FROM_EMAIL": "alertops <alerts@example.com>",
        "Q_CLUSTER": {"workers": 4},
        "TASK_TIMEOUT": 30,
    }
    for name, value in (sound | changes).items():
        setattr(settings, name, value)

    assert [message.id for message in check_telling()] == expected

"""What is posted is 2 KB, valid, and never twice the same."""

import json

import pytest

from bench import bodies
from integrations.logic import payload

KINDS = (bodies.bitbucket, bodies.alertmanager, bodies.alerta)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_body_is_two_kilobytes_of_json_with_its_number(kind):
    for template in kind():
        body = bodies.filled(template, 7)

        assert len(body) == bodies.size(template) == bodies.SIZE
        assert json.loads(body)
        assert "000000000007" in body


def test_the_body_for_alertops_is_one_that_the_door_takes():
    body = bodies.filled(bodies.bitbucket()[0], 7).encode()

    assert payload.decode(body).data["commit_status"]["key"] == "build-000000000007"

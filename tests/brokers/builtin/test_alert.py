"""The Alert broker: what is kept apart, what is joined, and how much one push may ask for."""

from brokers.builtin import BUILTIN
from tests.brokers.pushes import told
from tests.brokers.recorder import run


def keys(payload: dict, settings: dict) -> list[str]:
    return [request.key for request in run(BUILTIN["alert"], payload, settings).requests]


def test_alerts_of_two_branches_are_kept_apart():
    found = keys(told("bitbucket/two_branches"), {"protected": "*"})

    assert found == [
        "bitbucket.org/acme/website protected main",
        "bitbucket.org/acme/website protected release/1.2",
    ]


def test_alerts_of_two_repositories_and_two_hosts_are_kept_apart():
    found = {
        keys(told(name), {"protected": "main"})[0] for name in ("github/push", "gitlab/push", "gitea/push")
    }

    assert len(found) == 3


def test_a_forced_push_to_a_protected_branch_opens_two():
    assert len(keys(told("bitbucket/rewound"), {"protected": "main"})) == 2


def test_forced_pushes_may_be_left_out():
    assert keys(told("bitbucket/rewound"), {"forced": False}) == []


def test_who_may_push_may_not_force():
    found = keys(told("bitbucket/rewound"), {"protected": "main", "allowed": "anna"})

    assert found == ["bitbucket.org/acme/website forced main"]


def test_a_tag_is_no_push_to_a_branch():
    assert keys(told("github/tag"), {"protected": "*"}) == []


def test_one_push_asks_for_twenty_alerts_at_most_and_says_so():
    payload = told("bitbucket/push")
    payload["changes"] = [{**payload["changes"][0], "name": f"b{number}"} for number in range(50)]

    host = run(BUILTIN["alert"], payload, {"protected": "*"})

    assert len(host.requests) == 20
    assert "30 more are left out" in host.lines[-1]


def test_no_words_are_no_reason():
    assert keys(told("bitbucket/push"), {"opens": "\n \n", "closes": ""}) == []

"""How a sender proves that it knows the secret."""

import pytest
from requests.structures import CaseInsensitiveDict

from integrations.logic.signature import Scheme, is_valid, sign

SECRET = "It's a Secret to Everybody"
BODY = b"Hello World!"
MAC = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"

GOOD = {
    "Bitbucket": (Scheme.HUB, {"X-Hub-Signature": f"sha256={MAC}"}),
    "GitHub, which sends the old one too": (
        Scheme.HUB,
        {
            "X-Hub-Signature": "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59",
            "X-Hub-Signature-256": f"sha256={MAC}",
        },
    ),
    "header in lower case": (Scheme.HUB, {"x-hub-signature-256": f"sha256={MAC}"}),
    "Grafana": (Scheme.GRAFANA, {"X-Grafana-Alerting-Signature": MAC}),
    "GitLab": (Scheme.GITLAB, {"X-Gitlab-Token": SECRET}),
    "bearer": (Scheme.BEARER, {"Authorization": f"Bearer {SECRET}"}),
    "bearer in lower case": (Scheme.BEARER, {"Authorization": f"bearer  {SECRET}"}),
}
BAD = {
    "no header": (Scheme.HUB, {}),
    "empty header": (Scheme.HUB, {"X-Hub-Signature-256": ""}),
    "another MAC": (Scheme.HUB, {"X-Hub-Signature-256": f"sha256={MAC[:-1]}8"}),
    "only the MAC": (Scheme.HUB, {"X-Hub-Signature-256": MAC}),
    "SHA-1 alone": (Scheme.HUB, {"X-Hub-Signature": "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"}),
    "a good one beside a bad one that counts": (
        Scheme.HUB,
        {"X-Hub-Signature-256": "sha256=00", "X-Hub-Signature": f"sha256={MAC}"},
    ),
    "Grafana with a prefix": (Scheme.GRAFANA, {"X-Grafana-Alerting-Signature": f"sha256={MAC}"}),
    "GitLab, the MAC for the secret": (Scheme.GITLAB, {"X-Gitlab-Token": MAC}),
    "GitLab, another case": (Scheme.GITLAB, {"X-Gitlab-Token": SECRET.lower()}),
    "basic for bearer": (Scheme.BEARER, {"Authorization": f"Basic {SECRET}"}),
    "bearer without secret": (Scheme.BEARER, {"Authorization": "Bearer"}),
    "not even text": (Scheme.GITLAB, {"X-Gitlab-Token": "\udcff"}),
}


@pytest.mark.parametrize(("scheme", "headers"), GOOD.values(), ids=GOOD)
def test_who_knows_the_secret_is_let_in(scheme, headers):
    assert is_valid(scheme, secret=SECRET, body=BODY, headers=CaseInsensitiveDict(headers))


@pytest.mark.parametrize(("scheme", "headers"), BAD.values(), ids=BAD)
def test_who_does_not_know_the_secret_is_not_let_in(scheme, headers):
    assert not is_valid(scheme, secret=SECRET, body=BODY, headers=CaseInsensitiveDict(headers))


@pytest.mark.parametrize("scheme", [Scheme.HUB, Scheme.GRAFANA])
def test_a_changed_body_is_noticed(scheme):
    headers = dict([sign(scheme, secret=SECRET, body=BODY)])

    assert not is_valid(scheme, secret=SECRET, body=BODY + b" ", headers=headers)


@pytest.mark.parametrize("scheme", Scheme)
def test_what_is_signed_here_is_valid_here(scheme):
    headers = dict([sign(scheme, secret=SECRET, body=BODY)])

    assert is_valid(scheme, secret=SECRET, body=BODY, headers=headers)


@pytest.mark.parametrize("scheme", [Scheme.GITLAB, Scheme.BEARER])
def test_a_secret_beyond_ascii_arrives_as_its_bytes(scheme):
    name, value = sign(scheme, secret="Schlüssel €", body=BODY)
    as_wsgi_gives_it = value.encode().decode("latin-1")

    assert is_valid(scheme, secret="Schlüssel €", body=BODY, headers={name: as_wsgi_gives_it})

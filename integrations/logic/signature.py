"""How a sender proves that it knows the secret."""

from enum import StrEnum


class Scheme(StrEnum):
    """HUB: HMAC-SHA256 of the raw body, `sha256=<hex>` in X-Hub-Signature-256 or X-Hub-Signature.

    Sources: Bitbucket (X-Hub-Signature), GitHub (X-Hub-Signature-256), GitLab (the secret itself in
    X-Gitlab-Token), Grafana (hex HMAC-SHA256 in X-Grafana-Alerting-Signature).
    """

    HUB = "hub"
    GITLAB = "gitlab"
    GRAFANA = "grafana"
    BEARER = "bearer"

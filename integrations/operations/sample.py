"""How an integration is tried: its sample goes through the real URL, like a delivery of its sender."""

from datetime import datetime

from requests.structures import CaseInsensitiveDict

from alertops.lib import http
from integrations.logic import signature
from integrations.logic.headers import DELIVERY_ID_HEADERS
from integrations.models import Integration
from integrations.operations.accept import TEST_HEADER


def post_sample(integration: Integration, *, now: datetime) -> http.Answer:
    """Post the sample, marked as a test, and return what the door answered.

    Raises http.Unreachable, in words for the person who asked.
    """
    body = integration.sample_body.encode()
    headers = _headers(integration, body, now)
    return http.post_to_ourselves(f"/in/{integration.token}", body=body, headers=headers)


def _headers(integration: Integration, body: bytes, now: datetime) -> CaseInsensitiveDict[str]:
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict({"Content-Type": "application/json"})
    headers.update(integration.sample_headers)
    headers[TEST_HEADER] = "1"
    for name in DELIVERY_ID_HEADERS:
        if name in headers:  # each test is a delivery of its own, not the first one sent again
            headers[name] = f"test-{integration.pk}-{now:%Y%m%dT%H%M%S.%f}"
    if integration.signing_secret:
        scheme = signature.Scheme(integration.signature_scheme)
        name, value = signature.sign(scheme, secret=integration.signing_secret, body=body)
        headers[name] = value
    return headers

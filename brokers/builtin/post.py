"""Posts every push to an address: as Bitbucket's POST service did, or as signed JSON."""

import hashlib
import hmac
import json
import uuid
from typing import Any
from urllib.parse import urlencode

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import BaseBroker, Choice, Password, Url

FORM = "application/x-www-form-urlencoded"
FORMATS = (
    ("form", _("A form with one field, payload: what Bitbucket's POST service sent")),
    ("json", _("JSON, with headers like those of webhooks")),
)
POSTED = saying("Posted: %(status)d.")
DELIVERIES = uuid.UUID("6f6c9d0c-6a31-4f0e-9a57-1f3cf2f1b6f4")


class Post(BaseBroker):
    """One request for each push, also for one without new commits."""

    name = "post"
    title = _("POST")
    summary = _("Posts every push to an address of your choice.")
    fields = (
        Url(
            "url",
            _("Address"),
            _("User and password may stand in it: https://user:password@example.com/hook?token=…"),
            required=True,
            is_secret=True,
        ),
        Choice("format", _("Sent as"), default="form", choices=FORMATS),
        Password(
            "secret",
            _("Secret"),
            _("Signs what is sent: X-Hub-Signature holds sha256= and the HMAC of the body."),
        ),
    )

    def handle(self, payload: dict[str, Any]) -> None:
        settings = payload["service"]
        told = {key: value for key, value in payload.items() if key not in ("service", "broker")}
        is_form = settings.get("format", "form") == "form"
        text = json.dumps(told, sort_keys=True)
        body = (urlencode({"payload": text}) if is_form else text).encode()
        headers = {
            "Content-Type": FORM if is_form else "application/json",
            "X-Event-Key": "service:push",
            "X-Request-UUID": str(uuid.uuid5(DELIVERIES, text)),  # the same when a run is tried again
        }
        if settings.get("secret"):
            digest = hmac.new(settings["secret"].encode(), body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature"] = f"sha256={digest}"
        answer = self.post(settings["url"], body, headers=headers).checked()
        self.log(POSTED % {"status": answer.status})

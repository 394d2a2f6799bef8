"""What was wrong in Bitbucket's services for years is right here: a test for each."""

import base64
from email.message import EmailMessage

from brokers import Answer
from brokers.builtin import BUILTIN
from tests.brokers.pushes import told
from tests.brokers.recorder import Recorder, run

TO = {"to": "team@example.com"}
EIGHT_BIT = (
    b"diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-caf\xe9\n+\x80\xff\xfe \xc3\xbc\n"
)


def test_each_changeset_is_mailed_with_its_own_branch():
    """BCLOUD-9236: with several changesets, all were told to be on the branch of the first."""
    mail = run(BUILTIN["email"], told("historic/push"), TO).mails[0]

    blocks = mail.text.split("Changeset:")[1:]
    branches = [
        next((line.split()[1] for line in block.splitlines() if line.startswith("Branch:")), None)
        for block in blocks
    ]
    assert branches == ["main", "main", "release/1.2", None]


def test_a_diff_of_eight_bits_makes_a_mail_that_can_be_read():
    """BCLOUD-12434: such a diff made the body raw base64, with a header that said otherwise."""
    host = Recorder({"GET": Answer(200, body=EIGHT_BIT)})

    mail = run(BUILTIN["email_diff"], told("github/one_commit"), TO, host).mails[0]

    for text in (mail.text, mail.html):
        message = EmailMessage()
        message.set_content(text, cte="base64")
        raw = message.as_bytes()
        body = raw.partition(b"\n\n")[2]
        assert raw.isascii()
        assert base64.b64decode(body).decode("utf-8").split() == text.split()
    assert "-café" in mail.text
    assert "\x80" not in mail.text


def test_a_subject_of_ones_own_is_used_and_cannot_be_filled_twice():
    """BCLOUD-4151: Basecamp and others wanted a subject that they could tell apart."""
    payload = told("github/one_commit")
    payload["commits"][0]["message"] = "Say {author} and {usual}"

    settings = {**TO, "subject": "[{repository}] {summary}"}
    mail = run(BUILTIN["email"], payload, settings).mails[0]

    assert mail.subject == "[acme/website] Say {author} and {usual}"

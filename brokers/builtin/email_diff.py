"""Mails what was pushed with the diff of each commit, fetched from the host."""

from typing import Any

from alertops.lib.sayings import gettext_noop as _
from alertops.lib.sayings import saying
from brokers.base import Answer, BrokerError
from brokers.builtin.email import Email, is_news
from brokers.logic.code_hosts import NoSuchApi, diff_call
from brokers.logic.diffs import read_diff
from brokers.logic.lines import one_line
from brokers.logic.telling import commit_url, joined, nothing_new

MOST_DIFFS = 10  # in one mail: a run may make 20 calls
MOST_NAMED = 10  # binary files
NO_DIFF = saying("Diff of %(commit)s could not be fetched: %(why)s", within=["why"])


class EmailDiff(Email):
    """What Email sends, with diffs. A diff that cannot be had keeps no mail back."""

    name = "email_diff"
    title = _("Email Diff")
    summary = _("Mails every push with the diff of each commit.")

    def handle(self, payload: dict[str, Any]) -> None:
        if not is_news(payload):
            self.log(nothing_new(payload, "mail"))
            return
        commits = payload["commits"]
        newest = commits[-MOST_DIFFS:]
        appendix = [self.diff_of(payload, commit) for commit in newest]
        left = len(commits) - len(newest)
        if left:
            appendix.insert(0, (f"The diffs of {left} older commits are left out.", ""))
        self.mail(payload, appendix)

    def diff_of(self, payload: dict[str, Any], commit: dict[str, Any]) -> tuple[str, str]:
        """Return a heading and the diff below it; where there is none, the heading says why."""
        name = f"Diff of {commit['node']}"
        try:
            answer = self.fetched(payload, commit).checked()
            diff = read_diff(answer.body, is_cut=answer.is_cut)
        except (BrokerError, NoSuchApi) as error:
            self.log(NO_DIFF % {"commit": commit["node"], "why": error})
            return NO_DIFF % {"commit": commit["node"], "why": one_line(error, 300)}, ""
        notes = []
        if diff.binary:
            more = f" and {len(diff.binary) - MOST_NAMED} more" if len(diff.binary) > MOST_NAMED else ""
            notes.append(f"left out as binary: {joined(map(one_line, diff.binary[:MOST_NAMED]))}{more}")
        if diff.is_cut:
            notes.append("cut, it is too long")
        elif not diff.text and not diff.binary:
            notes.append("empty")
        url = commit_url(payload, commit)
        where = f" {url}" if url and (diff.is_cut or diff.binary) else ""
        told = f" ({'; '.join(notes)})" if notes else ""
        return f"{name}{told}:{where}", diff.text

    def fetched(self, payload: dict[str, Any], commit: dict[str, Any]) -> Answer:
        call = diff_call(payload, commit)
        return self.get(call.url, headers=call.headers)

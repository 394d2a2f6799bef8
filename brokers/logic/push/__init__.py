"""What a push says: read from every code host's own shape, told as the payload that brokers always had.

push = read_push(headers, payload)            # None: not a push
known = commits_of(push)                      # which of these were seen before?
historic_payload(push, seen=..., branches=...)
"""

from brokers.logic.push.facts import (
    Change,
    Commit,
    Push,
    PushUnreadable,
    RepositoryFacts,
    commits_of,
)
from brokers.logic.push.news import News, news_of
from brokers.logic.push.payload import historic_payload
from brokers.logic.push.reading import read_push

__all__ = [
    "Change",
    "Commit",
    "News",
    "Push",
    "PushUnreadable",
    "RepositoryFacts",
    "commits_of",
    "historic_payload",
    "news_of",
    "read_push",
]

"""The brokers that are always there: one file each, with its help page in help/."""

from brokers.base import BaseBroker
from brokers.builtin.alert import Alert
from brokers.builtin.chat import Chat
from brokers.builtin.email import Email
from brokers.builtin.email_diff import EmailDiff
from brokers.builtin.issues import Issues
from brokers.builtin.jenkins import Jenkins
from brokers.builtin.post import Post
from brokers.builtin.status import Status
from brokers.builtin.teams import Teams

# In the order in which they are offered.
BUILTIN: dict[str, type[BaseBroker]] = {
    broker.name: broker for broker in (Email, EmailDiff, Post, Issues, Jenkins, Chat, Teams, Status, Alert)
}

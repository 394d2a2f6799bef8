"""What is done with repositories, services, pushes and runs. Doors write `from brokers import operations`."""

from brokers.operations.arrivals import Arrived, Taken, branches_for, take_in
from brokers.operations.catalog import (
    UnknownBroker,
    all_brokers,
    all_cards,
    broker_of,
    card_of,
    help_of,
    title_of,
)
from brokers.operations.facts import push_of
from brokers.operations.failing import MOST_FAILURES
from brokers.operations.payloads import facts_of, payload_of, shown_payload
from brokers.operations.rights import (
    managed_by,
    manages_any,
    may_manage,
    may_see,
    sees_all,
    sees_any,
    stays_manager,
    visible_to,
)
from brokers.operations.running import run_one
from brokers.operations.samples import EXAMPLES, example
from brokers.operations.services import (
    add_service,
    duplicate,
    free_title,
    put_settings,
    secrets_of,
    settings_of,
    shown_settings,
    switch_off,
    switch_on,
    url_of,
)
from brokers.operations.trying import Rehearsal, begin_test, recorded, rehearse, run_again

__all__ = [
    "EXAMPLES",
    "MOST_FAILURES",
    "Arrived",
    "Rehearsal",
    "Taken",
    "UnknownBroker",
    "add_service",
    "all_brokers",
    "all_cards",
    "begin_test",
    "branches_for",
    "broker_of",
    "card_of",
    "duplicate",
    "example",
    "facts_of",
    "free_title",
    "help_of",
    "managed_by",
    "manages_any",
    "may_manage",
    "may_see",
    "payload_of",
    "push_of",
    "put_settings",
    "recorded",
    "rehearse",
    "run_again",
    "run_one",
    "secrets_of",
    "sees_all",
    "sees_any",
    "settings_of",
    "shown_payload",
    "shown_settings",
    "stays_manager",
    "switch_off",
    "switch_on",
    "take_in",
    "title_of",
    "url_of",
    "visible_to",
]

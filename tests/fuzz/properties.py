"""What holds whatever comes in: one check for each part that reads what strangers or rules say.

Each part raises nothing but its own exception, answers the same when asked again, and gives nothing that a
database refuses, nor more than a bounded amount of it.
"""

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from alertops.lib import conditions
from alertops.lib.conditions import InvalidCondition, InvalidPath, Missing, Operator, Scope
from alerts.logic import event as events
from integrations.logic import headers, mapping, payload, pipeline, rule_json, signature, template, times
from integrations.logic.signature import Scheme
from integrations.logic.trace import Trace
from tests.fuzz import inputs, rules

NOW = datetime(2026, 3, 2, tzinfo=UTC)
# Characters: a path (500) and two values shown (200 each) with words around them.
LONGEST_REASON = 1_500
LONGEST_OUTCOME = 150_000


@dataclass(frozen=True)
class Property:
    """check: fails by raising.  share: of all inputs, in hundredths.

    axes: what the check's arguments are drawn from, and how many of each: all of one kind are tried with
    all of the others, for drawing takes longer than checking.
    """

    check: Callable[..., None]
    share: int
    axes: tuple[tuple[st.SearchStrategy[Any], int], ...]

    @property
    def size(self) -> int:
        """How many inputs one drawing gives."""
        return math.prod(count for _strategy, count in self.axes)

    @property
    def drawings(self) -> st.SearchStrategy[tuple[tuple[Any, ...], ...]]:
        return st.tuples(*(st.tuples(*[strategy] * count) for strategy, count in self.axes))


def run(tried: Property, *, count: int, options: settings, start: int | None = None) -> None:
    """Try a property with so many inputs; raises what its check does, with the smallest case that fails.

    start: the seed of what is drawn; None for what the options say.
    """

    @settings(options, max_examples=-(-count // tried.size))
    @given(tried.drawings)
    def test(drawing: tuple[tuple[Any, ...], ...]) -> None:
        for case in itertools.product(*drawing):
            tried.check(*case)

    (test if start is None else seed(start)(test))()


def must_be_storable(value: Any, depth: int = payload.MAX_DEPTH) -> None:
    """Fail where PostgreSQL would refuse a value as JSON or text, or it is deeper than allowed."""
    assert depth >= 0, "too deep"
    if isinstance(value, str):
        assert "\0" not in value, "NUL"
        value.encode()
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, dict):
        for key, held in value.items():
            must_be_storable(key, depth)
            must_be_storable(held, depth - 1)
    elif isinstance(value, list | tuple):
        for held in value:
            must_be_storable(held, depth - 1)


def must_be_short(message: object) -> None:
    """Fail unless a reason fits where it is shown."""
    assert 0 < len(str(message)) <= LONGEST_REASON


def _delivery_is_read_or_refused(body: bytes, envelope: dict[str, Any]) -> None:
    try:
        read = payload.decode(body, **envelope)
    except payload.UnreadableBody as error:
        must_be_short(error)
        must_be_storable(str(error))
        return
    must_be_storable(read.data)
    must_be_storable(read.headers)
    assert json.loads(json.dumps(read.data)) == read.data
    assert payload.decode(body, **envelope) == read


def _headers_are_masked_and_bounded(sent: dict[str, str], token: str) -> None:
    kept = headers.redact({**sent, "X-Original-URL": f"/in/{token}"}, hidden=token)
    must_be_storable(kept)
    assert token not in json.dumps(kept)
    assert all(
        len(name) <= headers.LONGEST_NAME and len(value) <= headers.LONGEST_VALUE
        for name, value in kept.items()
    )
    assert {kept.get("Authorization"), kept.get("cookie")} <= {headers.MASK, None}
    name = headers.delivery_id(sent)
    must_be_storable(name)
    assert len(name) <= headers.LONGEST_DELIVERY_ID


def _only_the_right_proof_is_taken(scheme: Scheme, secret: str, body: bytes, sent: dict[str, str]) -> None:
    name, proof = signature.sign(scheme, secret=secret, body=body)
    right = {name: proof.encode().decode("latin-1")}  # as WSGI gives it
    assert signature.is_valid(scheme, secret=secret, body=body, headers=right)
    assert not signature.is_valid(scheme, secret=secret + "x", body=body, headers=right)
    if scheme in (Scheme.HUB, Scheme.GRAFANA):
        assert not signature.is_valid(scheme, secret=secret, body=body + b" ", headers=right)
    forged = any(sent.get(name) for name in signature.HEADERS[scheme])
    if signature.is_valid(scheme, secret=secret, body=body, headers=sent):
        assert forged
        assert secret in str(sent)


def _path_finds_or_says_why_not(text: str, data: Any, sent: dict[str, str]) -> None:
    try:
        path = conditions.parse_path(text)
    except InvalidPath as error:
        must_be_short(error)
        return
    assert conditions.parse_path(path.text) == path
    found = conditions.look_up(path, Scope(data, sent, data))
    if isinstance(found, Missing):
        must_be_short(found.reason)
    else:
        assert found is not None
        assert len(conditions.preview(found)) <= conditions.SHOWN_LENGTH


def _condition_judges(text: str, operator: Operator, value: str, data: Any) -> None:
    try:
        condition = conditions.compile_condition(text, operator, value)
        opposite = conditions.compile_condition(text, operator, value, is_negated=True)
    except (InvalidPath, InvalidCondition) as error:
        must_be_short(error)
        return
    scope = Scope(data, {}, data)
    verdict = conditions.judge(condition, scope)
    must_be_short(verdict.reason)
    assert len(verdict.seen or "") <= conditions.SHOWN_LENGTH
    assert conditions.judge(opposite, scope).holds is not verdict.holds
    assert conditions.judge(condition, scope) == verdict


def _regex_is_read_or_refused(pattern: str, text: str) -> None:
    try:
        regex = conditions.compile_regex(pattern)
    except InvalidCondition as error:
        must_be_short(error)
        return
    assert conditions.matches(regex, text) is conditions.matches(regex, text)


def _template_fills_within_bounds(text: str, data: Any) -> None:
    try:
        read = template.parse(text)
    except (InvalidPath, template.InvalidTemplate) as error:
        must_be_short(error)
        return
    filled, missing = template.fill(read, Scope(data, {}, data))
    assert len(filled) <= template.MAX_LENGTH
    assert len(missing) <= len(read.pieces)
    if "<" not in text:
        assert filled == text[: template.MAX_LENGTH]


def _time_is_believable_or_none(value: Any) -> None:
    moment = times.parse_time(value)
    if moment is not None:
        assert times.EARLIEST <= moment < times.LATEST
        assert moment.utcoffset() == UTC.utcoffset(None)


def _rule_is_read_and_written(data: Any, odd: dict[str, Any]) -> None:
    rule = rule_json.read_rule({**data, **odd} if isinstance(data, dict) else data)
    written = rule_json.write_rule(rule)
    must_be_storable(written)
    again = rule_json.read_rule(json.loads(json.dumps(written)))
    assert rule_json.write_rule(again) == written
    assert rule.misfits or again == rule
    for problem in mapping.problems(rule):
        must_be_storable(problem.message)
        must_be_short(problem.message)


def _evaluation_gives_a_trace_that_can_be_kept(body: bytes, envelope: dict[str, Any], rule: Any) -> None:
    try:
        read = payload.decode(body, **envelope)
    except payload.UnreadableBody:
        return
    config = rule_json.read_config([rule])
    trace = pipeline.evaluate(read, config)
    must_be_storable(trace.as_json())
    for decision in trace.decisions:
        kept = trace.outcome_json(decision)
        must_be_storable(kept)
        assert len(json.dumps(kept, ensure_ascii=False)) <= LONGEST_OUTCOME
        assert decision.event is not None or decision.reason is not None
    for event in trace.events:
        _event_can_be_taken_in(event)
    assert _as_json(pipeline.evaluate(read, rule_json.read_config([rule]))) == _as_json(trace)


def _as_json(trace: Trace) -> list[Any]:
    return [trace.as_json(), *(trace.outcome_json(decision) for decision in trace.decisions)]


def _event_can_be_taken_in(event: events.Event) -> None:
    texts = [event.source, event.source_name, event.source_id, event.subject, event.long_text]
    must_be_storable([texts, event.tags, event.users, event.teams])
    assert max(map(len, texts)) <= template.MAX_LENGTH
    assert event.source_name
    assert len(events.key_digest(1, event)) == 64
    assert "\n" not in events.headline(event)
    assert events.told_at(event, NOW) <= NOW
    assert len(events.shortened(event.subject, 10)) <= 10


_tokens = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=20, max_size=43)
_secrets = st.sampled_from(("voilà", "?", "x", "it's a longer one")) | st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
).filter(lambda secret: secret == secret.strip())
_times = st.one_of(
    inputs.values,
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.integers(0, 10**20),
    st.lists(
        st.sampled_from(
            ("Mon, ", "2 ", "Mar ", "2026 ", "2026-03-02", "T", " ", "09:04", ":05", ".5", "Z", " UTC",
             " +0200", "+25:00", "-0000", "(x)", "W10-1", "0001", "9999", "99", "\0", "²", ",", ":", "-")
        ),
        max_size=7,
    ).map("".join),
)  # fmt: skip

_ENVELOPES = (inputs.envelopes, 4)
_VALUES = (inputs.values, 4)

PROPERTIES: dict[str, Property] = {
    "a delivery is read or refused": Property(
        _delivery_is_read_or_refused, 25, ((inputs.bodies, 5), _ENVELOPES)
    ),
    "headers are masked and bounded": Property(
        _headers_are_masked_and_bounded, 5, ((inputs.headers, 4), (_tokens, 2))
    ),
    "only the right proof is taken": Property(
        _only_the_right_proof_is_taken,
        5,
        ((st.sampled_from(Scheme), 1), (_secrets, 3), (inputs.bodies, 2), (inputs.headers, 2)),
    ),
    "a path finds or says why not": Property(
        _path_finds_or_says_why_not, 8, ((rules.paths, 4), _VALUES, (inputs.headers, 1))
    ),
    "a condition judges": Property(
        _condition_judges,
        10,
        ((rules.paths, 2), (st.sampled_from(Operator), 2), (rules.condition_values, 2), _VALUES),
    ),
    "a regular expression is read or refused": Property(
        _regex_is_read_or_refused, 7, ((rules.regexes, 2), (inputs.texts, 3))
    ),
    "a template fills within bounds": Property(
        _template_fills_within_bounds, 8, ((rules.templates, 3), _VALUES)
    ),
    "a time is believable or none": Property(_time_is_believable_or_none, 7, ((_times, 2),)),
    "a rule is read and written": Property(
        _rule_is_read_and_written, 10, ((rules.foreign_rules, 2), (rules.odd_parts, 3))
    ),
    "evaluation gives a trace that can be kept": Property(
        _evaluation_gives_a_trace_that_can_be_kept,
        15,
        ((inputs.readable_bodies, 4), (inputs.envelopes, 1), (rules.usable_rules, 3)),
    ),
}

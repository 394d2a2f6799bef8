"""What is sent and what arrives is counted rightly, or every figure is wrong."""

import smtplib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import figures, stories
from bench.scenarios import latency
from bench.sender import Post, Sending
from bench.sink import Mail, Sink

PAUSE = 0.3


class Slow(BaseHTTPRequestHandler):
    """Answers the first delivery late, the others at once."""

    protocol_version = "HTTP/1.1"
    seen: list[bytes] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(body)
        if len(self.seen) == 1:
            time.sleep(PAUSE)
        self.send_response(202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def slow_server():
    Slow.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/in/token"
    server.shutdown()
    server.server_close()


def test_a_slow_answer_counts_for_all_that_had_to_wait_for_it(slow_server):
    posts = Sending(slow_server, stories.new("b", 5), rate=50, connections=1).posts()

    assert [post.status for post in posts] == [202] * 5
    assert len(Slow.seen) == 5
    assert posts[1].latency > PAUSE / 2
    assert posts[1].answered - posts[1].sent < PAUSE / 2


def test_a_sender_keeps_its_pace(slow_server):
    posts = Sending(slow_server, stories.new("b", 5), rate=50).posts()

    assert [round((post.due - posts[0].due) * 50) for post in posts] == [0, 1, 2, 3, 4]
    assert posts[4].latency < PAUSE / 2


def test_a_sender_ends_however_much_it_has_to_tell(slow_server):
    sending = Sending(slow_server, stories.new("b" * 200, 500), rate=0)
    end = time.monotonic() + 60

    while not sending.is_over and time.monotonic() < end:
        time.sleep(0.05)

    assert sending.is_over
    assert len(sending.posts()) == 500


def test_a_sender_that_nobody_answers_says_so():
    [post] = Sending("http://127.0.0.1:9/in/token", stories.new("b", 1), rate=50).posts()

    assert post.status == 0


def test_the_mail_server_notes_which_notification_came():
    with Sink() as sink:
        began = time.monotonic()
        with smtplib.SMTP("127.0.0.1", int(sink.url.rsplit(":", 1)[1])) as client:
            for number in (1, 2):
                mail = f"Subject: x\r\nMessage-ID: <alert-7.{number}.1@localhost>\r\n\r\nIt broke.\r\n"
                client.sendmail("a@example.com", "b@example.com", mail)
        mails = sink.mails()

    assert [(mail.alert_id, mail.notification_id) for mail in mails] == [(7, 1), (7, 2)]
    assert began < mails[0].at <= mails[1].at < time.monotonic()


def test_latency_counts_from_when_a_delivery_was_due_and_misses_nothing():
    posts = [
        Post("a", 10.0, 10.1, 10.2, 202),
        Post("b", 11.0, 11.0, 11.1, 202),
        Post("c", 12.0, 12.0, 12.1, 503),
    ]
    mails = [Mail(1, 1, 10.5), Mail(1, 2, 10.6)]
    told = {1: {"build": "a"}, 2: {"build": "b"}}

    run = latency.run_of(posts, mails, told)

    assert run.p50 == pytest.approx(500)
    assert (run.details["lost"], run.details["doubled"], run.details["not_accepted"]) == (1, 1, 1)


def test_a_mix_mends_only_what_was_broken():
    failing = set()
    said = list(stories.mix("m", 2000))
    for build, state in said:
        if state == stories.FAILED:
            failing.add(build)
        elif "green" not in build:
            assert build in failing
            failing.remove(build)

    shares = [
        sum("green" in build for build, _state in said),
        sum(state == stories.FAILED for _b, state in said),
    ]
    assert shares == [pytest.approx(1400, abs=80), pytest.approx(400, abs=60)]


def test_a_slope_is_the_growth_for_each_one_more():
    assert figures.slope([(0, 10.0), (1, 12.0), (2, 14.0)]) == pytest.approx(2)
    assert figures.percentile([0.3, 0.1, 0.2], 50) == pytest.approx(200)
    assert figures.percentile([], 99) is None

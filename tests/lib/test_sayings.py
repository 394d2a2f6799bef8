"""A sentence that is stored in English is found again by its text, and worded for its reader."""

import pytest
from django.utils import translation

from alertops.lib.sayings import recognize, saying, sayings
from alertops.lib.wording import worded
from alerts.operations import timeline
from brokers import operations  # noqa: F401 (what it says is known from then on)
from integrations.operations import sentences

GREETING = saying("Good %(time)s, %(who)s.", within=["time"])
MORNING = saying("morning, as they say")
COUNTED = sayings("%(count)d sheep in “%(place)s”", "%(count)d sheep over “%(place)s”")


def test_a_text_is_taken_apart_into_its_template_and_its_values():
    found = recognize(GREETING % {"time": "night", "who": "Anna"})

    assert found is not None
    assert found.saying.template == GREETING
    assert found.values == {"time": "night", "who": "Anna"}


@pytest.mark.parametrize("count", [1, 2, 100])
def test_both_forms_of_what_is_counted_are_known(count):
    found = recognize(COUNTED[count != 1] % {"count": count, "place": "the hedge"})

    assert found is not None
    assert found.values["count"] == str(count)
    assert (found.saying.template, found.saying.plural) == COUNTED


@pytest.mark.parametrize(
    "text",
    ["", "Good", "Good night", "x sheep in “a”", "1 sheep in “a” and “b”", "1 sheep in a", "x" * 6000],
    ids=lambda text: text[:30],
)
def test_what_no_template_fits_is_not_recognized(text):
    assert recognize(text) is None


def test_a_value_within_quotation_marks_does_not_reach_beyond_them():
    text = f"“Builds”: {'“a” does not equal “b”'}"

    found = recognize(text)

    assert found is not None
    assert found.values == {"rule": "Builds", "reason": "“a” does not equal “b”"}


def test_a_senders_text_that_looks_like_sayings_without_end_is_worded_in_no_time():
    text = "; ".join(["“a”: “b”: c: d: e"] * 200)

    with translation.override("de"):
        assert worded(text)


def test_who_reads_english_gets_what_is_stored():
    with translation.override("en"):
        assert worded("Opened #12") == "Opened #12"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("Opened #12", "#12 geöffnet"),
        ("Joined #12, 3rd time", "Zu #12 hinzugekommen, zum 3. Mal"),
        ("Joined #12, 3rd time; 1 event more", "Zu #12 hinzugekommen, zum 3. Mal; 1 weiteres Ereignis"),
        ("Joined #12, 3rd time; 2 events more", "Zu #12 hinzugekommen, zum 3. Mal; 2 weitere Ereignisse"),
        (
            "Step 1: telling Anna, Ben. Not reached: Cem (no e-mail address), team Night (nobody is in it).",
            "Stufe 1: Benachrichtigung an Anna, Ben."
            " Nicht erreicht: Cem (keine E-Mail-Adresse), Team Night (niemand ist darin).",
        ),
        (
            "No rule matched. “A”: state: “X” does not equal “Y”; “B”: there is no “name”.",
            "Keine Regel passte. „A“: state: „X“ ist nicht gleich „Y“; „B“: es gibt kein „name“.",
        ),
        ("3 events: 1 opening, 2 filtered.", "3 Ereignisse: 1 öffnend, 2 gefiltert."),
        ("exists: an object with 1 key", "ist vorhanden: ein Objekt mit 1 Schlüssel"),
        ("exists: form", "ist vorhanden: form"),
        ("“a^b” has no “c”", "„a^b“: darin gibt es kein „c“"),
        ("listed as “main”: error", "in der Liste als „main“: Fehler"),
        ("Merged into #7. Same disk.", "Zusammengeführt mit #7. Same disk."),
        ("The disk is full, says Ben.", "The disk is full, says Ben."),
        ("Sent 1 mail. Made 2 calls.", "1 Mail gesendet. 2 Aufrufe gemacht."),
        ("Sent 2 mails. The disk is full.", "2 Mails gesendet. The disk is full."),
        ("The disk is full. Sent 1 mail.", "The disk is full. Sent 1 mail."),
        (
            "Somebody pushed 1 commit to main and 2 more: Mend it",
            "Jemand hat 1 Commit nach main und 2 weitere gepusht: Mend it",
        ),
        (
            "a.example.com answered 404: No; none. Check the settings of this service.",
            "a.example.com antwortete mit 404: No; none. Prüfen Sie die Einstellungen dieses Dienstes.",
        ),
        ("write one in a password as %40.", "write one in a password as %40."),
    ],
)
def test_a_stored_sentence_is_worded_in_german_but_what_others_wrote_is_not(stored, said):
    with translation.override("de"):
        assert worded(stored) == said


def test_what_is_stored_is_english_whatever_language_is_spoken_meanwhile():
    with translation.override("de"):
        assert sentences.of_event(sentences.Reason.DUPLICATE, alert_id=1, count=22) == "Joined #1, 22nd time"
        assert timeline.STEP % {"number": 2} == "Step 2"


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (21, "21st"),
        (113, "113th"),
    ],
)
def test_a_place_in_an_order_is_stored_in_english(number, written):
    said = sentences.of_event(sentences.Reason.DUPLICATE, alert_id=5, count=number)

    assert said == f"Joined #5, {written} time"

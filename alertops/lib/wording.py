"""How a sentence that is stored in English reads in the language of who reads it."""

from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils.translation import get_language, gettext, ngettext

from alertops.lib.sayings import Recognized, recognize

# A value of this name is a place in an order: "3rd".
NTH = "nth"
# A value of this name is a severity.
SEVERITY = "severity"
# A value of this name is what a sender sent: only its measure ("a list of 3") is said by us.
SEEN = "seen"
# A saying within a saying within a saying: a sender's text that looks like more is none of ours.
DEEPEST = 6


def worded(text: str) -> str:
    """Return a stored sentence in the reader's language; as it is where it is no sentence of ours.

    Of several sentences each is one of ours, up to the first that is not.

    Costs nothing for who reads English.
    """
    if not text or (get_language() or "en").startswith("en"):
        return text
    return _worded(text, DEEPEST)


def _worded(text: str, depth: int) -> str:
    """Word a text as a whole, or its first sentence and then the rest: by what has more words of its own."""
    if not depth:
        return text
    whole = recognize(text)
    first, stop, rest = text.partition(". ")
    begins = recognize(f"{first}.") if stop else None
    if begins and (whole is None or begins.saying.own > whole.saying.own):
        return f"{_said(begins, depth - 1)} {_worded(rest, depth - 1)}"
    return _said(whole, depth - 1) if whole else text


def _said(found: Recognized, depth: int) -> str:
    saying = found.saying
    words = {name: _value(name, value, saying.within, depth) for name, value in found.values.items()}
    if saying.plural:
        template = ngettext(saying.template, saying.plural, int(found.values["count"]))
    else:
        template = gettext(saying.template)
    return template.replace(")d", ")s") % words if words else template.replace("%%", "%")


def _value(name: str, value: str, within: frozenset[str], depth: int) -> str:
    if name == NTH:
        number = "".join(filter(str.isdecimal, value))
        return str(ordinal(number)) if number else value
    if name == SEVERITY:
        return gettext(value)
    if name == SEEN and not _is_measure(value):
        return value
    return _list(value, depth) if name in within else value


def _is_measure(value: str) -> bool:
    found = recognize(value)
    return found is not None and list(found.values) == ["count"]


def _list(value: str, depth: int) -> str:
    """Word a saying within another, or each of several."""
    found = recognize(value)
    if "; " in value and not (found and "; " in found.saying.template):
        return "; ".join(_list(part, depth) for part in value.split("; "))
    if ", " in value and not found:
        return ", ".join(_worded(part, depth) for part in value.split(", "))
    return _worded(value, depth)

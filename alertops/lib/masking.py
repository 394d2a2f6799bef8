"""What a text must not show: secrets, in whatever form they got into it."""

import base64
import functools
import html
import json
import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import unquote, urlsplit

MASK = "***"
SHORTEST = 4  # characters; a shorter secret is only found where it stands alone
TELLING = 8  # characters of a part of a secret address that nobody has by chance
MOST_FORM = 18  # characters that one character of a secret may take, in whatever form

_CREDENTIALS = re.compile(r"(?<=://)[^\s/@:\"'<>]*:[^\s/@\"'<>]+(?=@)")
_SECRET_HEADER = re.compile(
    r"(?i)auth(?!ors?\b)|cookie|token|secret|(api|access|private)[_-]?key|password|signature|credential|session"
)
_SCHEME = re.compile(r"(?i)(basic|bearer|digest|token)\s+")

_BACKSLASH = r"(?:\\|%(?:25)*5[cC])"


class Masking:
    """Masks secrets in texts: as they are, escaped for URLs, forms, JSON or HTML, and within base64.

        mask = Masking(["hush", "https://chat.example.com/hooks/T0/abcdefgh"])
        mask("user=anna&password=h%75sh")       # user=anna&password=***

    Of a secret address only what stands behind the host is secret: one may know whom it is for.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self._secrets = frozenset(secrets)

    def add(self, *secrets: str) -> None:
        """Mask these as well from now on."""
        self._secrets |= frozenset(secrets)

    def __call__(self, text: str) -> str:
        return _CREDENTIALS.sub(MASK, _search(self._secrets)[0].sub(MASK, text))

    def beginning(self, text: str, length: int) -> str:
        """Return the beginning of a text, masked: a secret at the cut is masked as a whole."""
        _pattern, longest = _search(self._secrets)
        shown = self(text[: length + MOST_FORM * 2 * longest + 100])
        return shown if len(shown) <= length else shown[: length - 1] + "…"

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers as they may be shown: of a telling one only its scheme."""
        return {name: self._header(name, value) for name, value in headers.items()}

    def _header(self, name: str, value: str) -> str:
        if not _SECRET_HEADER.search(name):
            return self(value)
        scheme = _SCHEME.match(value)
        return f"{scheme[1]} {MASK}" if scheme else MASK


def credentials_in(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield what headers carry that must not be shown, wherever the other side repeats it."""
    for name, value in headers.items():
        if _SECRET_HEADER.search(name):
            scheme = _SCHEME.match(value)
            token = value[scheme.end() :] if scheme else value
            yield token
            if scheme and scheme[1].lower() == "basic":
                yield _decoded(token).partition(":")[2]


@functools.lru_cache(maxsize=256)
def _search(secrets: frozenset[str]) -> tuple[re.Pattern[str], int]:
    """Return what finds these secrets in a text, and the length of the longest that it looks for."""
    pieces = {piece for secret in secrets for piece in _pieces(secret)}
    found = {form for piece in pieces for form in (piece, *_within_base64(piece))}
    longest_first = sorted(found, key=len, reverse=True)
    whole = "|".join(map(_pattern, longest_first)) or r"(?!)"
    return re.compile(whole), max(map(len, pieces), default=0)


def _pieces(secret: str) -> Iterator[str]:
    """Yield what of a secret is to be found: all of it, or the telling parts of an address."""
    if not re.match(r"(?i)https?://[^/]", secret):
        yield from filter(None, (secret, secret.strip()))
        return
    try:
        parts = urlsplit(secret)
    except ValueError:
        yield secret
        return
    behind = secret.split("://", 1)[1].partition("/")[2].partition("#")[0]
    found = [behind, parts.password or "", unquote(parts.password or "")]
    found += [part for part in re.split(r"[/?&=;]", behind) if len(part) >= TELLING]
    yield from filter(None, found)


def _within_base64(secret: str) -> Iterator[str]:
    """Yield what is seen of a secret within base64, wherever it begins, in both alphabets."""
    octets = secret.encode("utf-8", "replace")
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + octets).decode().rstrip("=")
        first = -(-before * 8 // 6)
        last = (before + len(octets)) * 8 // 6
        core = whole[first:last]
        if len(core) >= SHORTEST:
            yield core
            yield core.translate(str.maketrans("+/", "-_"))


def _pattern(text: str) -> str:
    """Return a pattern for a text in which every character may stand in any of its forms."""
    if len(text) < SHORTEST:
        return rf"(?<!\w){re.escape(text)}(?!\w)"
    return "".join(map(_forms, text))


@functools.lru_cache(maxsize=4096)
def _forms(character: str) -> str:
    octets = character.encode("utf-8", "replace")
    by_percent = "".join(rf"%(?:25)*(?i:{octet:02x})" for octet in octets)
    itself = rf"(?:{re.escape(character)}|{by_percent})"
    forms = [itself if character.isalnum() else rf"{_BACKSLASH}{{0,8}}{itself}"]
    if character == " ":
        forms.append(r"\+")
    if character == "\\":
        forms.append(rf"{_BACKSLASH}{{1,8}}")
    if ord(character) < 0x10000:
        forms.append(rf"{_BACKSLASH}{{1,8}}u(?i:{ord(character):04x})")
    escaped = (json.dumps(character)[1:-1], html.escape(character))
    forms += [re.escape(form) for form in escaped if form != character]
    forms.append(rf"&#(?:0*{ord(character)}|(?i:x)0*(?i:{ord(character):x}));")
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""

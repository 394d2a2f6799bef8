"""What of a stranger's text may be shown."""


def one_line(text: object, length: int = 1000) -> str:
    """Return a text fit for a header or a heading: on one line, without control and bidi characters, cut."""
    plain = " ".join(visible(str(text)[: 20 * length + 2000]).split())
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def visible(text: str) -> str:
    """Take out what is not seen but changes what is: controls but line ends and tabs, and bidi marks."""
    return text.translate(_UNSEEN)


_UNSEEN = {
    **{code: None for code in range(0x20) if chr(code) not in "\t\n\r"},
    **dict.fromkeys(range(0x7F, 0xA0)),
    **dict.fromkeys((0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF)),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000))),
    0x85: "\n",
    0x2028: "\n",
    0x2029: "\n",
}

"""What the log must not show."""

import logging
import re

# Behind /in/, and what looks like one wherever it stands: senders mistype addresses.
_TOKEN = re.compile(r"(?<=/in/)[^/\s\"'?]+|(?<![\w-])[\w-]{43}(?![\w-])")


class HideTokens(logging.Filter):
    """Masks the token of a secret URL, wherever a line shows one."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        hidden = _TOKEN.sub("***", message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True

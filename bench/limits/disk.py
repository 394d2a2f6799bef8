"""How often a second the disk makes 2 KB durable."""

import os
import tempfile
import time
from pathlib import Path

BLOCK = b"x" * 2048


def fdatasyncs_a_second(folder: Path, *, seconds: float) -> float:
    """Append 2 KB and wait until the disk has it, again and again."""
    with tempfile.TemporaryFile(dir=folder) as file:
        count, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            os.write(file.fileno(), BLOCK)
            os.fdatasync(file.fileno())
            count += 1
    return count / passed

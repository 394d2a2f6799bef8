"""A Redis server of a test's own: nobody else's keys, and it may be stopped and started."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

import pytest
import redis


class RedisServer:
    """Runs on a free port; keeps nothing."""

    def __init__(self) -> None:
        require_redis()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = tempfile.mkdtemp(prefix="alertops-redis-")
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        options = f"--bind 127.0.0.1 --port {self.port} --dir {self.folder} --appendonly no"
        self.process = subprocess.Popen(
            ["redis-server", *options.split(), "--save", ""],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < end, "redis-server did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


def require_redis() -> None:
    """Skip the test where there is no Redis; fail it under CI=true."""
    if shutil.which("redis-server"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("CI needs redis-server.")
    pytest.skip("no redis-server here")

"""What an init system does: start web server and worker, and start them again when they die."""

import subprocess
import threading
import time
from pathlib import Path

import psutil

from alertops import cluster
from tests.processes import Server

RESTART_AFTER = 0.5


class Keeper(threading.Thread):
    """Keeps both running until it is stopped; the kernel ends what a killed parent leaves."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._must_stop = threading.Event()
        self.web = server.web
        self.worker = self._start_worker()

    def stop(self) -> None:
        self._must_stop.set()
        self.join()

    def run(self) -> None:
        while not self._must_stop.wait(0.1):
            if self.worker.poll() is not None:
                time.sleep(RESTART_AFTER)
                self.worker = self._start_worker()
            if self.web.poll() is not None:
                time.sleep(RESTART_AFTER)
                self.web = self._server.start(*self.web.args)  # type: ignore[misc]

    def cards(self) -> list[cluster.Card]:
        """Who is alive in the clusters of the worker."""
        folders = (Path(self._server.folder) / "run").glob("*/*/")
        return [card for folder in folders for card in cluster.roll_call(folder)[0]]

    def web_workers(self) -> list[int]:
        try:
            return [child.pid for child in psutil.Process(self.web.pid).children()]
        except psutil.NoSuchProcess:
            return []

    def _start_worker(self) -> "subprocess.Popen[bytes]":
        return self._server.start_command("runworker", "--skip-checks")

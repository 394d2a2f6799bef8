"""Prometheus Alertmanager. It keeps alerts in memory, and answers before any disk has them."""

import contextlib
from collections.abc import Iterator

from bench import bodies
from bench.load import Target
from bench.peers import installed
from tests.processes import Server

CONFIGURATION = """
route: {receiver: nobody, group_by: [instance], group_wait: 1h}
receivers: [{name: nobody}]
"""


@contextlib.contextmanager
def running(server: Server) -> Iterator[Target]:
    """Run it with a receiver that does nothing."""
    program = installed.program("prometheus-alertmanager", "on Debian: apt install prometheus-alertmanager")
    home = installed.home(server, "alertmanager")
    (home / "configuration.yml").write_text(CONFIGURATION)
    url = f"http://127.0.0.1:{installed.free_port()}"
    command = [program, f"--config.file={home}/configuration.yml", f"--storage.path={home}"]
    command += [f"--web.listen-address={url.removeprefix('http://')}", "--cluster.listen-address="]
    command += ["--log.level=error"]
    with installed.serving(command, f"{url}/-/ready", home / "output.log", {}):
        yield Target(url=f"{url}/api/v2/alerts", bodies=bodies.alertmanager(), status=200)

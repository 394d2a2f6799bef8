"""Other alert systems, where they are installed: the same load, on the same machine, in the same turns."""

from contextlib import ExitStack

from bench.load import Target
from bench.peers import alerta, alertmanager
from bench.peers.installed import Missing
from tests.processes import Server

PEERS = {"Alertmanager (in memory)": alertmanager.running, "Alerta": alerta.running}


def start(stack: ExitStack, server: Server) -> tuple[dict[str, Target], dict[str, str]]:
    """Start who is here, beside an installation, until the stack is closed.

    Return where to post, and why others are missing.
    """
    targets: dict[str, Target] = {}
    missing: dict[str, str] = {}
    for name, running in PEERS.items():
        try:
            targets[name] = stack.enter_context(running(server))
        except Missing as error:
            missing[name] = str(error)
    return targets, missing

"""Django as a WSGI application; `alertops.rsgi` has it served by granian."""

import gc
import multiprocessing
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from alertops.lib import processes

# A worker of granian would outlive a server that was killed, and go on answering beside the next one.
_server = multiprocessing.parent_process()
if _server is not None and _server.pid is not None:
    processes.die_with_parent(_server.pid)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alertops.settings")
# Before the Prometheus client is imported: the processes of one server count in one folder.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(
    processes.folder_of_parent(settings.DATA_DIR / "run" / "metrics")
)
application = get_wsgi_application()

# What is loaded by now stays: the collector need not look at it again and again, while senders wait.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 10, 10)  # of what comes and goes, a batch of deliveries is one look, not ten

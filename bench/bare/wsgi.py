"""The WSGI application of the bare project, in the environment of an installation of alertops."""

import multiprocessing
import os

from django.core.wsgi import get_wsgi_application

from alertops.lib import processes

_server = multiprocessing.parent_process()
if _server is not None and _server.pid is not None:
    processes.die_with_parent(_server.pid)

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare.settings"  # the environment names those of alertops
application = get_wsgi_application()

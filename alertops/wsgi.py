"""The WSGI application: `granian --interface wsgi alertops.wsgi:application`."""

import multiprocessing
import os

from django.core.wsgi import get_wsgi_application

from alertops.lib import processes

# A worker of granian would outlive a server that was killed, and go on answering beside the next one.
_server = multiprocessing.parent_process()
if _server is not None and _server.pid is not None:
    processes.die_with_parent(_server.pid)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alertops.settings")
application = get_wsgi_application()

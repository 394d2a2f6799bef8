"""Settings of the bare project: the databases of alertops, and none of its middleware.

Connections are kept as long as their threads live and are not looked at before each request: the
fastest that Django offers here.
"""

from alertops import settings as alertops

SECRET_KEY = alertops.SECRET_KEY
DATABASES = {"default": {**alertops.DATABASES["default"], "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}}
INSTALLED_APPS = ["bench.bare"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.bare.urls"
ALLOWED_HOSTS = ["*"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

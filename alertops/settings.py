"""Every setting of alertops, read from the environment and from nowhere else.

Each variable is explained in README.md, part *Configuration*; a test holds the two together.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from alertops.appearance import APPEARANCE

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


# Where things are
DATA_DIR = Path(env("ALERTOPS_DATA_DIR", default=str(BASE_DIR / "var"))).absolute()
env.read_env(DATA_DIR / "environment")  # written by `make run`; what is already set wins
BASE_URL = env("ALERTOPS_BASE_URL", default="http://localhost:8000").rstrip("/")
_base = urlsplit(BASE_URL)
if _base.scheme not in ("http", "https") or not _base.hostname:
    raise ImproperlyConfigured(
        f"ALERTOPS_BASE_URL is {BASE_URL!r}: give the address people use, like https://alerts.example.com"
    )
IS_HTTPS = _base.scheme == "https"

# Django
DEBUG = env.bool("ALERTOPS_DEBUG", default=False)
SECRET_KEY = env("ALERTOPS_SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "ALERTOPS_SECRET_KEY is not set: `make run` makes one, or set it to 50 random characters."
    )
SECRET_KEY_FALLBACKS = env.list("ALERTOPS_SECRET_KEY_FALLBACKS", default=[])
ENCRYPTION_KEYS = env.list("ALERTOPS_ENCRYPTION_KEYS", default=[])
ALLOWED_HOSTS = [_base.hostname, *env.list("ALERTOPS_ALLOWED_HOSTS", default=[])]
if _base.hostname in ("localhost", "127.0.0.1"):
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "alertops.urls"
WSGI_APPLICATION = "alertops.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "alerts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

INSTALLED_APPS = [
    "alertops",
    "integrations",
    "alerts",
    "brokers",
    "unfold.apps.BasicAppConfig",  # ours is the admin site
    "unfold.contrib.forms",
    "unfold.contrib.filters",
    "alertops.admin.AlertopsAdminConfig",
    "django.contrib.auth",
    "django.contrib.humanize",  # its words for times and places in an order
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_filters",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
    "simple_history",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "integrations.middleware.StraightToTheDoor",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "alertops.middleware.LanguageMiddleware",
    "alertops.middleware.TimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "alerts.rights.ByTeam",
]
PASSWORD_RESET_TIMEOUT = 24 * 3600

# Log-in: after five wrong passwords for one name from one address, that address waits
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # the page is ours
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "alertops.lib.addresses.throttled_address"
AXES_HANDLER = "alertops.throttle.Handler"  # and whoever tries many names waits, too
AXES_LOCKOUT_CALLABLE = "alertops.accounts.locked_out"

# Database: SQLite beside the data unless DATABASE_URL names PostgreSQL
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'alertops.sqlite3'}")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
# Whether a pooler lends the server's connections for single transactions, so that nothing can be left in one.
HAS_POOLER = env.bool("ALERTOPS_POOLER", default=False)
if not IS_SQLITE and not HAS_POOLER:
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 2
if IS_SQLITE:
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # FULL: what was answered 202 survives a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
        " PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=67108864;",
    }
    # In a file too: threads that race cannot share a database in memory.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

# Cache: shared by all processes of a node at least; Redis shares it between nodes
REDIS_URL = env("REDIS_URL", default="")
CACHES = {
    "default": (
        {
            "BACKEND": "alertops.lib.cache.OneClientRedisCache",
            "LOCATION": REDIS_URL,
            # Seconds: a Redis that hangs may hold up nobody for longer.
            "OPTIONS": {"socket_timeout": 1.0, "socket_connect_timeout": 1.0},
        }
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": DATA_DIR / "cache",
        }
    ),
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# The task queue (django-q2). The due row is the only truth: a task lost, late or doubled does no harm.
TASK_TIMEOUT = 30
_workers = env.int("ALERTOPS_WORKERS", default=4)
Q_CLUSTER = {
    "name": "alerts",
    "label": _("Task queue"),
    "workers": _workers,
    # What waits in a process's hands is done within the time of `retry`, by one worker too.
    "queue_limit": min(4, 2 * _workers),
    "bulk": 1,
    "timeout": TASK_TIMEOUT,
    "retry": TASK_TIMEOUT * 4,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 5000,
    "poll": 0.03,
    "cache": "process",
    "log_level": "WARNING",
    "ALT_CLUSTERS": {
        "slow": {"workers": 1, "queue_limit": 1, "timeout": 600, "retry": 2400, "poll": 0.5},
    },
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default", "broker_class": "alertops.lib.queue.Queue"}),
}

# E-mail: written to files under the data folder until EMAIL_URL names a server
EMAIL_URL = env("EMAIL_URL", default="")
MAIL_FOLDER = DATA_DIR / "mail"
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAIL_FOLDER
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("ALERTOPS_MAIL_FROM", default=f"alertops@{_base.hostname}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# The way out: calls to servers that somebody has named in a form
OUTBOUND_NETWORKS = env.list("ALERTOPS_OUTBOUND_NETWORKS", default=[])
CA_FILE = env("ALERTOPS_CA_FILE", default="")

# The door
DOOR_THREADS = env.int("ALERTOPS_DOOR_THREADS", default=1)
DOOR_SECONDS = env.float("ALERTOPS_DOOR_SECONDS", default=10)
MAX_BODY_BYTES = env.int("ALERTOPS_MAX_BODY_BYTES", default=1_000_000)
MESSAGE_RETENTION = timedelta(days=env.int("ALERTOPS_MESSAGE_RETENTION_DAYS", default=90))
REPOSITORIES_BY_PUSH = env.bool("ALERTOPS_REPOSITORIES_BY_PUSH", default=True)
METRICS_TOKEN = env("ALERTOPS_METRICS_TOKEN", default="")
TRUSTED_PROXY_COUNT = env.int("ALERTOPS_TRUSTED_PROXIES", default=0)

# REST API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["alertops.lib.api.ModelPermissions"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_TTL": None, "SECURE_HASH_ALGORITHM": "hashlib.sha512"}
SPECTACULAR_SETTINGS = {
    "TITLE": "alertops",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": "alerts.models.alert.STATUS_CHOICES",
        "RunStatusEnum": "brokers.models.run.BrokerRun.Status",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# The admin's look
UNFOLD = APPEARANCE

# Language and time
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # each in its own words
LANGUAGE_CODE = env("ALERTOPS_LANGUAGE", default="en")
if LANGUAGE_CODE not in dict(LANGUAGES):
    known = ", ".join(dict(LANGUAGES))
    raise ImproperlyConfigured(f"ALERTOPS_LANGUAGE is {LANGUAGE_CODE!r}: use one of {known}.")
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "alertops.formats"
TIME_ZONE = env("ALERTOPS_TIME_ZONE", default="UTC")
USE_TZ = True

# Static files
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Security follows from the base URL
CSRF_TRUSTED_ORIGINS = [f"{_base.scheme}://{_base.netloc}"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
CSRF_FAILURE_VIEW = "alertops.views.forged"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        **({"upgrade-insecure-requests": True} if IS_HTTPS else {}),
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"tokens": {"()": "alertops.lib.logs.HideTokens"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["tokens"]}},
    "root": {"handlers": ["console"], "level": env("ALERTOPS_LOG_LEVEL", default="INFO")},
    # Anybody can ask for any host, and as often as they like; the answer names the mend.
    "loggers": {
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "axes": {"level": "ERROR"},  # it writes a line for each log-in
    },
}

"""The environment of the tests, set before Django reads its settings (loaded by `-p` in pyproject.toml)."""

import os
import tempfile

_FOLDER = tempfile.mkdtemp(prefix="alertops-tests-")

os.environ.update(
    ALERTOPS_SECRET_KEY="only for tests, only for tests, only for tests, only",
    ALERTOPS_ENCRYPTION_KEYS="bm90IGEgc2VjcmV0OiB0aGUgdGVzdHMgb3duIGtleSE=",
    ALERTOPS_DATA_DIR=_FOLDER,
    ALERTOPS_BASE_URL="http://localhost:8000",
    EMAIL_URL="",
    REDIS_URL="",
)
os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or f"sqlite:///{_FOLDER}/alertops.sqlite3"

"""The API's description is true, committed and shown."""

import io
from pathlib import Path

from django.core.management import call_command

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def test_the_committed_schema_is_the_one_the_program_has(db):
    written = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=written)

    hint = "run: python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    assert written.getvalue().strip() == COMMITTED.read_text().strip(), hint


def test_the_schema_is_served(client, db):
    answer = client.get("/api/v1/schema", headers={"Accept": "application/json"})

    assert answer.status_code == 200
    assert "/api/v1/alerts/{id}/close" in answer.content.decode()


def test_the_page_for_people_has_no_script_of_its_own_that_the_browser_would_refuse(client, db):
    page = client.get("/api/v1/docs").content.decode()

    assert "<script>" not in page
    assert "/static/drf_spectacular_sidecar/" in page
    assert client.get("/api/v1/docs?script=").headers["Content-Type"].startswith("application/javascript")

"""Every variable of the environment is documented, and nothing else is."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_readme_documents_exactly_the_variables_that_settings_read():
    settings = (ROOT / "alertops" / "settings.py").read_text()
    readme = (ROOT / "README.md").read_text()

    read = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', settings))
    documented = set(re.findall(r"^\| `([A-Z_]+)`", readme, flags=re.MULTILINE))

    assert documented == read


def test_settings_are_read_nowhere_else():
    readers = [
        str(path.relative_to(ROOT))
        for app in ("alertops", "integrations", "alerts", "brokers")
        for path in (ROOT / app).rglob("*.py")
        if "os.environ" in path.read_text() and path.name not in ("wsgi.py", "settings.py")
    ]

    assert readers == []

"""The first minute on a new machine: whatever is in the way is said in one line."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "environment.py"


def call(code, **environment):
    """Run some of the script's own functions in a Python of their own."""
    start = f"import importlib.util as u, sys, builtins; s = u.spec_from_file_location('e', {str(SCRIPT)!r});"
    start += "e = u.module_from_spec(s);"
    done = subprocess.run(
        [sys.executable, "-c", f"{start}\n{code}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param(
            "sys.version_info = (3, 10, 13); sys.version = '3.10.13 (main)'; s.loader.exec_module(e);"
            "e.check_python()",
            "alertops needs Python 3.11 or newer",
            id="an old Python",
        ),
        pytest.param(
            "sys.modules['ensurepip'] = None; s.loader.exec_module(e); e.check_python()",
            "apt install python3-venv",
            id="no venv module",
        ),
        pytest.param(
            "s.loader.exec_module(e); e.make_writable(e.Path('/proc/nowhere'))",
            "Cannot write in /proc/nowhere",
            id="a folder that cannot be written",
        ),
        pytest.param(
            "s.loader.exec_module(e); e.DATA.mkdir(); e.write_settings();"
            "e.follow_port(['serve', '--port', 'eighty'])",
            "A port is a number",
            id="a port that is none",
        ),
        pytest.param(
            "s.loader.exec_module(e); e.run('It could not be made', sys.executable, '-c', '1 / 0')",
            "It could not be made (ZeroDivisionError",
            id="a step that fails",
        ),
    ],
)
def test_what_is_in_the_way_is_said_in_one_line(code, said, tmp_path):
    returncode, error = call(code, ALERTOPS_DATA_DIR=str(tmp_path / "data"))

    assert returncode == 1
    assert said in error
    assert len(error.splitlines()) == 1


def test_keys_are_generated_once_and_kept_from_others(tmp_path):
    code = "s.loader.exec_module(e); e.write_settings()"
    assert call(code, ALERTOPS_DATA_DIR=str(tmp_path)) == (0, "")
    path = tmp_path / "environment"
    before = path.read_text()

    assert call(code, ALERTOPS_DATA_DIR=str(tmp_path)) == (0, "")

    assert path.read_text() == before
    assert "ALERTOPS_SECRET_KEY=" in before
    assert "ALERTOPS_ENCRYPTION_KEYS=" in before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("settings", "environment", "url"),
    [
        pytest.param("", {}, "http://localhost:8001", id="nothing set"),
        pytest.param("", {"ALERTOPS_BASE_URL": "https://a.example.com"}, "https://a.example.com", id="set"),
        pytest.param("ALERTOPS_BASE_URL=https://a.example.com\n", {}, "None", id="set in the file"),
    ],
)
def test_the_base_url_follows_the_port_unless_it_is_set(settings, environment, url, tmp_path):
    (tmp_path / "environment").write_text(settings)
    code = f"import os; os.environ.pop('ALERTOPS_BASE_URL', 0) if not {environment} else 0;"
    code += "s.loader.exec_module(e); e.follow_port(['serve', '--port', '8001']);"
    code += "sys.stderr.write(str(os.environ.get('ALERTOPS_BASE_URL')))"

    assert call(code, ALERTOPS_DATA_DIR=str(tmp_path), **environment) == (0, url)

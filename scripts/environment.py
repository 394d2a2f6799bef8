"""Make what everything else runs in, from nothing but Python; then go on with it.

    python3 scripts/environment.py [--dev] [serve --port 8000 ...]

It makes .venv, installs what is pinned, writes var/environment with generated keys, and runs manage.py
with the rest of the line. With --dev it installs what the tests need, and runs nothing.
Every reason not to go on is one line. Old versions of Python read it too, to say that they are old.
"""

import base64
import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
DATA = ROOT / (os.environ.get("ALERTOPS_DATA_DIR") or "var")
OLDEST = (3, 11)

# What Python must have been built or packaged with, and what to do when it was not.
MODULES = {
    "venv": "on Debian and Ubuntu: apt install python3-venv",
    "ensurepip": "on Debian and Ubuntu: apt install python3-venv",
    "sqlite3": "with pyenv: install libsqlite3-dev and build Python anew",
    "ssl": "with pyenv: install libssl-dev and build Python anew",
}


def main(arguments: "list[str]") -> None:
    """Do what is missing, then become manage.py."""
    check_python()
    is_for_tests = arguments[:1] == ["--dev"]
    make_writable(ROOT)
    make_environment()
    install("requirements-dev.txt" if is_for_tests else "requirements.txt")
    if is_for_tests:
        return
    make_writable(DATA)
    write_settings()
    follow_port(arguments)
    os.chdir(str(ROOT))
    os.execv(str(PYTHON), [str(PYTHON), "manage.py", *arguments])  # noqa: S606


def check_python() -> None:
    """Stop unless this Python is new enough and whole."""
    if sys.version_info < OLDEST:
        stop(
            f"alertops needs Python {OLDEST[0]}.{OLDEST[1]} or newer; {sys.executable} is"
            f" {sys.version.split()[0]}. Name a newer one, like: make run PYTHON=python3.13"
        )
    for name, remedy in MODULES.items():
        try:
            __import__(name)
        except ImportError:
            stop(f"This Python ({sys.executable}) has no {name} module; {remedy}.")


def make_writable(folder: Path) -> None:
    """Stop unless files can be made in a folder; make it if it is not there."""
    probe = folder / f".written-by-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        stop(f"Cannot write in {folder}: {error.strerror}. alertops keeps its environment and data there.")


def make_environment() -> None:
    """Make .venv if it is missing, or if its Python is gone or too old."""
    if runs(PYTHON, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST})"):
        if not runs(PYTHON, "-m", "pip", "--version"):
            run("pip could not be put into .venv", PYTHON, "-m", "ensurepip")
        return
    print("Making a Python environment in .venv ...", flush=True)
    run("A Python environment could not be made", sys.executable, "-m", "venv", "--clear", VENV)


def install(requirements: str) -> None:
    """Install what a file pins, unless that has been done; hashes are checked."""
    stamp = VENV / f"{requirements}.installed"
    made_of = (ROOT / requirements).read_bytes() + f"{sys.version} {VENV}".encode()
    wanted = hashlib.sha256(made_of).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    make_writable(VENV)
    print(f"Installing what {requirements} lists: now, and when it has changed ...", flush=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run(
        "pip could not install it; is the network there?", *pip, "--require-hashes", "-r", ROOT / requirements
    )
    stamp.write_text(wanted)


def write_settings() -> None:
    """Generate the keys of a new installation; never touch those of an old one."""
    keys = {
        "ALERTOPS_SECRET_KEY": secrets.token_urlsafe(50),
        "ALERTOPS_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
    }
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        file = os.open(str(DATA / "environment"), flags, 0o600)
    except FileExistsError:
        return
    with os.fdopen(file, "w") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in keys.items())


def follow_port(arguments: "list[str]") -> None:
    """Let the base URL name the port that is asked for, unless somebody has set a base URL."""
    lines = (DATA / "environment").read_text().splitlines()
    if "--port" in arguments[:-1]:
        port = arguments[arguments.index("--port") + 1]
        if not port.isdigit():
            stop(f"A port is a number, like: make run PORT=8001; this is {port!r}.")
        if not any(line.startswith("ALERTOPS_BASE_URL=") for line in lines):
            os.environ.setdefault("ALERTOPS_BASE_URL", f"http://localhost:{port}")


def runs(*command: object) -> bool:
    """Tell whether a command ends well."""
    try:
        return _call(command).returncode == 0
    except OSError:
        return False


def run(complaint: str, *command: object) -> None:
    """Run a command to its end; stop, with the last of what it said, when it fails."""
    done = _call(command)
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        stop(f"{complaint} ({said[-1].strip()})")


def stop(reason: str) -> None:
    """End with one line."""
    sys.stderr.write(reason + "\n")
    sys.exit(1)


def _call(command: "tuple[object, ...]") -> "subprocess.CompletedProcess[bytes]":
    words = [str(word) for word in command]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


if __name__ == "__main__":
    main(sys.argv[1:])

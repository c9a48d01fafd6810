"""`bin/setup` makes .venv what the lock says, once, and mends what is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

pytestmark = pytest.mark.process


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that needs nothing, so that no package has to be fetched."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / lock).write_text("# nothing\n")
    return tmp_path


def set_up(project: Path, kind: str = "run", python: str = sys.executable) -> str:
    """Run it and return what it said; nothing when there was nothing to do."""
    result = subprocess.run(
        [project / "bin/setup", kind],
        env={"PATH": "/usr/bin:/bin", "PYTHON": python, "HOME": str(project)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return result.stdout


def works(project: Path) -> bool:
    return subprocess.run([project / ".venv/bin/python", "-c", "import pip"], check=False).returncode == 0


def test_the_second_time_there_is_nothing_to_do(project):
    assert "Creando .venv" in set_up(project)
    assert set_up(project) == ""
    assert works(project)


def test_the_tools_for_tests_contain_what_running_needs(project):
    set_up(project, "dev")

    assert set_up(project, "run") == ""


def test_a_changed_lock_is_installed_into_what_is_there(project):
    set_up(project)
    (project / "requirements.lock").write_text("# something else\n")

    assert "Creando" not in (said := set_up(project))
    assert "Instalando" in said
    assert set_up(project) == ""


def test_what_an_interrupted_start_left_is_made_anew(project):
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/unfinished").touch()

    assert "Creando .venv" in set_up(project)
    assert works(project)


def test_a_venv_whose_python_vanished_is_made_anew(project):
    set_up(project)
    for link in (project / ".venv/bin").glob("python*"):
        link.unlink()
    (project / ".venv/bin/python").symlink_to("/nonexistent/python")

    assert "Creando .venv" in set_up(project)
    assert works(project)

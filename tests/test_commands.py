"""What somebody types before anything of ours runs, and how a test that cannot run is skipped."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from redis import Redis

from tests import conftest, servers
from tests.__main__ import PARTS, verdict
from tests.conftest import MISSING, need
from tests.servers import ROOT, product_env

WORKS = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
FAILS = "#!/bin/sh\necho 'version not installed' >&2\nexit 127\n"
IS_OLD = "#!/bin/sh\nexit 1\n"
# The folders that bin/python knows by their whole path; this machine may have a Python in them.
OF_THE_MACHINE = re.compile(r"(?<=\s)/((?:usr|opt|home|Library)/)")


@pytest.fixture
def candidates(tmp_path: Path) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def put(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


def find_python(candidates: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run bin/python on a machine whose own folders are those of the test."""
    machine = candidates.parent
    script = machine / "find-python"
    put(script, OF_THE_MACHINE.sub(rf"{machine}/\1", (ROOT / "bin/python").read_text()))
    home = {"PATH": str(candidates), "HOME": str(machine)}
    return subprocess.run([script], env=home | env, capture_output=True, text=True, timeout=60, check=False)


def is_found(result: subprocess.CompletedProcess[str]) -> bool:
    return result.returncode == 0 and os.access(result.stdout.strip(), os.X_OK) and not result.stderr


def test_a_python_on_the_path_is_found(candidates):
    put(candidates / "python3", WORKS)

    assert is_found(find_python(candidates))


def test_candidates_that_exist_and_fail_are_passed_over(candidates):
    put(candidates / "python3.14", FAILS)
    put(candidates / "python3.13", FAILS)
    put(candidates / "python3.12", IS_OLD)
    put(candidates / "python3", WORKS)

    assert is_found(find_python(candidates))


def test_the_python_that_is_named_comes_first(candidates, tmp_path):
    put(candidates / "python3.14", "#!/bin/sh\necho /wrong\n")
    put(tmp_path / "mine", WORKS)

    result = find_python(candidates, PYTHON=str(tmp_path / "mine"))

    assert is_found(result)
    assert "wrong" not in result.stdout


def test_a_named_python_that_fails_is_not_the_end(candidates, tmp_path):
    put(tmp_path / "mine", FAILS)
    put(candidates / "python3.13", WORKS)

    assert is_found(find_python(candidates, PYTHON=str(tmp_path / "mine")))


def test_pyenv_is_searched_where_it_lives_by_default(candidates, tmp_path):
    put(tmp_path / ".pyenv/versions/3.11.7/bin/python", IS_OLD)
    put(tmp_path / ".pyenv/versions/3.13.0/bin/python", WORKS)

    assert is_found(find_python(candidates))


def test_pyenv_is_searched_where_its_root_says(candidates, tmp_path):
    put(tmp_path / "elsewhere/versions/3.12.1/bin/python", WORKS)

    assert is_found(find_python(candidates, PYENV_ROOT=str(tmp_path / "elsewhere")))


def test_a_path_with_a_space_is_no_trouble(candidates, tmp_path):
    put(tmp_path / "mis versiones/versions/3.12.1/bin/python", WORKS)

    assert is_found(find_python(candidates, PYENV_ROOT=str(tmp_path / "mis versiones")))


@pytest.mark.parametrize(
    "place",
    [
        "usr/local/bin/python3.13",
        "usr/local/opt/python@3.13/bin/python3.13",
        "opt/python3.12/bin/python3",
        "opt/homebrew/bin/python3.14",
        "opt/homebrew/opt/python@3.12/bin/python3.12",
        "opt/conda/envs/factura/bin/python",
        "home/linuxbrew/.linuxbrew/bin/python3.13",
        "Library/Frameworks/Python.framework/Versions/3.13/bin/python3",
        ".local/bin/python3.13",
        ".local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/bin/python3.13",
        ".local/share/mise/installs/python/3.13/bin/python",
        ".asdf/installs/python/3.12.4/bin/python3",
        "miniconda3/bin/python",
        "miniforge3/envs/factura/bin/python3.12",
        "anaconda3/bin/python3",
        # What nobody knows yet.
        "bin/python3.15",
        "bin/python3.20",
        ".pyenv/versions/3.16.0/bin/python3.16",
        "usr/bin/python3.17",
    ],
)
def test_a_python_that_is_not_on_the_path_is_found_where_it_was_put(candidates, tmp_path, place):
    for name in ("python3", "python"):
        put(candidates / name, IS_OLD)
    put(tmp_path / "usr/local/bin/python3.14", FAILS)
    put(tmp_path / place, WORKS)

    assert is_found(find_python(candidates))


@pytest.mark.parametrize(
    ("variable", "place"),
    [("UV_PYTHON_INSTALL_DIR", "3.13/bin/python3"), ("ASDF_DATA_DIR", "installs/python/3.13/bin/python3")],
)
def test_version_managers_are_searched_where_they_say_that_they_are(candidates, tmp_path, variable, place):
    put(tmp_path / "elsewhere" / place, WORKS)

    assert is_found(find_python(candidates, **{variable: str(tmp_path / "elsewhere")}))


def test_a_python_that_is_simply_called_python_will_do(candidates):
    put(candidates / "python", WORKS)

    assert is_found(find_python(candidates))


def test_a_version_that_the_lock_was_made_for_is_preferred_to_a_newer_one(candidates, tmp_path):
    put(candidates / "python3.15", "#!/bin/sh\necho /wrong\n")
    put(tmp_path / ".pyenv/versions/3.13.0/bin/python3.13", WORKS)

    assert is_found(find_python(candidates))


def test_without_a_python_one_sentence_says_what_to_install(candidates):
    put(candidates / "python3", IS_OLD)

    result = find_python(candidates)

    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Instale Python 3.12 o más nuevo")


@pytest.mark.process
@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["clock"], "El reloj en un proceso aparte necesita REDIS_URL"),
        (["serve", "--without-clock"], "Sin REDIS_URL el reloj debe ir dentro de este proceso"),
    ],
)
def test_two_processes_without_redis_are_refused_in_one_sentence(command, sentence, tmp_path):
    result = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=product_env(tmp_path, 8000),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(sentence)


@pytest.fixture
def without_lynx(monkeypatch):
    monkeypatch.setattr(servers, "is_installed", lambda program: program != "lynx")


def test_a_test_that_misses_a_program_is_skipped_and_counted_by_its_name(monkeypatch, without_lynx):
    monkeypatch.delenv("REQUIRE_ALL", raising=False)

    properties: list[tuple[str, object]] = []

    with pytest.raises(pytest.skip.Exception, match="needs lynx"):
        need(properties, "chromium", "lynx")
    assert properties == [(MISSING, "lynx")]


def test_where_all_is_required_a_missing_program_is_a_failure(monkeypatch, without_lynx):
    monkeypatch.setenv("REQUIRE_ALL", "1")

    with pytest.raises(pytest.fail.Exception, match="needs lynx"):
        need([], "lynx")


def test_what_is_installed_is_not_skipped(without_lynx):
    need([], "chromium", "redis-server")


@pytest.mark.parametrize(
    ("codes", "one"),
    [
        ([0, 0], 0),
        ([0, 5], 0),
        ([5, 0], 0),
        ([1, 0], 1),
        ([0, 1], 1),
        ([1, 5], 1),
        ([5, 1], 1),
        ([5, 5], 5),
    ],
)
def test_a_part_that_fails_fails_the_whole_and_one_without_chosen_tests_does_not(codes, one):
    assert verdict(codes) == one


def test_each_test_is_in_one_part():
    """By its stage, of which each is in one part; the names are those that pytest is told."""
    assert conftest.PARTS.keys() == PARTS.keys()
    assert conftest.PARTS["parallel"] + conftest.PARTS["serial"] == conftest.STAGES


def test_a_process_beside_others_has_a_folder_of_its_own(worker_id):
    assert (settings.VAR_DIR.name == f"worker-{worker_id.removeprefix('gw')}") is (worker_id != "master")


def test_a_process_beside_others_has_a_redis_database_of_its_own(worker_id):
    """On the embedded cache every process has its own anyway."""
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1
    cache.set("whose", worker_id)

    if settings.REDIS_URL:
        with Redis.from_url(settings.REDIS_URL, db=number) as client:
            assert client.keys() == [b":1:whose"]
    assert cache.get("whose") == worker_id

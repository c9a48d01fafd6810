"""The files of deploy/ are what the programs that read them take, and fit each other."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from facturando_support.checks import CHECKS
from tests import servers
from tests.servers import ROOT

DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
SERVICES = ["facturando-web@.service", "facturando-clock.service", "facturando-backup.service"]
NGINX_INCLUDE = re.compile(r"(?:include|alias) /etc/nginx/(facturando-[\w.-]+)")

# --- systemd --------------------------------------------------------------------------------------------


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they would be installed, with a Python that is here in place of /srv/facturando's."""
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/srv/facturando/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def systemd(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *command], capture_output=True, text=True, check=False)


@pytest.mark.needs("systemd-analyze")
def test_systemd_takes_the_units_without_a_remark(units):
    instance = units / "facturando-web@8001.service"
    instance.write_text((units / "facturando-web@.service").read_text())
    others = [str(units / name) for name in ("facturando-clock.service", "facturando-backup.timer")]

    result = systemd("verify", "--man=no", str(instance), *others)

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_little_beside_its_work(units, name):
    # From 0 (nothing) to 10 (everything); a service without any of it has 9.6.
    result = systemd("security", "--offline=true", "--threshold=20", str(units / name))

    assert result.returncode == 0, result.stdout[-300:]


@pytest.mark.parametrize("name", SERVICES[:2])
def test_what_ends_is_started_again_for_as_long_as_it_takes(name):
    text = (UNITS / name).read_text()

    for line in ("Restart=always", "StartLimitIntervalSec=0", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert f"\n{line}\n" in text
    assert "EnvironmentFile=/etc/facturando/soporte.env" in text


@pytest.mark.process
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_a_command_that_exists_with_options_that_it_has(name, tmp_path):
    [started] = re.findall(
        r"^ExecStart=.*?(?:python) (manage\.py .*)$", (UNITS / name).read_text(), re.MULTILINE
    )
    command = shlex.split(started.replace("%i", "8001").replace("%%", "%").rstrip("'"))

    # Its own help is the last thing that it is asked for.
    result = subprocess.run(
        [sys.executable, *command, "--help"],
        cwd=ROOT,
        env=servers.product_env(tmp_path, 8001),
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr


# --- Settings -------------------------------------------------------------------------------------------


def example() -> dict[str, str]:
    lines = (DEPLOY / "soporte.env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value.strip('"') for name, _, value in pairs}


@pytest.mark.process
def test_the_example_filled_in_lacks_only_what_is_yours_to_say(tmp_path):
    here = {
        "VAR_DIR": str(tmp_path),
        "STATIC_DIR": str(tmp_path / "static"),
        "SECRET_KEY": "ñandú y ocelote " * 5,
    }
    env = {**os.environ, **example(), **here, "DEBUG": "off", "METRICS_TOKEN": "x" * 40}
    del env["DATABASE_URL"], env["REDIS_URL"]

    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    # The sender, the migrations and the static files.
    assert set(re.findall(r"\((\w+\.[EW]\d+)\)", result.stderr)) == {
        "facturando.E010",
        "facturando.E014",
        "facturando.E015",
    }


def test_every_check_has_its_number_for_itself():
    source = (ROOT / "facturando_support" / "checks.py").read_text()
    numbers = re.findall(r'id="facturando\.([EW]\d+)"', source)

    assert len(numbers) == len(set(numbers))
    assert len(numbers) >= len(CHECKS)


# --- compose.yaml ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_compose_runs_two_web_processes_a_clock_and_their_engines(compose):
    services = compose["services"]

    assert set(services) == {"postgres", "redis", "prepare", "web1", "web2", "clock", "nginx"}
    assert services["web1"] == services["web2"]
    assert services["web1"]["read_only"]
    assert services["web1"]["cap_drop"] == ["ALL"]
    assert "ports" not in services["postgres"] | services["redis"] | services["web1"]


def test_compose_mounts_what_is_there_and_what_nginx_includes(compose):
    mounted = dict(volume.split(":")[:2] for volume in compose["services"]["nginx"]["volumes"])
    files = [Path(source) for source in mounted if source.startswith("./nginx")]
    wanted = {
        name
        for file in DEPLOY.glob("nginx/facturando*.conf")
        for name in NGINX_INCLUDE.findall(file.read_text())
    }

    assert all((DEPLOY / file).exists() for file in files)
    assert {f"/etc/nginx/{name}" for name in wanted} <= set(mounted.values())


def test_compose_waits_only_for_services_and_volumes_that_it_has(compose):
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name
        volumes = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert {volume for volume in volumes if not volume.startswith(".")} <= set(compose["volumes"]), name


def test_the_upstream_of_compose_names_its_web_processes(compose):
    upstream = (DEPLOY / "nginx" / "facturando-compose-upstream.conf").read_text()

    named = re.findall(r"server (\w+):8000 ", upstream)
    assert named == [name for name in compose["services"] if name.startswith("web")]


def test_the_image_is_built_of_files_that_are_there():
    copied = re.findall(r"^COPY (\S+) ", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)

    assert copied == ["requirements.lock", "."]
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("code", [413, 429, 503])
def test_every_error_of_nginx_has_a_page_and_a_code(code):
    page = (DEPLOY / "nginx" / "errors" / f"{code}.html").read_text()
    frame = json.loads((DEPLOY / "nginx" / "errors" / f"{code}.json").read_text())

    assert "<h1>" in page
    assert set(frame) == {"type", "code", "text", "client_id"}
    assert frame["text"].split(".")[0] in page

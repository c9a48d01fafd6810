"""A backup is made while chats go on, and what is restored from it equals what there was, row by row."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import servers
from tests.process.chatting import Pages
from tests.servers import ROOT, Product, wait_until

pytestmark = pytest.mark.process

# Nobody writes that much; the test does.
FREE = {"LIMIT_MESSAGES_PER_VISITOR": "100000/60", "LIMIT_UPLOADS_PER_VISITOR": "100000/60"}
FREE["LIMIT_REQUESTS_PER_VISITOR"] = "100000/60"

EVERY = 'SELECT * FROM "{}"'

type Table = list[tuple[Any, ...]]


@dataclass
class Place:
    """An installation: a folder for its files, and a database."""

    folder: Path
    database: str = ""

    @property
    def env(self) -> dict[str, str]:
        return FREE | ({"DATABASE_URL": self.database} if self.database else {})

    @property
    def media(self) -> Path:
        return self.folder / "media"

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=servers.product_env(self.folder, 8000, self.env),
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, *command: str) -> str:
        result = self.manage(*command)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def refused(self, *command: str) -> str:
        """The sentence with which a command refuses."""
        result = self.manage(*command)
        assert result.returncode == 1, result.stdout
        assert "Traceback" not in result.stderr
        return result.stderr

    def tables(self) -> dict[str, Table]:
        """Every row of every table, in order."""
        with self._asking() as query:
            return {name: sorted(query(EVERY.format(name)), key=repr) for name in self._names(query)}

    def rows(self, sql: str) -> Table:
        with self._asking() as query:
            return query(sql)

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        if self.database:
            with psycopg.connect(self.database) as wire:
                yield lambda sql: wire.execute(sql).fetchall()
        else:
            with closing(sqlite3.connect(self.folder / "facturando.sqlite3", timeout=20)) as wire:
                yield lambda sql: wire.execute(sql).fetchall()

    def _names(self, query: Any) -> list[str]:
        if self.database:
            found = query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        else:
            found = query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return [name for (name,) in found]


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.engines, pytest.mark.needs("postgresql")]),
    ],
)
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A PostgreSQL, or nothing for the embedded default."""
    if request.param == "sqlite":
        yield ""
    else:
        with servers.postgres() as url:
            yield url


def new_place(server_url: str, folder: Path, like: Place | None = None) -> Place:
    """An empty place, or a copy of another in which nothing runs."""
    if like is not None:
        shutil.copytree(like.folder, folder)
    if not server_url:
        return Place(folder)
    name = f"place_{uuid.uuid4().hex}"
    template = f" TEMPLATE {like.database.rpartition('/')[2]}" if like else ""
    with psycopg.connect(server_url, autocommit=True) as wire:
        wire.execute(f"CREATE DATABASE {name}{template}")
    return Place(folder, f"{server_url.rpartition('/')[0]}/{name}")


@pytest.fixture(scope="module")
def seed(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Path]:
    """A place with a chat and files in it where nothing runs, and a backup of it."""
    folder = tmp_path_factory.mktemp("seed")
    place = new_place(server_url, folder / "seed")
    with running(place) as server, writing(server) as writer:
        wait_until(lambda: len(writer.stored) >= 6, "lines")
    place.done("backup", str(folder / "backup.tar"))
    return place, folder / "backup.tar"


@pytest.fixture
def quiet(server_url: str, seed: tuple[Place, Path], tmp_path: Path) -> tuple[Place, Place, Path]:
    """A copy of it, an empty place, and the backup."""
    place, backup = seed
    return new_place(server_url, tmp_path / "here", place), new_place(server_url, tmp_path / "there"), backup


@contextmanager
def running(place: Place) -> Iterator[Product]:
    with servers.product(place.folder, env=place.env, command=("serve", "--demo")) as server:
        yield server


class Writer(threading.Thread):
    """A customer who sends lines, each with a file, without a pause."""

    def __init__(self, server: Product) -> None:
        super().__init__(name="writer")
        self.pages = Pages(server)
        self.stored: list[str] = []
        self.failure: BaseException | None = None
        self.ends = threading.Event()
        typed = {"name": "Ana López", "email": "ana.lopez@contadores.com.mx", "text": "No puedo timbrar"}
        page = self.pages.post("/chat/", "/chat/iniciar/", client_id=str(uuid.uuid4()), **typed)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found
        self.token = found[1]

    def run(self) -> None:
        try:
            while not self.ends.is_set():
                self._send(len(self.stored))
        except BaseException as failure:  # noqa: BLE001 - told by whoever waits for this thread
            self.failure = failure

    def _send(self, number: int) -> None:
        line, file = str(uuid.uuid4()), str(uuid.uuid4())
        # Of many sizes, so that copying one takes a while.
        content = f"archivo {number}\n".encode() * (1 + number % 7 * 20_000)
        fields = {"csrfmiddlewaretoken": self.token, "text": f"línea {number}"}
        body, content_type = multipart(fields | {"client_id": line, "file_client_id": file}, content)
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        request = urllib.request.Request(f"{self.pages.server.url}/chat/mensajes/", body, headers)  # noqa: S310
        with self.pages.opener.open(request, timeout=servers.START_SECONDS) as answer:
            assert json.load(answer)["type"] == "message.stored"
        self.stored += [line, file]


def multipart(fields: dict[str, str], content: bytes) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    whole = "".join(parts).encode() + head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return whole, f"multipart/form-data; boundary={boundary}"


@contextmanager
def writing(server: Product) -> Iterator[Writer]:
    writer = Writer(server)
    writer.start()
    try:
        yield writer
    finally:
        writer.ends.set()
        writer.join()
    if writer.failure:
        raise writer.failure


def files_below(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


# --- While chats go on ----------------------------------------------------------------------------------


def test_a_backup_made_while_a_customer_writes_is_of_one_instant(server_url, tmp_path):
    here, there = (new_place(server_url, tmp_path / name) for name in ("here", "there"))
    with running(here) as server, writing(server) as writer:
        wait_until(lambda: len(writer.stored) >= 20, "lines")
        for number in range(3):
            before = list(writer.stored)
            here.done("backup", str(tmp_path / f"{number}.tar"))
            assert len(writer.stored) > len(before), "nobody wrote meanwhile"
        wait_until(lambda: len(writer.stored) >= len(before) + 4, "more lines")

    there.done("restore", str(tmp_path / "2.tar"))

    is_a_beginning_of(there, here)
    kept = {str(uuid.UUID(str(key))) for (key,) in there.rows("SELECT client_id FROM chat_message")}
    assert set(before) <= kept
    assert kept < set(writer.stored) | {str(uuid.UUID(str(key))) for (key,) in here.rows(FIRST)}


FIRST = "SELECT client_id FROM chat_message WHERE number = 1"


def is_a_beginning_of(there: Place, here: Place) -> None:
    """Every line and file that was restored is the one that is here, none is missing between two."""
    for table in ("chat_message", "chat_attachment"):
        lines = EVERY.format(table) + " ORDER BY id"
        restored = there.rows(lines)
        assert restored == here.rows(lines)[: len(restored)]
        assert restored
    [(last,)] = there.rows("SELECT last_number FROM chat_chatsession")
    numbers = [number for (number,) in there.rows("SELECT number FROM chat_message ORDER BY number")]
    assert numbers == list(range(1, last + 1))
    named = there.rows("SELECT content, sha256 FROM chat_attachment")
    found = files_below(there.media)
    assert all(found[name] == digest for name, digest in named)


# --- When nothing goes on -------------------------------------------------------------------------------


def test_what_is_restored_equals_what_there_was_row_by_row_and_byte_by_byte(quiet):
    here, there, backup = quiet

    said = there.done("restore", str(backup))

    restored, were = there.tables(), here.tables()
    assert restored.keys() == were.keys()
    for table, rows in were.items():
        assert restored[table] == rows, table
    assert files_below(there.media) == files_below(here.media)
    assert any(name.startswith("post_office") for name in files_below(there.media))
    assert f"{sum(map(len, were.values()))} filas" in said
    assert "migrate" not in said


def test_the_product_goes_on_from_what_was_restored(quiet):
    _here, there, backup = quiet
    there.done("restore", str(backup))
    [(lines,)] = there.rows("SELECT count(*) FROM chat_message")

    with running(there) as server, writing(server) as writer:
        wait_until(lambda: len(writer.stored) >= 2, "lines")

    [(more,)] = there.rows("SELECT count(*) FROM chat_message")
    assert more > lines + 2


def test_nothing_is_overwritten_silently(quiet):
    here, there, backup = quiet
    before, size = here.tables(), backup.stat().st_size

    assert "ya existe y no se sobrescribe" in here.refused("backup", str(backup))
    assert "no se sobrescriben" in here.refused("restore", str(backup))

    assert here.tables() == before
    assert backup.stat().st_size == size
    assert not there.folder.exists()


def test_what_is_overwritten_is_set_aside(quiet):
    here, _there, backup = quiet
    were, files = here.tables(), files_below(here.media)
    with running(here) as server, writing(server) as writer:
        wait_until(lambda: len(writer.stored) >= 2, "lines")
    later, later_files = here.tables(), files_below(here.media)
    assert later != were

    here.done("restore", "--overwrite", str(backup))

    assert here.tables() == were
    assert files_below(here.media) == files
    [aside] = here.folder.glob("media.before-*")
    assert files_below(aside) == later_files
    assert set_aside(here)["chat_message"] == later["chat_message"]


def set_aside(place: Place) -> dict[str, Table]:
    """The rows of lines in what a restore put away."""
    lines = "SELECT * FROM {}chat_message"
    if place.database:
        [(schema,)] = place.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'before%'")
        return {"chat_message": sorted(place.rows(lines.format(f"{schema}.")), key=repr)}
    [path] = place.folder.glob("facturando.sqlite3.before-*")
    with closing(sqlite3.connect(path)) as wire:
        return {"chat_message": sorted(wire.execute(lines.format("")).fetchall(), key=repr)}


def test_an_empty_place_keeps_nothing_aside(quiet):
    _here, there, backup = quiet

    there.done("restore", str(backup))

    assert not list(there.folder.glob("*before*"))
    if there.database:
        assert there.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'before%'") == []


def test_nothing_is_restored_under_a_process_that_serves(quiet):
    here, _there, backup = quiet
    with running(here) as server:
        wait_until(lambda: server.log().count("Listo"), "the server")
        before = here.rows("SELECT * FROM chat_message ORDER BY id")

        sentence = here.refused("restore", "--overwrite", str(backup))

    assert "ya atiende" in sentence or "detenga «web» y «clock»" in sentence
    assert here.rows("SELECT * FROM chat_message ORDER BY id") == before


# --- What is damaged ------------------------------------------------------------------------------------


def rewritten(backup: Path, changed: Path, change: Any) -> Path:
    """The same archive with `change(name, content)` for each of its files; None leaves one out."""
    with tarfile.open(backup) as old, tarfile.open(changed, "w") as new:
        for member in old.getmembers():
            reader = old.extractfile(member)
            assert reader
            if (content := change(member.name, reader.read())) is not None:
                member.size = len(content)
                new.addfile(member, BytesIO(content))
    return changed


def flipped(part: str) -> Any:
    def change(name: str, content: bytes) -> bytes:
        is_meant = name.startswith(part) and content
        return content[:-1] + bytes([content[-1] ^ 1]) if is_meant else content

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(flipped("media/attachments"), id="a bit of a file"),
        pytest.param(flipped("database"), id="a bit of the database"),
        pytest.param(lambda name, content: None if name == "database" else content, id="no database"),
        pytest.param(lambda name, content: None if "attachments/" in name else content, id="no files"),
        pytest.param(lambda name, content: None if name == "manifest.json" else content, id="no list"),
        pytest.param(lambda _name, content: content.replace(b'"attachments/', b'"../files/'), id="a way out"),
    ],
)
def test_a_damaged_archive_is_refused_and_changes_nothing(quiet, tmp_path, change):
    here, _there, backup = quiet
    damaged = rewritten(backup, tmp_path / "damaged.tar", change)
    before, files = here.tables(), files_below(here.media)

    assert "respaldo" in here.refused("restore", "--overwrite", str(damaged))

    assert here.tables() == before
    assert files_below(here.media) == files
    assert not list(here.folder.glob("*before*"))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A new installation of the embedded default, which no test here changes."""
    place = Place(tmp_path_factory.mktemp("embedded"))
    place.done("migrate", "-v0")
    return place


def test_an_archive_that_was_cut_is_refused(embedded, tmp_path):
    embedded.done("backup", str(tmp_path / "backup.tar"))
    cut = tmp_path / "cut.tar"
    cut.write_bytes((tmp_path / "backup.tar").read_bytes()[:-20_480])

    assert "no es un respaldo, o está incompleto" in embedded.refused("restore", "--overwrite", str(cut))
    assert "no es un respaldo" in embedded.refused("restore", "--overwrite", str(ROOT / "README.md"))
    assert "No such file" in embedded.refused("restore", str(tmp_path / "nada.tar"))


def test_an_archive_of_another_engine_is_refused(embedded, tmp_path):
    embedded.done("backup", str(tmp_path / "backup.tar"))

    def other(name: str, content: bytes) -> bytes:
        return content.replace(b'"sqlite"', b'"postgresql"') if name == "manifest.json" else content

    changed = rewritten(tmp_path / "backup.tar", tmp_path / "changed.tar", other)
    sentence = embedded.refused("restore", "--overwrite", str(changed))
    assert "El respaldo es de postgresql/1 y DATABASE_URL nombra sqlite/1" in sentence


def test_a_file_that_was_lost_before_is_told_and_keeps_nobody_from_a_backup(quiet, tmp_path):
    here, there, _backup = quiet
    [(name,), *_others] = here.rows("SELECT content FROM chat_attachment ORDER BY id")
    (here.media / name).unlink()

    result = here.manage("backup", str(tmp_path / "less.tar"))

    assert result.returncode == 0
    assert "Faltaban 1 archivos" in result.stderr
    there.done("restore", str(tmp_path / "less.tar"))
    assert there.tables() == here.tables()


def test_a_backup_is_for_its_owner_alone_and_leaves_nothing_else_behind(embedded, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()

    embedded.done("backup", str(folder / "backup.tar"))

    assert os.listdir(folder) == ["backup.tar"]
    assert (folder / "backup.tar").stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_is_told_in_one_sentence(embedded, tmp_path):
    assert "No such file" in embedded.refused("backup", str(tmp_path / "nada" / "backup.tar"))


def test_before_a_migration_a_backup_is_made_all_the_same(tmp_path):
    place = Place(tmp_path / "here")
    place.folder.mkdir()
    place.done("migrate", "chat", "0003", "-v0")

    place.done("backup", str(tmp_path / "backup.tar"))
    there = Place(tmp_path / "there")
    said = there.done("restore", str(tmp_path / "backup.tar"))

    assert "ejecute ahora «manage.py migrate»" in said
    assert there.tables() == place.tables()

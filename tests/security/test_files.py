"""Files that are not what they say: two formats at once, bombs, entities, paths, names that hide."""

import io
import time
import tracemalloc
import unicodedata
import uuid
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chat import files
from chat.files import FileRefused, check_file, shown_name
from chat.models import Attachment
from core.errors import RuleBroken
from tests.chat import real_files as real
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, conversing

JSON = {"accept": "application/json"}
SCRIPT = b"<script>planted()</script>"
# A ZIP is read from its end, most formats from their beginning: both at once are one file.
POLYGLOTS = {
    "GIF and page": (real.GIF[:6] + b"/*" + b"<html>" + SCRIPT + b"*/=1;" + real.GIF[6:], "image/gif"),
    "GIF and script": (b"GIF89a/*\x00\x00\x00*/=1;planted();", "image/gif"),
    "PNG and page": (real.PNG + b"<html>" + SCRIPT, "image/png"),
    "JPEG and page": (real.JPEG[:20] + b"<html>" + SCRIPT + real.JPEG[20:], "image/jpeg"),
    "BMP and script": (b"BM/*" + bytes(30) + b"*/=1;planted()", "image/bmp"),
    "PDF and ZIP": (real.PDF + real.zipped("factura.xml"), "application/pdf"),
    "PDF and page": (real.PDF + b"<html>" + SCRIPT, "application/pdf"),
    "ZIP and program": (real.EXE + real.zipped("factura.xml"), None),
    "ZIP behind a picture": (real.PNG + real.zipped("factura.xml"), "image/png"),
    "ZIP behind a page": (b"<html>" + SCRIPT + real.zipped("factura.xml"), None),
    "ZIP and Java": (real.zipped("META-INF/MANIFEST.MF", "Main.class"), "application/zip"),
    "document with a page inside": (real.office("word/document.xml", "word/afchunk.html"), "docx"),
    "XML and page": (b'<?xml version="1.0"?><a>' + SCRIPT + b"</a>", "application/xml"),
    "text and page": (b"hola " + SCRIPT, None),
    "text and page far inside": (b"hola " * 400 + SCRIPT, "text/plain"),
    "UTF-7": (b"+ADw-script+AD4-planted()", "text/plain"),
    "MHTML": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + SCRIPT, None),
    "shortcut": (b"[InternetShortcut]\r\nURL=file://ajeno/x\r\n", "text/plain"),
    "batch": (b"@echo off\r\ndel *.*\r\n", "text/plain"),
}


def upload(data, name="factura.png"):
    return SimpleUploadedFile(name, data)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", POLYGLOTS)
def test_a_file_of_two_formats_is_refused_or_saved_as_one_that_runs_nowhere(laura, kind):
    """Whatever else it is, it leaves as an attachment, with its one type, its ending and a sandbox."""
    data, content_type = POLYGLOTS[kind]
    conversing(laura)
    browser = browser_of(ANA)
    for name in ("x.html", "x.svg", "x.js", "x.hta"):
        sent = {"client_id": uuid.uuid4(), "file": upload(data, name)}
        stored = browser.post("/chat/mensajes/", sent, headers=JSON)
        if content_type is None:
            assert stored.status_code == 422
            continue
        attachment = Attachment.objects.latest("pk")
        answer = browser.get(f"/chat/archivo/{attachment.public_id.hex}/")
        assert answer.getvalue() == data
        [close() for close in answer._resource_closers]
        assert content_type in attachment.content_type or content_type in attachment.name
        assert answer["Content-Type"] == attachment.content_type
        assert answer["Content-Disposition"].startswith("attachment; ")
        assert not attachment.name.lower().endswith((".html", ".svg", ".js", ".hta", ".url", ".bat", ".exe"))
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox allow-downloads" in answer["Content-Security-Policy"]


# --- Bombs ----------------------------------------------------------------------------------------------

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(
        b'<!ENTITY lol%d "%s">' % (level, (b"&lol%d;" % (level - 1) if level > 1 else b"&lol;") * 10)
        for level in range(1, 10)
    )
    + b"]><lolz>&lol9;</lolz>"
)
BOMBS = {
    "billion laughs": LAUGHS,
    "billion laughs in UTF-16": LAUGHS.decode().encode("utf-16"),
    "billion laughs behind spaces": b" " * 5_000 + LAUGHS,
    "a quadratic entity": b'<!DOCTYPE a [<!ENTITY x "'
    + b"x" * 100_000
    + b'">]><a>'
    + b"&x;" * 10_000
    + b"</a>",
    "an outer entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "an outer entity over the net": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x">%x;]><a/>',
    "an outer document type": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
    "an inclusion": b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></a>',
    "depth": b"<a>" * 200_000,
    "attributes": b"<a " + b" ".join(b'a%d="x"' % number for number in range(50_000)) + b"/>",
    "one long name": b"<" + b"a" * 1_000_000 + b"/>",
    "ten million spaces": b"<a" + b" " * 5_000_000 + b"/>",
    "open elements of a page": b"<" * 1_000_000,
    "quoted text": b'"' * 2_000_000,
    "PEM that never begins": b"-----BEGIN " * 200_000,
    "DER of endless length": b"\x30\x84\xff\xff\xff\xff" + bytes(100_000),
    "OLE2 of nothing": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000_000),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_costs_no_more_memory_than_some_copies_of_itself(kind):
    """Also when it is only text to us: a billion of anything is never built."""
    data = BOMBS[kind]
    # What a first use loads is nobody's bomb.
    _try(b"<a/>")
    tracemalloc.start()
    begin = time.thread_time()
    _try(data)
    seconds, (_now, peak) = time.thread_time() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 20 * len(data) + 4_000_000
    assert seconds < 20


def _try(data):
    try:
        return check_file(upload(data, "factura.xml"))
    except RuleBroken as refused:
        return refused


@pytest.mark.parametrize(
    "kind", [name for name in BOMBS if "entity" in name or "laughs" in name or "type" in name]
)
def test_a_file_with_entities_is_refused(kind):
    with pytest.raises(FileRefused):
        check_file(upload(BOMBS[kind], "factura.xml"))


def test_a_zip_that_says_another_size_or_name_than_it_has_is_refused_or_just_bytes():
    """What is looked at comes from one place, the list at its end; nothing is ever unpacked to disk."""
    data = bytearray(real.zipped("factura.xml", content=b"x" * 1000))
    for place in range(0, len(data), 7):
        changed = bytes(data[:place]) + b"\xff" + bytes(data[place + 1 :])
        assert isinstance(_try(changed), RuleBroken | files.CheckedFile)


def test_a_zip_with_paths_out_of_its_folder_is_looked_at_and_written_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [
        "../../../etc/planted",
        "/etc/planted",
        "C:\\planted",
        "..\\..\\planted",
        "a/../../planted",
        "\\\\x\\y",
    ]
    assert check_file(upload(real.zipped(*names), "x.zip")).content_type == "application/zip"

    assert list(tmp_path.iterdir()) == []


def test_a_zip_whose_files_lie_over_each_other_is_not_unpacked():
    """A few KB that stand for terabytes: every name is the same bytes (overlapping entries)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(5_000_000))
        first = archive.infolist()[0]
        for number in range(1_500):
            again = zipfile.ZipInfo(f"a{number}")
            for name in ("compress_type", "CRC", "compress_size", "file_size", "header_offset", "flag_bits"):
                setattr(again, name, getattr(first, name))
            archive.filelist.append(again)
    begin = time.thread_time()
    _try(buffer.getvalue())

    assert time.thread_time() - begin < 20


# --- Names ----------------------------------------------------------------------------------------------

NAMES = {
    "a path": "../../etc/passwd",
    "a path of Windows": "..\\..\\Windows\\win.ini",
    "an absolute path": "/etc/cron.d/x",
    "a drive": "C:\\x.png",
    "a stream of Windows": "factura.png:oculto.exe",
    "a device of Windows": "CON",
    "the end of a text": "factura.png\0.exe",
    "a second header": 'x.png"\r\nX-Planted: 1\r\n\r\n<script>',
    "another parameter": 'x.png"; filename=planted.exe; x="',
    "an encoded path": "%2e%2e%2fetc%2fpasswd",
    "overlong dots": "\u2024\u2024/\uff0e\uff0e",
    "turned round": "factura\u202egnp.exe",
    "turned round and isolated": "factura\u2067exe.\u2066png",
    "zero width": "fac\u200btu\u200dra\u2060.p\ufeffng",
    "invisible letters": "factura\U000e0065\U000e0078\U000e0065.png",
    "filler": "\u3164\uffa0\u2800.png",
    "a soft hyphen": "fac\u00adtura.png",
    "nothing but dots": "....",
    "nothing": "",
    "spaces before the ending": "factura.pdf" + " " * 200 + ".exe",
    "long": "x" * 5_000 + ".png",
    "long in bytes": "\U0001f4a9" * 300 + ".png",
    "marks without end": "Z" + "\u0335\u0316\u0301" * 200 + ".png",
    "script": "<img src=x onerror=planted()>.png",
    "a formula": "=cmd|' /C calc'!A0.png",
    "a command": "; rm -rf ~ #.png",
    "a template": "{{ settings.SECRET_KEY }}.png",
}
HIDING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_shows_what_it_is_whatever_it_was(kind):
    name = files.with_true_extension(shown_name(NAMES[kind]), "image/png")

    assert name.lower().endswith(".png")
    assert not set("/\\\0\r\n") & set(name)
    assert {unicodedata.category(sign) for sign in name}.isdisjoint(HIDING)
    assert 1 <= len(name) <= 120
    assert not name.startswith(".")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", NAMES)
def test_a_name_leaves_as_one_parameter_of_one_header_and_reaches_no_path(laura, settings, kind):
    session = conversing(laura)
    sent = {"client_id": uuid.uuid4(), "file": SimpleUploadedFile("x", real.PNG)}
    # Past the client, which would clean the name.
    sent["file"]._name = NAMES[kind]
    assert browser_of(ANA).post("/chat/mensajes/", sent, headers=JSON).status_code in {200, 400, 422}
    for attachment in Attachment.objects.filter(message__session=session):
        answer = browser_of(ANA).get(f"/chat/archivo/{attachment.public_id.hex}/")
        [close() for close in answer._resource_closers]
        assert "X-Planted" not in answer.headers
        value = answer["Content-Disposition"]
        assert value.isascii()
        assert value.count(";") == 1
        assert set(value.partition("''")[2]) <= set("%.-_~") | set(map(chr, range(48, 123)))
        assert (
            attachment.content.name
            == f"attachments/{attachment.public_id.hex[:2]}/{attachment.public_id.hex}"
        )
        assert attachment.content.path.startswith(str(settings.MEDIA_ROOT))

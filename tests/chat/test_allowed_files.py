"""Which files may be sent: bytes decide, names are only shown."""

import hashlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat import files
from chat.files import FileRefused, check_file, shown_name
from core.errors import RuleBroken
from tests.chat import real_files as real

OFFICE = "application/vnd.openxmlformats-officedocument."
ALLOWED = [
    ("a.png", real.PNG, "image/png"),
    ("a.jpg", real.JPEG, "image/jpeg"),
    ("a.jpeg", real.JPEG, "image/jpeg"),
    ("a.gif", real.GIF, "image/gif"),
    ("a.webp", real.WEBP, "image/webp"),
    ("a.bmp", real.BMP, "image/bmp"),
    ("a.pdf", real.PDF, "application/pdf"),
    ("a.zip", real.zipped("factura.xml", "factura.pdf"), "application/zip"),
    ("a.docx", real.DOCX, f"{OFFICE}wordprocessingml.document"),
    ("a.docx", real.LATE_DOCX, f"{OFFICE}wordprocessingml.document"),
    ("a.xlsx", real.XLSX, f"{OFFICE}spreadsheetml.sheet"),
    ("a.pptx", real.PPTX, f"{OFFICE}presentationml.presentation"),
    ("a.doc", real.ole2("WordDocument"), "application/msword"),
    ("a.xls", real.ole2("Workbook"), "application/vnd.ms-excel"),
    ("a.ppt", real.ole2("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    ("a.xml", real.CFDI, "application/xml"),
    ("a.xml", b"\xef\xbb\xbf" + real.CFDI, "application/xml"),
    ("a.xml", real.CFDI.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "application/xml"),
    ("a.txt", real.TEXT.encode(), "text/plain"),
    ("a.txt", real.TEXT.encode("utf-8-sig"), "text/plain"),
    ("a.txt", real.TEXT.encode("cp1252"), "text/plain"),
    ("a.txt", real.TEXT.encode("utf-16"), "text/plain"),
    ("a.log", b"2026-11-24 10:00 ERROR timbrado", "text/plain"),
    # Words that begin as the signature of some format does.
    ("a.txt", b"BMX, S.A. de C.V. no puede timbrar", "text/plain"),
    ("a.txt", b"GIFTS DE M\xc3\x89XICO: error al cancelar", "text/plain"),
    ("a.txt", b"MZ 14 LT 3, Col. Centro: es el domicilio que falla", "text/plain"),
    ("a.txt", b"BZh y CWS son las series que fallan", "text/plain"),
]
REFUSED = {
    "a page": real.HTML,
    "a page without a type": b"<html><script>alert(1)</script></html>",
    "a page behind a mark and spaces": b"\xef\xbb\xbf \n\t<HTML><body onload=alert(1)>",
    "a page in UTF-16": "<html><script>1</script></html>".encode("utf-16"),
    "a page after a word": b"hola <script>alert(1)</script>",
    "a picture that runs": real.SVG,
    "a picture that runs, as XML": b'<?xml version="1.0"?>\n' + real.SVG,
    "a page as XML": real.XHTML,
    "a page inside XML": b'<a><b:html xmlns:b="http://www.w3.org/1999/xhtml"/></a>',
    "a program": real.EXE,
    "a program of Linux": real.ELF,
    "a certificate": real.certificate(),
    "a rich text": rb"{\rtf1\ansi Hola}",
    "an old document of no known program": real.ole2("MSI installer"),
    "XML with a document type": b"<!DOCTYPE a [<!ELEMENT a ANY>]><a/>",
    "XML with entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "XML with entities in UTF-16": '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
    "XML with a style sheet": b'<?xml-stylesheet href="x.xsl" type="text/xsl"?><a/>',
    "XML that is not well formed and would be a page": b"<a><b><script>alert(1)</script></a>",
    "XML that is not well formed, with a picture's namespace": b'<a xmlns="http://www.w3.org/2000/svg"><b></a>',
    "bytes": bytes(range(256)),
    "NUL in a text": b"hola\x00mundo",
}


def upload(name, data):
    return SimpleUploadedFile(name, data)


@pytest.mark.parametrize(("name", "data", "content_type"), ALLOWED, ids=range(len(ALLOWED)))
def test_what_support_needs_may_be_sent(name, data, content_type):
    checked = check_file(upload(name, data))

    assert (checked.name, checked.content_type, checked.size) == (name, content_type, len(data))
    assert checked.content.read() == data
    assert checked.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", ["factura.xml", "foto.png"])
def test_what_a_browser_could_run_or_nobody_needs_is_refused_whatever_its_name(kind, name):
    with pytest.raises(FileRefused) as refused:
        check_file(upload(name, REFUSED[kind]))

    assert refused.value.code == "file.refused"
    assert str(refused.value.text) == (
        "Este tipo de archivo no se puede enviar. "
        "Se aceptan imágenes, PDF, XML, TXT, ZIP y documentos de Office."
    )


def test_a_broken_invoice_may_be_sent_as_text():
    """What is wrong with it is what support is asked about."""
    checked = check_file(upload("factura.xml", real.CFDI[:-9]))

    assert (checked.name, checked.content_type) == ("factura.xml.txt", "text/plain")


def test_the_clients_header_is_not_believed():
    file = InMemoryUploadedFile(BytesIO(real.HTML), "file", "a.png", "image/png", len(real.HTML), None)

    with pytest.raises(FileRefused):
        check_file(file)


def test_an_empty_file_is_refused_in_its_own_words():
    with pytest.raises(FileRefused) as refused:
        check_file(upload("a.txt", b""))

    assert str(refused.value.text) == "El archivo está vacío. Elija otro."


def test_a_file_of_the_limit_may_be_sent_and_a_byte_more_may_not(settings):
    settings.CHAT_MAX_UPLOAD_BYTES = 2 * 1024 * 1024
    most = b"a" * settings.CHAT_MAX_UPLOAD_BYTES

    assert check_file(upload("a.txt", most)).size == len(most)
    with pytest.raises(FileRefused) as refused:
        check_file(upload("a.txt", most + b"a"))

    assert str(refused.value.text) == ("El archivo pesa más de 2 MB. Comprímalo o envíelo en partes.")


def test_a_broken_zip_is_refused_in_its_own_words():
    with pytest.raises(FileRefused) as refused:
        check_file(upload("a.zip", real.zipped("factura.xml")[:40]))

    assert str(refused.value.text) == ("El archivo ZIP está dañado. Vuelva a comprimirlo y envíelo otra vez.")


def test_a_zip_of_thousands_of_files_is_refused_in_its_own_words():
    with pytest.raises(FileRefused) as refused:
        check_file(upload("a.zip", real.zipped(*[f"{number}.xml" for number in range(2_001)])))

    assert str(refused.value.text) == (
        "El archivo ZIP contiene demasiados archivos. Envíe solo los necesarios."
    )


# --- Names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "saved"),
    [
        ("factura.exe", real.PNG, "factura.exe.png"),
        ("factura", real.PDF, "factura.pdf"),
        ("foto.jpg", real.PNG, "foto.jpg.png"),
        ("FOTO.PNG", real.PNG, "FOTO.PNG"),
        ("nota.html", b"Hola", "nota.html.txt"),
        ("nota.xml", b"Hola", "nota.xml.txt"),
    ],
)
def test_a_wrong_ending_gets_the_true_one_added(name, data, saved):
    assert check_file(upload(name, data)).name == saved


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\Ana\\Mis facturas\\error.png", "error.png"),
        ("../../etc/passwd", "passwd"),
        ("/", "archivo"),
        ("", "archivo"),
        ("...", "archivo"),
        (" factura .pdf. ", "factura .pdf"),
        ("fac\u202etura\u202d.pdf", "factura.pdf"),
        ("fac\u200btu\u200dra\ufeff.pdf", "factura.pdf"),
        ("a\x00b\x07\x7f.pdf", "ab.pdf"),
        ("dos\nlíneas.pdf", "dos líneas.pdf"),
        ("año 2026 ñandú.xml", "año 2026 ñandú.xml"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("x" * 300, "x" * 100),
        ("factura.sinpuntoenlaextension", "factura.sinpuntoenlaextension"),
    ],
)
def test_a_shown_name_has_no_folders_and_nothing_that_hides(name, shown):
    assert shown_name(name) == shown


@settings(deadline=None)
@given(st.text(max_size=400))
def test_a_shown_name_is_short_printable_and_never_empty(name):
    shown = shown_name(name)

    assert 0 < len(shown) <= 100
    assert not set("/\\\n\t\x00\u202e\u200b\u200d") & set(shown)
    assert shown == shown.strip()


# --- Any bytes ------------------------------------------------------------------------------------------

BEGINNINGS = [
    b"",
    real.PNG,
    real.zipped("a.xml"),
    real.DOCX,
    real.CFDI,
    real.PDF,
    real.rsa_key("DER", "PKCS8", encrypted=True),
    b"\xff\xfe<\x00a\x00",
    b"<a",
    b"0\x82",
]


@settings(max_examples=100, deadline=None)
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=200))
def test_bytes_are_checked_or_refused_and_nothing_else_happens(beginning, rest):
    check(beginning + rest)


@settings(max_examples=150, deadline=None)
@given(
    whole=st.sampled_from([real.zipped("a.xml", "b.pdf"), real.DOCX, real.CFDI]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
)
@example(whole=real.zipped("a.xml"), changes=[(4, 255)])
def test_a_file_with_changed_bytes_is_checked_or_refused_and_nothing_else_happens(whole, changes):
    damaged = bytearray(whole)
    for place, value in changes:
        damaged[place % len(damaged)] = value

    check(bytes(damaged))


def test_a_zip_that_needs_a_newer_program_is_refused():
    """The version needed to extract, in the directory of the archive."""
    data = bytearray(real.zipped("a.xml"))
    data[data.index(b"PK\x01\x02") + 6] = 99

    with pytest.raises(FileRefused):
        check_file(upload("a.zip", bytes(data)))


def check(data):
    try:
        checked = check_file(upload("a", data))
    except RuleBroken:
        return
    assert checked.content_type in files._EXTENSIONS

"""Which files may be sent. Bytes decide the type; the name and the client's header are never believed."""

import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, BinaryIO
from xml.parsers import expat

import filetype
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.scanning import Finding, look_at
from core.errors import RuleBroken
from core.text import one_line

# What a browser's picker offers, and the sentence beside it.
ACCEPT = ".png,.jpg,.jpeg,.gif,.webp,.bmp,.pdf,.xml,.txt,.log,.zip,.doc,.docx,.xls,.xlsx,.ppt,.pptx"
ALLOWED_IN_WORDS = gettext_lazy("imágenes, PDF, XML, TXT, ZIP y documentos de Office")

_OFFICE = "application/vnd.openxmlformats-officedocument."
_BINARY = {
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    f"{_OFFICE}wordprocessingml.document",
    f"{_OFFICE}spreadsheetml.sheet",
    f"{_OFFICE}presentationml.presentation",
}
_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    f"{_OFFICE}wordprocessingml.document": "docx",
    f"{_OFFICE}spreadsheetml.sheet": "xlsx",
    f"{_OFFICE}presentationml.presentation": "pptx",
    "application/xml": "xml",
    "text/plain": "txt log",
}
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KEY_NAME = re.compile(r"\.(?:key|pfx|p12|pem|jks|ppk)$", re.IGNORECASE)
_PEM_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
# The object identifiers of password-based encryption in PKCS#5 and, older, in PKCS#12.
_ENCRYPTED_KEY = re.compile(rb"\x06[\x09\x0a]\x2a\x86\x48\x86\xf7\x0d\x01(?:\x05|\x0c\x01)")
# A ZIP begins with its first file, with its end when it is empty, or with a mark when it was made in parts.
_ZIP = {b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"}
_OFFICE_PARTS = {
    "word/": f"{_OFFICE}wordprocessingml.document",
    "xl/": f"{_OFFICE}spreadsheetml.sheet",
    "ppt/": f"{_OFFICE}presentationml.presentation",
}
# Formats that are known by a whole word, and may hold no byte that is not text. Other signatures are two or
# three letters, with which a text may begin as well.
_TEXTUAL = {"application/pdf", "application/rtf"}
_MARKUP = re.compile(r"<\s*(?:!doctype|html|script|svg|body|iframe|head|img|meta)\b", re.IGNORECASE)
# The namespaces of pages and pictures with scripts.
_RUN_BY_BROWSERS = ("http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg")
# What is looked at inside a ZIP, other ZIPs in it included. A key begins its file and is a few KB long;
# so many heads are 32 MB at most, however much the archive would unpack to.
_MOST_ZIP_FILES = 2_000
_ZIP_HEAD_BYTES = 16 * 1024
# A folder of a month in the folder of a year; archives that hold themselves go on for ever.
_MOST_ZIP_LEVELS = 3
_ZIP_HAS_PASSWORD = 0x1
# Python unpacks these piece by piece. Of the others it would unpack the whole of what a few KB stand for.
_ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# The parser keeps each element that is still open; an invoice is some ten deep.
_MOST_XML_LEVELS = 200


class FileRefused(RuleBroken):
    code = "file.refused"


class PrivateKeyRefused(RuleBroken):
    code = "file.private-key"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Este archivo parece una llave privada (.key, .pfx, .p12 o PEM) y no se envió. Con ella "
                "y su contraseña cualquiera puede firmar a su nombre: no la comparta con nadie, tampoco "
                "con nosotros."
            )
        )


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """A file that may be stored. `name` is for showing only."""

    name: str
    content_type: str
    size: int
    sha256: str
    content: BinaryIO
    finding: Finding = Finding()


def check_file(upload: UploadedFile) -> CheckedFile:
    """Return what may be stored.

    Raises FileRefused (empty, too large, a type that is not allowed) and PrivateKeyRefused.
    """
    size = upload.size or 0
    if size == 0:
        raise FileRefused(_("El archivo está vacío. Elija otro."))
    if size > settings.CHAT_MAX_UPLOAD_BYTES:
        raise FileRefused(too_large())
    data = upload.read()
    _refuse_key_name(upload.name or "")
    _refuse_key(data)
    inner_names = _ZipSearch().names(data) if data[:4] in _ZIP else []
    content_type = _type_of(data, inner_names)
    if content_type is None:
        raise FileRefused(_("Este tipo de archivo no se puede enviar. Se aceptan %s.") % ALLOWED_IN_WORDS)
    content = io.BytesIO(data)
    return CheckedFile(
        name=with_true_extension(shown_name(upload.name or ""), content_type),
        content_type=content_type,
        size=size,
        sha256=hashlib.sha256(data).hexdigest(),
        content=content,
        finding=look_at(content),
    )


def too_large() -> str:
    megabytes = settings.CHAT_MAX_UPLOAD_BYTES // (1024 * 1024)
    return _("El archivo pesa más de %d MB. Comprímalo o envíelo en partes.") % megabytes


def shown_name(name: str) -> str:
    """A name without folders, control, invisible or direction-changing characters, at most 100 long."""
    base = re.split(r"[\\/]", one_line(name))[-1].strip(". ")
    stem, dot, extension = base.rpartition(".")
    if dot and len(extension) <= 8:
        return f"{stem[: 99 - len(extension)]}.{extension}" if stem else f"{_('archivo')}.{extension}"
    return base[:100].rstrip() or _("archivo")


def with_true_extension(name: str, content_type: str) -> str:
    """Give a file the ending of what it is: a PNG called factura.exe is saved as factura.exe.png."""
    endings = _EXTENSIONS[content_type].split()
    if name.lower().endswith(tuple(f".{ending}" for ending in endings)):
        return name
    return f"{name}.{endings[0]}"


def _refuse_key_name(name: str) -> None:
    # Windows leaves points and spaces at the end away.
    if _KEY_NAME.search(one_line(name).rstrip(". ")):
        raise PrivateKeyRefused


def _refuse_key(data: bytes) -> None:
    # Windows' Notepad saves "Unicode" with a zero after each letter.
    is_pem = _PEM_KEY.search(data) or _PEM_KEY.search(data.replace(b"\x00", b""))
    if is_pem or _is_der_key(data):
        raise PrivateKeyRefused


def _is_der_key(data: bytes) -> bool:
    """A DER SEQUENCE (X.690) that starts as PKCS#8, encrypted PKCS#8 or PKCS#12 does.

    The tax authority's .key is an encrypted PKCS#8 (RFC 5208): SEQUENCE, SEQUENCE, OID. A PKCS#12
    (RFC 7292) and a plain PKCS#8 or PKCS#1 key begin with a version number: SEQUENCE, INTEGER.
    """
    if data[:1] != b"\x30" or len(data) < 16:
        return False
    header = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    body = data[header : header + 24]
    if body[:1] == b"\x02":
        return True
    return body[:1] == b"\x30" and _ENCRYPTED_KEY.search(body) is not None


class _ZipSearch:
    """Looks for private keys in a ZIP and in those inside it. What that may cost is counted for all."""

    def __init__(self) -> None:
        self._files_left = _MOST_ZIP_FILES
        # ZIPs hardly shrink when they are compressed again.
        self._bytes_left = 2 * settings.CHAT_MAX_UPLOAD_BYTES

    def names(self, data: bytes, level: int = 1) -> list[str]:
        """The names in the ZIP. Raises PrivateKeyRefused, and FileRefused for what cannot be looked into."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = archive.infolist()
                self._count(members)
                for member in members:
                    self._look_at(archive, member, level)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError):
            raise FileRefused(
                _("El archivo ZIP está dañado. Vuelva a comprimirlo y envíelo otra vez.")
            ) from None
        return [member.filename for member in members]

    def _count(self, members: list[zipfile.ZipInfo]) -> None:
        self._files_left -= len(members)
        if self._files_left < 0:
            raise FileRefused(_("El archivo ZIP contiene demasiados archivos. Envíe solo los necesarios."))

    def _look_at(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, level: int) -> None:
        _refuse_key_name(member.filename)
        # A password keeps us from looking, and the customer would have to send it to be helped.
        if member.flag_bits & _ZIP_HAS_PASSWORD:
            raise FileRefused(
                _(
                    "El archivo ZIP tiene contraseña, y así no se puede revisar que no lleve una llave "
                    "privada. Envíelo sin contraseña."
                )
            )
        if member.compress_type not in _ZIP_METHODS:
            raise FileRefused(_cannot_look_into())
        with archive.open(member) as content:
            head = content.read(_ZIP_HEAD_BYTES)
            _refuse_key(head)
            if head[:4] in _ZIP:
                self._look_into(head, content, level)

    def _look_into(self, head: bytes, rest: IO[bytes], level: int) -> None:
        """A ZIP inside the ZIP; its list of names is at its end."""
        data = head + rest.read(self._bytes_left)
        self._bytes_left -= len(data)
        if self._bytes_left <= 0 or level == _MOST_ZIP_LEVELS:
            raise FileRefused(_cannot_look_into())
        self.names(data, level + 1)


def _cannot_look_into() -> str:
    return _(
        "El archivo ZIP no se puede revisar por dentro. Envíe los archivos sueltos, o en un ZIP común "
        "sin otros adentro."
    )


def _type_of(data: bytes, inner_names: list[str]) -> str | None:
    if data[:8] == _OLE2:
        return _ole2_type(data)
    if "[Content_Types].xml" in inner_names:
        return _office_type(inner_names)
    kind = filetype.guess(data[:8192])
    if kind is not None and (kind.mime in _TEXTUAL or _decoded(data) is None):
        return kind.mime if kind.mime in _BINARY else None
    return _text_type(data)


def _office_type(names: list[str]) -> str:
    """Which Office document a package is, wherever in it the document's parts are; else just a ZIP."""
    parts = (content_type for part, content_type in _OFFICE_PARTS.items() if _has_folder(names, part))
    return next(parts, "application/zip")


def _has_folder(names: list[str], folder: str) -> bool:
    return any(name.startswith(folder) for name in names)


def _ole2_type(data: bytes) -> str | None:
    """Old Office documents share one container; the streams inside, named in UTF-16, tell them apart."""
    for stream, content_type in (
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("Book", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ):
        if stream.encode("utf-16-le") in data:
            return content_type
    return None


def _text_type(data: bytes) -> str | None:
    text = _decoded(data)
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return _xml_type(data, start)
    return None if _MARKUP.search(start[:1024]) else "text/plain"


def _decoded(data: bytes) -> str | None:
    """The text of a file without binary bytes, in UTF-8, UTF-16 with a mark, or Windows' Western encoding."""
    has_mark = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    encodings = ["utf-16"] if has_mark else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text) else text
    return None


def _xml_type(data: bytes, start: str) -> str | None:
    """XML without a document type (entities), and without a page or picture that a browser would run.

    What is not well formed is plain text: a broken CFDI is what support is asked about.
    """
    if any(mark in start for mark in ("<!DOCTYPE", "<!ENTITY", "<?xml-stylesheet")):
        return None
    try:
        return "application/xml" if _is_data(data) else None
    except (expat.ExpatError, ValueError, LookupError):
        runs = _MARKUP.search(start) or any(namespace in start for namespace in _RUN_BY_BROWSERS)
        return None if runs else "text/plain"


def _is_data(data: bytes) -> bool:
    """Whether no element of an XML belongs to a page or picture. Raises ExpatError: not well formed.

    No tree is built: one of 10 MB would take hundreds of megabytes.
    """
    root = ""
    is_run = False
    level = 0

    def started(name: str, _attributes: object) -> None:
        nonlocal root, is_run, level
        root = root or name
        is_run = is_run or name.startswith(_RUN_BY_BROWSERS)
        level += 1
        if level > _MOST_XML_LEVELS:
            raise ValueError("Too many elements inside each other")

    def ended(_name: str) -> None:
        nonlocal level
        level -= 1

    # Entities need a document type, and none got this far.
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.Parse(data, True)
    return not is_run and root.rpartition(" ")[2].lower() not in {"html", "svg"}

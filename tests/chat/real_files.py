"""Small files of every kind, made of the bytes that such files really have."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000154a24f5d0000000049454e44ae426082"
)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb0043000302020302") + bytes(64) + b"\xff\xd9"
GIF = bytes.fromhex("47494638396101000100800000ffffff0000002c00000000010001000002024401003b")
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
BMP = (
    b"BM\x3a\x00\x00\x00\x00\x00\x00\x006\x00\x00\x00(\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x18"
    + bytes(29)
)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"xref\n0 3\ntrailer<</Root 1 0 R/Size 3>>\nstartxref\n9\n%%EOF\n"
)
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(48) + b"PE\x00\x00"
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
CFDI = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/4" Version="4.0" Serie="A" Folio="1024" '
    'SubTotal="100.00" Total="116.00"><cfdi:Emisor Rfc="EKU9003173C9" Nombre="PAPELERÍA LÓPEZ"/>'
    "</cfdi:Comprobante>\n"
).encode()
TEXT = "Error CFDI40138: la fecha de emisión está fuera de rango.\r\nAño: 2026\t¿Qué hago?\r\n"
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>'


def zipped(*names: str, content: bytes = b"contenido") -> bytes:
    """A ZIP with files of these names."""
    return zip_of(dict.fromkeys(names, content))


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP with these files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as writer:
        for name, content in files.items():
            writer.writestr(name, content)
    return archive.getvalue()


def with_password(data: bytes) -> bytes:
    """A ZIP of one file that says that the file is encrypted (APPNOTE 4.4.4, bit 0)."""
    return _changed(data, 6, 1)


def with_method(data: bytes, method: int) -> bytes:
    """A ZIP of one file that says how the file is compressed (APPNOTE 4.4.5)."""
    return _changed(data, 8, method)


def _changed(data: bytes, offset: int, value: int) -> bytes:
    """Change a field of the file's header; its copy in the list at the end lies two bytes further on."""
    changed = bytearray(data)
    changed[changed.index(b"PK\x03\x04") + offset] = value
    changed[changed.index(b"PK\x01\x02") + offset + 2] = value
    return bytes(changed)


def zipped_in_levels(content: bytes, levels: int) -> bytes:
    """A file in a ZIP, in a ZIP, and so on, under names that say nothing."""
    for _level in range(levels):
        content = zip_of({"respaldo.bin": content})
    return content


def office(*names: str) -> bytes:
    """An Office document in the order in which Office writes it."""
    return zipped("[Content_Types].xml", "_rels/.rels", *names)


DOCX = office("word/document.xml", "word/styles.xml")
XLSX = office("xl/workbook.xml")
PPTX = office("ppt/presentation.xml")
# Some programs write the parts of the package in another order, the document last.
LATE_DOCX = office(*[f"customXml/item{number}.xml" for number in range(8)], "word/document.xml")


def ole2(stream: str) -> bytes:
    """An old Office document: the container's header, and a directory that names the stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le") + bytes(64)


# --- Private keys: never anybody's, made for each run ---------------------------------------------------

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PASSWORD = BestAvailableEncryption(b"12345678a")


def rsa_key(encoding: str, form: str, *, encrypted: bool) -> bytes:
    """`encoding` is DER or PEM, `form` PKCS8 or TraditionalOpenSSL. The SAT issues DER, PKCS8, encrypted."""
    return _RSA.private_bytes(
        getattr(serialization.Encoding, encoding),
        getattr(serialization.PrivateFormat, form),
        _PASSWORD if encrypted else NoEncryption(),
    )


def openssh_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, NoEncryption()
    )


def pkcs12_bundle() -> bytes:
    """What a .pfx or .p12 holds."""
    return pkcs12.serialize_key_and_certificates(b"sello", _RSA, _certificate(), None, _PASSWORD)


def certificate() -> bytes:
    """A .cer: public, and still no kind of file that support needs."""
    return _certificate().public_bytes(serialization.Encoding.DER)


def _certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "EKU9003173C9")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_RSA.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .sign(_RSA, hashes.SHA256())
    )

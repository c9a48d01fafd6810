"""Private keys are refused, by their names and by their bytes, with the reason."""

import tracemalloc
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chat.files import FileRefused, PrivateKeyRefused, check_file
from tests.chat import real_files as real

REASON = (
    "Este archivo parece una llave privada (.key, .pfx, .p12 o PEM) y no se envió. Con ella y su contraseña "
    "cualquiera puede firmar a su nombre: no la comparta con nadie, tampoco con nosotros."
)
# Encrypted with the older scheme of PKCS#12 (OID 1.2.840.113549.1.12.1.3), as some tools still write it.
OLD_SCHEME = bytes.fromhex("3082050e3040060a2a864886f70d010c0103") + bytes(64)
KEYS = {
    "the SAT's .key: encrypted PKCS#8": real.rsa_key("DER", "PKCS8", encrypted=True),
    "encrypted PKCS#8, older scheme": OLD_SCHEME,
    "plain PKCS#8": real.rsa_key("DER", "PKCS8", encrypted=False),
    "plain PKCS#1": real.rsa_key("DER", "TraditionalOpenSSL", encrypted=False),
    "PKCS#12": real.pkcs12_bundle(),
    "PEM, PKCS#8": real.rsa_key("PEM", "PKCS8", encrypted=False),
    "PEM, encrypted": real.rsa_key("PEM", "PKCS8", encrypted=True),
    "PEM, PKCS#1": real.rsa_key("PEM", "TraditionalOpenSSL", encrypted=False),
    "OpenSSH": real.openssh_key(),
    "PGP": b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxcMGBF",
    "PEM inside a mail": "Buenas tardes, adjunto la llave ñ:\r\n".encode("cp1252")
    + real.rsa_key("PEM", "PKCS8", encrypted=False),
    "PEM saved as Unicode": real.rsa_key("PEM", "PKCS8", encrypted=False).decode().encode("utf-16"),
    "PEM inside XML": b"<a>" + real.rsa_key("PEM", "PKCS8", encrypted=False) + b"</a>",
    "a ZIP with a .key": real.zipped("CSD/EKU9003173C9.cer", "CSD/EKU9003173C9.KEY"),
    "a ZIP with a .pfx": real.zipped("sello.pfx"),
    "a ZIP in parts with a .key": b"PK\x07\x08" + real.zipped("sello.key"),
    "a ZIP with a .key that ends in a point": real.zipped("sello.key."),
    "a ZIP with a renamed .key": real.zip_of({"sello.txt": real.rsa_key("DER", "PKCS8", encrypted=True)}),
    "a ZIP, not compressed, with a renamed .key": real.zip_of(
        {"sello.txt": real.rsa_key("DER", "PKCS8", encrypted=True)}, method=zipfile.ZIP_STORED
    ),
    "a ZIP with a renamed PEM, last of many": real.zip_of(
        {f"factura{number}.xml": real.CFDI for number in range(200)}
        | {"leame.txt": b"La llave:\n" + real.rsa_key("PEM", "PKCS8", encrypted=False)}
    ),
    "a ZIP with a renamed .pfx": real.zip_of({"sello": real.pkcs12_bundle()}),
    "a ZIP with a .key in a ZIP": real.zip_of({"csd.dat": real.zipped("EKU9003173C9.key")}),
    "a ZIP with a renamed .key in a ZIP": real.zipped_in_levels(
        real.rsa_key("DER", "PKCS8", encrypted=True), 2
    ),
    "… and in one more": real.zipped_in_levels(real.rsa_key("DER", "PKCS8", encrypted=True), 3),
    "a ZIP with a password and a .key": real.with_password(real.zipped("sello.key")),
    "a Word document with a key": real.zip_of(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": real.rsa_key("PEM", "PKCS8", encrypted=False),
        }
    ),
}
NAMES = [
    "EKU9003173C9.key",
    "sello.KEY",
    "sello.pfx",
    "sello.p12",
    "sello.pem",
    "sello.key.",
    "sello.key ",
    "carpeta/sello.key",
    "se\u202ello.k\u200bey",
    "sello.key\u200d",
    ".key",
    "x" * 300 + ".key",
]


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("name", ["sello.txt", "foto.png", "sello"])
def test_a_private_key_is_known_by_its_bytes_whatever_its_name(kind, name):
    with pytest.raises(PrivateKeyRefused) as refused:
        check_file(SimpleUploadedFile(name, KEYS[kind]))

    assert refused.value.code == "file.private-key"
    assert str(refused.value.text) == REASON


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [b"hola", bytes(100), real.PNG], ids=["text", "zeros", "picture"])
def test_a_private_key_is_known_by_its_name_whatever_its_bytes(name, data):
    with pytest.raises(PrivateKeyRefused):
        check_file(SimpleUploadedFile(name, data))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("keys.txt", b"Los accesos del cliente: F5 y F9"),
        ("monkey.png", real.PNG),
        ("key.pdf", real.PDF),
        ("facturas.zip", real.zipped("monkey.txt", "claves/llave.key.txt")),
        ("publica.txt", b"-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----\n"),
        ("cifras.txt", b"0\r\n1\r\n2\r\n00000000000000000000"),
    ],
)
def test_what_only_sounds_like_a_key_may_be_sent(name, data):
    assert check_file(SimpleUploadedFile(name, data)).name == name


def test_a_zip_with_what_is_no_key_may_be_sent_also_inside_another():
    bundle = {"EKU9003173C9.cer": real.certificate(), "factura.xml": real.CFDI, "foto.png": real.PNG}
    data = real.zip_of({"noviembre.zip": real.zip_of(bundle), "carpeta/": b"", "vacio.txt": b""})

    assert check_file(SimpleUploadedFile("facturas.zip", data)).content_type == "application/zip"


BOMB_BYTES = 200_000_000
DAMAGED = real.zip_of({"f.xml": real.CFDI})
CANNOT_LOOK = "El archivo ZIP no se puede revisar por dentro."
UNREADABLE = {
    "a password": (real.with_password(real.zipped("f.xml")), "El archivo ZIP tiene contraseña"),
    "a method that unpacks without bounds": (
        real.with_method(real.zipped("f.xml"), zipfile.ZIP_BZIP2),
        CANNOT_LOOK,
    ),
    "too many levels": (real.zipped_in_levels(b"nada", 4), CANNOT_LOOK),
    "damaged content": (DAMAGED[:40] + bytes(20) + DAMAGED[60:], "está dañado"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_zip_that_cannot_be_looked_into_is_refused_with_what_to_do(kind):
    data, words = UNREADABLE[kind]

    with pytest.raises(FileRefused) as refused:
        check_file(SimpleUploadedFile("facturas.zip", data))

    assert refused.value.code == "file.refused"
    assert words in str(refused.value.text)


def test_files_are_counted_over_all_the_zips_in_a_zip():
    half = real.zipped(*[f"{number}.txt" for number in range(1_000)])

    with pytest.raises(FileRefused) as refused:
        check_file(SimpleUploadedFile("facturas.zip", real.zip_of({"a.zip": half, "b.zip": half})))

    assert "demasiados archivos" in str(refused.value.text)


def peak_of_memory(check):
    tracemalloc.start()
    try:
        check()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked():
    upload = SimpleUploadedFile("bomba.zip", real.zip_of({"ceros.bin": bytes(BOMB_BYTES)}))

    assert peak_of_memory(lambda: check_file(upload)) < BOMB_BYTES / 10


def test_a_bomb_inside_a_zip_is_unpacked_no_further_than_a_zip_may_be_long():
    upload = SimpleUploadedFile("bomba.zip", real.zip_of({"ceros.zip": real.zipped("a") + bytes(BOMB_BYTES)}))

    def check():
        with pytest.raises(FileRefused):
            check_file(upload)

    assert peak_of_memory(check) < BOMB_BYTES / 2


def test_a_certificate_is_no_private_key():
    with pytest.raises(FileRefused):
        check_file(SimpleUploadedFile("EKU9003173C9.cer", real.certificate()))

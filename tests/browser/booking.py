"""What a customer who books types, and the mails that come of it."""

import email
import email.policy
import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page

from tests.servers import wait_until

if TYPE_CHECKING:
    from tests.browser.conftest import Site

ADDRESS = "rosa.citas@despacho-lopez.mx"
DATA = {
    "Nombre": "Rosa Díaz",
    "Correo electrónico": ADDRESS,
    "RFC": "XAXX010101000",
    "Nombre o Razón Social": "Abarrotes Beta",
    "Programa": "Nómina CFDI",
    "Versión": "4.0.1",
}
ABOUT = "Al timbrar sale el error CFDI40138"


def fill_data(page: Page, about: str = ABOUT) -> None:
    """Everything that is asked for."""
    for label, typed in DATA.items():
        page.get_by_label(label, exact=True).fill(typed)
    page.get_by_label("¿Qué necesita consultar?").fill(about)


def mail_about(site: "Site", words: str) -> str:
    """The text of the first mail to the customer that says these words, once it has come."""
    return wait_until(
        lambda: next((text for text in _texts(site) if words in text), None), f"a mail that says «{words}»"
    )


def mailed_link(site: "Site", folio: str) -> str:
    """The address in the confirmation."""
    found = re.search(rf"http\S+/citas/{folio}/\?llave=[\w:.-]+", mail_about(site, f"/citas/{folio}/"))
    assert found
    return found[0]


def _texts(site: "Site") -> list[str]:
    mails = [email.message_from_string(mail, policy=email.policy.default) for mail in site.mails_to(ADDRESS)]
    return [mail.get_body(["plain"]).get_content() for mail in mails]

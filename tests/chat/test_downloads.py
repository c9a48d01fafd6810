"""Files out of a chat: to whom they belong, and never run."""

import pytest
from django.test import Client

from chat.models import SUPERVISORS_GROUP
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, BETO, AgentFactory, accept, end, start
from tests.chat.test_sending_files import PNG, checked, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return start(ANA)


@pytest.fixture
def public_id(session):
    return send(session, file=checked('año "2026"; x.png')).attachment.public_id.hex


def console_of(agent):
    browser = browser_of()
    browser.force_login(agent)
    return browser


def test_a_file_is_saved_and_never_opened(public_id):
    response = browser_of(ANA).get(f"/chat/archivo/{public_id}/")

    assert response.getvalue() == PNG
    assert response["Content-Type"] == "image/png"
    assert response["Content-Length"] == str(len(PNG))
    assert response["Content-Disposition"] == (
        "attachment; filename*=UTF-8''a%C3%B1o%20%222026%22%3B%20x.png"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    policy = [part.strip() for part in response["Content-Security-Policy"].split(";")]
    [sandbox] = [part for part in policy if part.startswith("sandbox")]
    assert set(sandbox.split()[1:]) <= {"allow-downloads"}
    assert "default-src 'none'" in policy


def test_the_stranger_and_nobody_get_404(public_id):
    start(BETO)

    assert browser_of(BETO).get(f"/chat/archivo/{public_id}/").status_code == 404
    assert Client().get(f"/chat/archivo/{public_id}/").status_code == 404


@pytest.mark.parametrize("made_up", ["x", "0" * 32, "nada.png", "ñ"])
def test_a_made_up_address_is_a_404_like_a_forbidden_one(session, laura, made_up):
    assert browser_of(ANA).get(f"/chat/archivo/{made_up}/").status_code == 404
    assert console_of(laura).get(f"/agente/archivo/{made_up}/").status_code == 404


def test_a_customers_cookie_opens_no_door_of_staff(public_id):
    response = browser_of(ANA).get(f"/agente/archivo/{public_id}/")

    assert response.status_code == 302
    assert response["Location"].startswith("/agente/entrar/")


def test_staff_get_what_they_may_read(session, public_id, laura, diego):
    elena = AgentFactory.create(username="elena", group=SUPERVISORS_GROUP)
    address = f"/agente/archivo/{public_id}/"
    accept(session, laura)

    assert console_of(laura).get(address).getvalue() == PNG
    assert console_of(elena).get(address).getvalue() == PNG
    assert console_of(diego).get(address).status_code == 404
    end(session)
    assert console_of(diego).get(address).getvalue() == PNG


def test_files_are_not_reachable_by_their_place_on_the_disk(session, public_id):
    for address in (f"/media/attachments/{public_id[:2]}/{public_id}", f"/attachments/{public_id}"):
        assert browser_of(ANA).get(address).status_code == 404

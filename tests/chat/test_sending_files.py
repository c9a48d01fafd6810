"""A file is one line of a chat, stored once, under a random name."""

import hashlib
import io
import uuid
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError

from chat.files import CheckedFile
from chat.models import Attachment, Message
from chat.services import Author, ChatEnded, DraftConflict, NotYourChat, post_file
from tests.chat.factories import ANA, NOW, attended, conversing, end, fresh, later, say_as_agent, start

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


def checked(name: str = "pantalla.png", data: bytes = PNG, content_type: str = "image/png") -> CheckedFile:
    return CheckedFile(
        name=name,
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        content=io.BytesIO(data),
    )


def send(session, author=None, file=None, client_id=None, now=NOW):
    return post_file(
        session=session,
        author=author or Author(),
        checked=file or checked(),
        client_id=client_id or uuid.uuid4(),
        now=now,
    )


def test_a_file_is_a_numbered_line_that_shows_its_name():
    session = start(ANA)

    line = send(session)

    assert (line.number, line.text, line.is_file) == (2, "pantalla.png", True)
    assert line.author == Message.Author.CUSTOMER
    with line.attachment.content.open("rb") as stored:
        assert stored.read() == PNG


def test_nothing_that_the_customer_typed_reaches_the_file_system():
    line = send(start(ANA), file=checked("../../etc/pásswd.png"))

    path = Path(line.attachment.content.path)
    assert path.is_relative_to(django_settings.MEDIA_ROOT)
    assert path.name == line.attachment.public_id.hex
    assert "passwd" not in str(path)


def test_a_file_sent_again_returns_the_first_row():
    session, client_id = start(ANA), uuid.uuid4()

    first = send(session, client_id=client_id)
    again = send(session, client_id=client_id, now=later(minutes=1))

    assert again.pk == first.pk
    assert Attachment.objects.count() == 1


def test_the_same_id_with_other_bytes_is_refused():
    session, client_id = start(ANA), uuid.uuid4()
    send(session, client_id=client_id)

    with pytest.raises(DraftConflict):
        send(session, file=checked(data=PNG + b"\x01"), client_id=client_id)


def test_the_same_id_for_a_text_and_a_file_is_refused(laura):
    session = conversing(laura)
    said = say_as_agent(session, laura, "pantalla.png")

    with pytest.raises(DraftConflict):
        send(session, Author(laura), client_id=said.client_id)
    sent = send(session, Author(laura))
    with pytest.raises(DraftConflict):
        say_as_agent(session, laura, "pantalla.png", client_id=sent.client_id)


def test_the_other_sides_file_is_not_mine(laura):
    session = conversing(laura)
    sent = send(session, Author(laura))

    with pytest.raises(DraftConflict):
        send(session, Author(), client_id=sent.client_id)


def test_a_chat_that_ended_refuses_files():
    with pytest.raises(ChatEnded):
        send(end(start(ANA)))


def test_only_the_chats_agent_sends_files(laura, diego):
    session = attended(laura)

    with pytest.raises(NotYourChat):
        send(session, Author(diego))
    assert send(session, Author(laura)).agent == laura


def test_a_file_is_an_answer(laura):
    session = conversing(laura)
    say_as_agent(session, laura)
    assert fresh(session).customer_turn_since == NOW

    send(session)

    assert fresh(session).customer_turn_since is None


def files_kept() -> list[Path]:
    return [path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_what_is_refused_or_sent_again_leaves_no_file_behind(laura):
    session, client_id = start(ANA), uuid.uuid4()
    kept = send(session, client_id=client_id)
    send(session, client_id=client_id)
    with pytest.raises(DraftConflict):
        send(session, file=checked(data=PNG + b"x"), client_id=client_id)
    with pytest.raises(NotYourChat):
        send(session, author=Author(laura))
    end(session)
    with pytest.raises(ChatEnded):
        send(session)

    assert files_kept() == [Path(kept.attachment.content.path)]


def test_a_file_whose_row_is_not_stored_leaves_none_behind(monkeypatch):
    def fail(*_args, **_kwargs):
        raise OperationalError("The disk of the database is full.")

    monkeypatch.setattr(Attachment, "save", fail)
    with pytest.raises(OperationalError):
        send(start(ANA))

    assert files_kept() == []

"""Folios are short, legible aloud, and not to be guessed."""

import pytest

from core import folio
from core.folio import new_folio, unused_folio
from offline_messages.models import OfflineMessage
from tests.offline_messages.cast import leave


def test_a_folio_is_a_prefix_and_six_characters():
    prefix, characters = new_folio("C").split("-")

    assert prefix == "C"
    assert len(characters) == 6
    assert set(characters) <= set(folio.ALPHABET)


def test_a_folio_has_no_vowels_and_no_characters_that_look_alike():
    assert set("AEIOU01LS5B8Z2") & set(folio.ALPHABET) == {"2", "5", "8"}


def test_folios_are_not_enumerable():
    assert len(folio.ALPHABET) ** folio.LENGTH > 200_000_000
    assert len({new_folio("C") for _ in range(1000)}) == 1000


@pytest.mark.django_db
def test_a_folio_that_is_taken_is_not_given_again(monkeypatch):
    taken = leave().folio
    folios = iter([taken, taken, "M-222222"])
    monkeypatch.setattr(folio, "new_folio", lambda _prefix: next(folios))

    assert unused_folio("M", OfflineMessage.objects.all()) == "M-222222"

"""A chat that goes on."""

import pytest

from tests.browser.conversation.beginning import begin


@pytest.fixture
def chatting(site, new_customer, new_desk):
    """Ana, identified, in a chat with Laura."""
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    begin(ana, laura)
    return ana, laura

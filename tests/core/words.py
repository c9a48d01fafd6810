"""How the tests of a field read what it says to a person."""

import pytest
from django import forms
from django.core.exceptions import ValidationError


def refusal(field: forms.Field, typed: str) -> str:
    """The one sentence with which `field` refuses `typed`."""
    with pytest.raises(ValidationError) as refused:
        field.clean(typed)
    (message,) = refused.value.messages
    return message

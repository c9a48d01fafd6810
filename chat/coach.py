"""Recognises messages too vague to help with, and asks kindly for what is needed."""

import re
import unicodedata

from django.utils.translation import gettext as _

# Manual, "Descripción del mensaje": "con frases como estas nos es imposible ayudarte".
_VAGUE = {
    "ayuda",
    "error",
    "tengo un problema",
    # And the like.
    "auxilio",
    "ayudame",
    "ayudenme",
    "ayuda por favor",
    "me ayudan",
    "me pueden ayudar",
    "me puede ayudar",
    "necesito ayuda",
    "necesito soporte",
    "soporte",
    "problema",
    "un problema",
    "problemas",
    "tengo problemas",
    "tengo un error",
    "tengo error",
    "un error",
    "me marca error",
    "me marca un error",
    "marca error",
    "me sale un error",
    "me sale error",
    "no funciona",
    "no sirve",
    "no me funciona",
    "no puedo",
    "no me deja",
    "falla",
    "tengo una falla",
    "duda",
    "tengo una duda",
    "tengo dudas",
    "una pregunta",
    "tengo una pregunta",
    "urgente",
    # English is the second language of the product; apostrophes count as spaces.
    "help",
    "help me",
    "i need help",
    "can you help me",
    "support",
    "problem",
    "i have a problem",
    "an error",
    "i have an error",
    "i get an error",
    "it doesn t work",
    "it does not work",
    "not working",
    "i have a question",
    "urgent",
}
_COURTESY = re.compile(
    r"\b(?:hola|buen(?:os|as)? (?:dias?|tardes?|noches?)|buenas|saludos|por favor|porfavor|porfa|gracias"
    r"|hello|hi|good (?:morning|afternoon|evening)|please|thanks|thank you)\b"
)


def is_vague(text: str) -> bool:
    """Whether the text, courtesies aside, only says that something is wrong."""
    folded = _fold(text)
    return folded in _VAGUE or _fold(_COURTESY.sub(" ", folded)) in _VAGUE


def _fold(text: str) -> str:
    """Lower case, without accents, signs or repeated spaces."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    letters = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join(letters.split())


def exact_message_request() -> str:
    return _(
        "Para ayudarle mejor, escriba por favor el mensaje exacto que le muestra el programa "
        "y qué estaba haciendo cuando apareció. Si puede, envíe también una imagen de la pantalla."
    )

"""Messages that customers leave when nobody is there, and what agents answered."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class OfflineMessageQuerySet(models.QuerySet["OfflineMessage"]):
    def waiting(self) -> Self:
        """What nobody has answered yet; who waits longest comes first."""
        return self.exclude(state=OfflineMessage.State.ANSWERED).order_by("created_at", "pk")

    def answered(self) -> Self:
        """What was answered, the newest message first."""
        return self.filter(state=OfflineMessage.State.ANSWERED).order_by("-created_at", "-pk")


class OfflineMessage(models.Model):
    """One message left with *Dejar mensaje*; it is answered by mail."""

    class State(models.TextChoices):
        NEW = "new", _("Nuevo")
        READ = "read", _("Leído")
        ANSWERED = "answered", _("Contestado")

    class Origin(models.TextChoices):
        FORM = "form", _("Formulario")
        CLOSING = "closing", _("Chat que esperaba al cierre")
        WAITING = "waiting", _("Chat que esperó demasiado")

    folio = models.CharField(_("folio"), max_length=12, unique=True)
    name = models.CharField(_("nombre"), max_length=80)
    email = models.EmailField(_("correo electrónico"), max_length=254)
    text = models.TextField(_("mensaje"))
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.NEW)
    origin = models.CharField(_("origen"), max_length=10, choices=Origin, default=Origin.FORM)
    # Made by the sender: the same form sent twice makes one row.
    client_id = models.UUIDField(_("identificador del envío"), unique=True, editable=False)
    created_at = models.DateTimeField(_("recibido"))
    # The promise as it was made; hours that change later do not change it. Empty: it came while open.
    opening_at = models.DateTimeField(_("apertura prometida"), null=True, blank=True)

    objects = OfflineMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("mensaje fuera de línea")
        verbose_name_plural = _("mensajes fuera de línea")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["state", "created_at"], name="offline_state_created")]

    def __str__(self) -> str:
        return self.folio

    @property
    def is_answered(self) -> bool:
        return self.state == self.State.ANSWERED


class OfflineReply(models.Model):
    """What an agent mailed to the customer."""

    message = models.ForeignKey(
        OfflineMessage, verbose_name=_("mensaje"), on_delete=models.CASCADE, related_name="replies"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("agente"), on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField(_("respuesta"))
    created_at = models.DateTimeField(_("enviada"))

    class Meta:
        verbose_name = _("respuesta")
        verbose_name_plural = _("respuestas")
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return _("Respuesta a %(folio)s") % {"folio": self.message.folio}

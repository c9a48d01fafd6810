"""Booked hours, their history, and the browsers that may open them."""

from datetime import date, datetime, time, timedelta
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling.calendar import MEXICO_CITY
from scheduling.models.shifts import Service
from scheduling.zones import DEFAULT_ZONE, is_zone

# What the customer's data is measured by, in the chat as well.
MAX_NAME, MAX_RFC, MAX_LEGAL_NAME, MAX_PROGRAM, MAX_VERSION = 80, 13, 200, 100, 40


def check_zone(name: str) -> None:
    """Refuse what is no IANA zone."""
    if not is_zone(name):
        raise ValidationError(_("Elija una zona horaria de la lista."), code="zone")


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def held(self) -> Self:
        return self.filter(state=Appointment.State.HELD)

    def booked(self) -> Self:
        """What will take place; who is first in the day comes first."""
        return self.filter(state=Appointment.State.BOOKED).order_by("starts_at", "pk")

    def live(self, now: datetime) -> Self:
        """What takes an agent's hour at `now`: booked, or held and not expired."""
        is_held = Q(state=Appointment.State.HELD, held_until__gt=now)
        return self.filter(is_held | Q(state=Appointment.State.BOOKED))

    def expired(self, now: datetime) -> Self:
        """Holds whose time is over."""
        return self.filter(state=Appointment.State.HELD, held_until__lte=now)

    def overdue(self, now: datetime) -> Self:
        """Booked, and the tolerance passed without the customer: over, whatever the clock has done."""
        return self.booked().filter(arrived_at=None, starts_at__lt=now - settings.APPOINTMENT_TOLERANCE)

    def on_day(self, day: date) -> Self:
        """What begins on a date of Mexico City."""
        begin = datetime.combine(day, time.min, MEXICO_CITY)
        end = datetime.combine(day + timedelta(days=1), time.min, MEXICO_CITY)
        return self.filter(starts_at__gte=begin, starts_at__lt=end)

    def lock(self, pk: int) -> "Appointment":
        """The row as it is now, kept from others until the transaction ends."""
        return self.select_for_update().get(pk=pk)


class Appointment(models.Model):
    """One hour of one agent for one customer, from the moment it is held."""

    class State(models.TextChoices):
        HELD = "held", _("apartada")
        BOOKED = "booked", _("agendada")
        ATTENDED = "attended", _("atendida")
        MISSED = "missed", _("no se presentó")
        CANCELLED = "cancelled", _("cancelada")

    folio = models.CharField(_("folio"), max_length=12, unique=True)
    service = models.ForeignKey(
        Service, verbose_name=_("servicio"), on_delete=models.PROTECT, related_name="appointments"
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("agente"),
        on_delete=models.PROTECT,
        related_name="appointments",
    )
    starts_at = models.DateTimeField(_("empieza"))
    ends_at = models.DateTimeField(_("termina"))
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.HELD)

    name = models.CharField(_("nombre"), max_length=MAX_NAME, blank=True)
    email = models.EmailField(_("correo electrónico"), max_length=254, blank=True)
    rfc = models.CharField(_("RFC"), max_length=MAX_RFC, blank=True)
    legal_name = models.CharField(_("nombre o razón social"), max_length=MAX_LEGAL_NAME, blank=True)
    # Its name, because the rows of programs belong to a sibling.
    program = models.CharField(_("programa"), max_length=MAX_PROGRAM, blank=True)
    program_version = models.CharField(_("versión"), max_length=MAX_VERSION, blank=True)
    about = models.TextField(_("asunto"), blank=True)
    customer_zone = models.CharField(
        _("zona horaria del cliente"), max_length=64, default=DEFAULT_ZONE, validators=[check_zone]
    )

    # Which browser holds the hour; whoever has it may book.
    hold_key = models.CharField(max_length=64, blank=True, editable=False)
    held_until = models.DateTimeField(_("apartada hasta"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("llegó"), null=True, blank=True)
    # The browser in which the chat will be.
    arrived_key_hash = models.CharField(max_length=64, blank=True, editable=False)
    attended_at = models.DateTimeField(_("atendida el"), null=True, blank=True)
    missed_at = models.DateTimeField(_("no se presentó el"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelada el"), null=True, blank=True)
    # RFC 5545, 3.8.7.4: by it a calendar program knows the newer of two files about one entry.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    moves = models.PositiveSmallIntegerField(_("cambios del cliente"), default=0)
    # When the reminders went out, or the hour was agreed upon so late that there is none to send.
    reminded_day_at = models.DateTimeField(null=True, blank=True, editable=False)
    reminded_soon_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Made by the sender: the same form sent twice books once.
    client_id = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    created_at = models.DateTimeField(_("creada"))

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("cita")
        verbose_name_plural = _("citas")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "starts_at"],
                condition=Q(state__in=["held", "booked"]),
                name="one_live_appointment_per_agent_and_hour",
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(held_until__isnull=False), name="held_appointment_has_an_end"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="appointment_starts_before_ending"
            ),
        ]
        # Not partial by state: SQLite does not use such an index for a state that comes as a parameter.
        indexes = [
            models.Index(fields=["state", "starts_at"], name="appointment_starts"),
            models.Index(fields=["state", "arrived_at"], name="appointment_arrived"),
            models.Index(fields=["state", "held_until"], name="appointment_held"),
            models.Index(fields=["hold_key", "state"], name="appointment_hold"),
            models.Index(fields=["agent", "starts_at"], name="appointment_agent_starts"),
        ]

    def __str__(self) -> str:
        return self.folio

    @property
    def is_booked(self) -> bool:
        return self.state == self.State.BOOKED

    @property
    def tolerance_ends_at(self) -> datetime:
        """The last instant at which the customer counts as present."""
        return self.starts_at + settings.APPOINTMENT_TOLERANCE

    @property
    def opens_at(self) -> datetime:
        """From when the customer may wait for the hour."""
        return self.starts_at - settings.APPOINTMENT_EARLY

    def is_overdue(self, now: datetime) -> bool:
        """Whether the tolerance passed without the customer; a clock may not have acted yet."""
        return self.is_booked and self.arrived_at is None and now > self.tolerance_ends_at


class AppointmentEvent(models.Model):
    """One move of an appointment, written with it."""

    class Actor(models.TextChoices):
        CUSTOMER = "customer", _("el cliente")
        AGENT = "agent", _("agente")
        SUPERVISOR = "supervisor", _("supervisor")
        CLOCK = "clock", _("el reloj")

    appointment = models.ForeignKey(
        Appointment, verbose_name=_("cita"), on_delete=models.CASCADE, related_name="events"
    )
    at = models.DateTimeField(_("cuándo"))
    act = models.CharField(_("acto"), max_length=20)
    actor = models.CharField(_("quién"), max_length=10, choices=Actor)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("cuenta"),
        help_text=_("Del agente o del supervisor; el cliente y el reloj no tienen."),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    reason = models.TextField(_("motivo"), blank=True)
    state_before = models.CharField(_("estado anterior"), max_length=10, choices=Appointment.State)
    state_after = models.CharField(_("estado"), max_length=10, choices=Appointment.State)
    starts_at_before = models.DateTimeField(_("hora anterior"))
    starts_at_after = models.DateTimeField(_("hora"))

    class Meta:
        verbose_name = _("movimiento")
        verbose_name_plural = _("movimientos")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.act


class AppointmentReader(models.Model):
    """A browser that may open an appointment: it booked, or came by the mailed link."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="readers")
    key_hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("navegador del cliente")
        verbose_name_plural = _("navegadores del cliente")
        constraints = [
            models.UniqueConstraint(fields=["appointment", "key_hash"], name="one_reader_per_browser")
        ]

    def __str__(self) -> str:
        return self.key_hash[:8]

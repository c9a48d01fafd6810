"""What can be booked, and when each agent can be."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from scheduling.calendar import Interval
from scheduling.models.hours import Weekday, opens_before_closing


class Service(models.Model):
    """One kind of support that is booked, with the terms on which its hours are offered."""

    name = models.CharField(_("nombre"), max_length=80, help_text=_("Como lo lee el cliente."))
    slug = models.SlugField(_("identificador"), unique=True, help_text=_("Forma parte de la dirección."))
    slot_minutes = models.PositiveSmallIntegerField(
        _("duración"),
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(480)],
        help_text=_("Minutos de cada cita."),
    )
    notice_minutes = models.PositiveIntegerField(
        _("anticipación"),
        default=60,
        validators=[MaxValueValidator(7 * 24 * 60)],
        help_text=_("Minutos que faltan, por lo menos, para la primera hora que se ofrece."),
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("días que se ofrecen"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("Hasta cuántos días después de hoy."),
    )
    is_active = models.BooleanField(_("se ofrece"), default=True)
    position = models.PositiveSmallIntegerField(_("orden"), default=0)

    class Meta:
        verbose_name = _("servicio")
        verbose_name_plural = _("servicios")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def slot(self) -> timedelta:
        return timedelta(minutes=self.slot_minutes)

    @property
    def notice(self) -> timedelta:
        return timedelta(minutes=self.notice_minutes)


class Shift(models.Model):
    """Hours of a weekday in which an agent can be booked, half open. Without shifts an agent cannot be."""

    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("agente"), on_delete=models.CASCADE, related_name="shifts"
    )
    weekday = models.PositiveSmallIntegerField(_("día de la semana"), choices=Weekday)
    opens_at = models.TimeField(_("empieza"), help_text=_("Hora de la Ciudad de México."))
    closes_at = models.TimeField(_("termina"))

    class Meta:
        verbose_name = _("turno")
        verbose_name_plural = _("turnos")
        ordering = ["agent", "weekday", "opens_at"]
        constraints = [opens_before_closing("shift_open_before_closing")]

    def __str__(self) -> str:
        return gettext("%(weekday)s de %(opens)s a %(closes)s") % {
            "weekday": self.get_weekday_display(),
            "opens": f"{self.opens_at:%H:%M}",
            "closes": f"{self.closes_at:%H:%M}",
        }

    def clean(self) -> None:
        """Refuse a shift that overlaps another of the same agent and weekday; touching is fine."""
        if None in (self.agent_id, self.weekday, self.opens_at, self.closes_at):
            return
        same_day = Shift.objects.filter(agent_id=self.agent_id, weekday=self.weekday).exclude(pk=self.pk)
        other = same_day.filter(opens_at__lt=self.closes_at, closes_at__gt=self.opens_at).first()
        if other:
            raise ValidationError(
                _("Este turno se encima con otro del mismo agente: %(other)s."),
                code="overlap",
                params={"other": other},
            )

    @property
    def interval(self) -> Interval:
        return Interval(self.opens_at, self.closes_at)

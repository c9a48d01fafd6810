"""What supervisors decide about opening hours: the week, and the dates that differ from it."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from scheduling.calendar import Interval, SpecialDate


class Weekday(models.IntegerChoices):
    """Numbered as `datetime.date.weekday()` does."""

    MONDAY = 0, _("lunes")
    TUESDAY = 1, _("martes")
    WEDNESDAY = 2, _("miércoles")
    THURSDAY = 3, _("jueves")
    FRIDAY = 4, _("viernes")
    SATURDAY = 5, _("sábado")
    SUNDAY = 6, _("domingo")


def opens_before_closing(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(opens_at__lt=models.F("closes_at")),
        name=name,
        violation_error_message=_("La hora de cierre debe ser posterior a la de apertura."),
    )


class BusinessHours(models.Model):
    """One opening interval of a weekday, half open: at `closes_at` it is closed. A day may have several."""

    weekday = models.PositiveSmallIntegerField(_("día de la semana"), choices=Weekday)
    opens_at = models.TimeField(_("abre"), help_text=_("Hora de la Ciudad de México."))
    closes_at = models.TimeField(
        _("cierra"), help_text=_("A esta hora ya está cerrado. Para cerrar a medianoche, escriba 23:59:59.")
    )

    class Meta:
        verbose_name = _("horario de atención")
        verbose_name_plural = _("horarios de atención")
        ordering = ["weekday", "opens_at"]
        constraints = [opens_before_closing("business_hours_open_before_closing")]

    def __str__(self) -> str:
        return gettext("%(weekday)s de %(opens)s a %(closes)s") % {
            "weekday": self.get_weekday_display(),
            "opens": f"{self.opens_at:%H:%M}",
            "closes": f"{self.closes_at:%H:%M}",
        }

    def clean(self) -> None:
        """Refuse hours that overlap others of the same weekday; hours that only touch are fine."""
        if self.weekday is None or self.opens_at is None or self.closes_at is None:
            return
        same_day = BusinessHours.objects.filter(weekday=self.weekday).exclude(pk=self.pk)
        other = same_day.filter(opens_at__lt=self.closes_at, closes_at__gt=self.opens_at).first()
        if other:
            raise ValidationError(
                _("Este horario se encima con otro: %(other)s."), code="overlap", params={"other": other}
            )

    @property
    def interval(self) -> Interval:
        return Interval(self.opens_at, self.closes_at)


class SpecialDay(models.Model):
    """A date that differs from the weekly hours and from the official rest days."""

    class Kind(models.TextChoices):
        CLOSED = "closed", _("Cerrado todo el día")
        SPECIAL_HOURS = "special_hours", _("Horario especial")
        OPEN_AS_USUAL = "open_as_usual", _("Abierto como de costumbre")

    date = models.DateField(
        _("fecha"), unique=True, error_messages={"unique": _("Esa fecha ya es un día especial: modifíquelo.")}
    )
    name = models.CharField(_("nombre"), max_length=100, help_text=_("Por ejemplo: «Jornada electoral»."))
    kind = models.CharField(
        _("tipo"),
        max_length=20,
        choices=Kind,
        default=Kind.CLOSED,
        help_text=_(
            "«Horario especial» sustituye ese día al horario de la semana. «Abierto como de costumbre» "
            "cancela un descanso oficial: vale el horario de ese día de la semana."
        ),
    )

    class Meta:
        verbose_name = _("día especial")
        verbose_name_plural = _("días festivos y especiales")
        ordering = ["-date"]

    def __str__(self) -> str:
        return f"{self.date:%d/%m/%Y} {self.name}"

    @property
    def special_date(self) -> SpecialDate:
        """The row as the calendar's arithmetic takes it; special hours without intervals are a closed day."""
        return SpecialDate(self.name, self._own_intervals())

    def _own_intervals(self) -> tuple[Interval, ...] | None:
        if self.kind == self.Kind.OPEN_AS_USUAL:
            return None
        if self.kind == self.Kind.CLOSED:
            return ()
        return tuple(row.interval for row in self.intervals.all())


class SpecialInterval(models.Model):
    """One opening interval of a special day, half open."""

    special_day = models.ForeignKey(
        SpecialDay, on_delete=models.CASCADE, related_name="intervals", verbose_name=_("día especial")
    )
    opens_at = models.TimeField(_("abre"))
    closes_at = models.TimeField(_("cierra"))

    class Meta:
        verbose_name = _("intervalo")
        verbose_name_plural = _("intervalos del horario especial")
        ordering = ["opens_at"]
        constraints = [opens_before_closing("special_interval_open_before_closing")]

    def __str__(self) -> str:
        return gettext("de %(opens)s a %(closes)s") % {
            "opens": f"{self.opens_at:%H:%M}",
            "closes": f"{self.closes_at:%H:%M}",
        }

    @property
    def interval(self) -> Interval:
        return Interval(self.opens_at, self.closes_at)

"""What a supervisor typed about a special day, checked as a whole."""

from typing import Any

from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from scheduling.calendar import Interval, has_overlap
from scheduling.models import SpecialDay


class SpecialIntervalFormSet(BaseInlineFormSet):
    """The intervals of one special day: needed by special hours, refused for the other kinds."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        self._check_kind(self._kept_intervals())
        if has_overlap(self._kept_intervals()):
            raise ValidationError(_("Los intervalos se enciman: corrija las horas."), code="overlap")

    def _kept_intervals(self) -> list[Interval]:
        kept: list[dict[str, Any]] = [
            form.cleaned_data for form in self.forms if form.cleaned_data and form not in self.deleted_forms
        ]
        return [Interval(data["opens_at"], data["closes_at"]) for data in kept]

    def _check_kind(self, intervals: list[Interval]) -> None:
        has_special_hours = self.instance.kind == SpecialDay.Kind.SPECIAL_HOURS
        if has_special_hours and not intervals:
            raise ValidationError(
                _("El horario especial necesita al menos un intervalo con hora de apertura y de cierre."),
                code="missing",
            )
        if intervals and not has_special_hours:
            raise ValidationError(
                _("Solo el «Horario especial» lleva intervalos: quítelos o cambie el tipo."),
                code="unexpected",
            )

"""Opens and closes support of a product with the real hours, whatever day and hour it is."""

from string import Template

# Code for `manage.py shell`.
OPEN_ALL_DAY = """
from datetime import time
from scheduling.models import BusinessHours
BusinessHours.objects.all().delete()
for day in range(7):
    BusinessHours.objects.create(weekday=day, opens_at=time(0), closes_at=time(23, 59, 59))
"""
_SPECIAL_DAYS = Template("""
from datetime import timedelta
from django.utils import timezone
from scheduling.models import SpecialDay
for days in (-1, 0, 1):
    day = timezone.localdate() + timedelta(days=days)
    SpecialDay.objects.update_or_create(date=day, defaults={"name": "$name", "kind": "$kind"})
""")
CLOSE_NOW = _SPECIAL_DAYS.substitute(name="Inventario", kind="closed")
# Official rest days stay closed, so those days are opened as well.
NO_REST = _SPECIAL_DAYS.substitute(name="Abierto", kind="open_as_usual")
OPEN_NOW = OPEN_ALL_DAY + NO_REST

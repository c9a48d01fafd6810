"""One line that somebody said."""

from django.db import models


class Line(models.Model):
    pair = models.PositiveIntegerField()
    client_id = models.UUIDField()
    text = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text

"""Dates as the language writes them, in every template."""

from django import template

from core.text import small_months

register = template.Library()
register.filter(small_months)

"""The product's own: the same database with kept connections, the same layer. One app, with one table."""

from facturando_support.settings import *  # noqa: F403

INSTALLED_APPS = ["bench.floor", "channels"]

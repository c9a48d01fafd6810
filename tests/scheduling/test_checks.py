"""The hours of the demo never reach a production installation."""

from django.core.checks import run_checks
from django.core.checks.registry import registry

from scheduling.checks import check_hours


def codes() -> list[str | None]:
    return [error.id for error in run_checks() if str(error.id).startswith("scheduling.")]


def test_the_real_hours_are_fine(settings):
    settings.HOURS = "real"
    assert codes() == []


def test_the_demo_s_hours_are_fine_in_development(settings):
    settings.HOURS, settings.DEBUG = "open", True
    assert codes() == []


def test_the_demo_s_hours_are_refused_when_debug_is_off(settings):
    settings.HOURS, settings.DEBUG = "open", False
    assert codes() == ["scheduling.E002"]


def test_a_misspelt_setting_is_refused(settings):
    settings.HOURS, settings.DEBUG = "opne", True
    assert codes() == ["scheduling.E001"]


def test_every_command_runs_the_check():
    assert check_hours in registry.get_checks(include_deployment_checks=False)

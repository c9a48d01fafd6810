"""What is told before a customer meets it: settings and surroundings that would break the product's word.

`manage.py check --deploy` asks everything here, and so does /readyz in production. What is an error keeps a
process from being ready: it is wrong from the start. What comes with time alone is a warning.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Any

import tzdata
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from redis.exceptions import RedisError

from chat.models import Agent
from facturando_support.clock import seconds_since_round
from facturando_support.management.commands.demo import ACCOUNTS, PASSWORD
from facturando_support.single_process import has_shared_layer
from scheduling.calendar import MEXICO_CITY

type Check = Callable[..., list[CheckMessage]]

# Thirty missed rounds are no longer a slow one.
CLOCK_STOPPED_SECONDS = 30
# Of a year in which an hour would be added if Mexico still did that.
SUMMER = datetime(2024, 7, 1, tzinfo=UTC)
# More than that a second, from one address or visitor, is no limit at all.
MOST_PER_SECOND = 100
# The names that belong to nobody (RFC 2606, RFC 6761).
RESERVED_ENDINGS = ("example", "invalid", "test", "localhost", "example.com", "example.net", "example.org")
# A token that is shorter can be guessed.
METRICS_TOKEN_CHARS = 20


def check_debug(**_kwargs: Any) -> list[CheckMessage]:
    if not settings.DEBUG:
        return []
    return [
        Error(
            "DEBUG is on: errors show settings and data of customers to whoever meets one.",
            hint="Unset DEBUG.",
            id="facturando.E001",
        )
    ]


def check_demo_accounts(**_kwargs: Any) -> list[CheckMessage]:
    """Whoever read the README could sign in."""
    names = [username for username, *_rest in ACCOUNTS]
    try:
        found = [agent.username for agent in _active(names) if _is_demo_password(agent.password)]
    except DatabaseError:
        # Told by check_migrations.
        return []
    if not found:
        return []
    return [
        Error(
            f"Demo accounts can sign in with the password that the README names: {', '.join(found)}.",
            hint="Disable them in /admin/, or give each another password (manage.py changepassword NAME).",
            id="facturando.E002",
        )
    ]


def _active(names: list[str]) -> list[Agent]:
    return list(Agent.objects.filter(username__in=names, is_active=True))


@cache
def _is_demo_password(encoded: str) -> bool:
    # Slow on purpose, and readiness is asked every few seconds.
    return check_password(PASSWORD, encoded)


def check_layer(**_kwargs: Any) -> list[CheckMessage]:
    """Without Redis one process would not hear what another says (`single_process` holds the second back)."""
    if has_shared_layer():
        return []
    if _workers() > 1:
        return [
            Error(
                f"WEB_CONCURRENCY asks for {_workers()} processes, but there is no REDIS_URL: their chats "
                "would not hear each other.",
                hint="Set REDIS_URL, or run one process.",
                id="facturando.E003",
            )
        ]
    if connection.vendor == "sqlite":
        return []
    return [
        Warning(
            "A database server without REDIS_URL: one process alone may run, and no lock reaches a second "
            "one on another machine.",
            hint="Set REDIS_URL before a second web or clock process is started.",
            id="facturando.W003",
        )
    ]


def _workers() -> int:
    # The variable by which servers such as uvicorn and gunicorn are told.
    told = os.environ.get("WEB_CONCURRENCY", "1")
    return int(told) if told.isdigit() else 1


def check_limits(**_kwargs: Any) -> list[CheckMessage]:
    return [*_wrong_limits(), *_wrong_sizes()]


def _wrong_limits() -> Iterator[CheckMessage]:
    for name, limit in settings.LIMITS.items():
        variable = f"LIMIT_{name.upper()}"
        count, slash, seconds = limit.partition("/")
        if not (slash and count.isdigit() and seconds.isdigit() and int(count) and int(seconds)):
            yield Error(
                f"{variable} is {limit!r}: nobody could do it even once, or it cannot be read.",
                hint='Write "how many/in how many seconds", such as 30/3600.',
                id="facturando.E004",
            )
        elif int(count) / int(seconds) > MOST_PER_SECOND:
            yield Warning(
                f"{variable} is {limit!r}: more than {MOST_PER_SECOND} a second is no limit.",
                hint="Choose what a busy office may need, or unset it for the default.",
                id="facturando.W004",
            )


def _wrong_sizes() -> Iterator[CheckMessage]:
    for name in (
        "CHAT_MAX_UPLOAD_BYTES",
        "CHAT_MAX_MESSAGE_CHARS",
        "CHAT_MAX_SOCKETS_PER_VISITOR",
        "CHAT_MAX_SOCKETS_PER_ADDRESS",
    ):
        if (value := getattr(settings, name)) < 1:
            yield Error(
                f"{name} is {value}: it would refuse everybody.",
                hint="Unset it for the default, or choose a number above 0.",
                id="facturando.E005",
            )


def check_proxies(**_kwargs: Any) -> list[CheckMessage]:
    """The product speaks no TLS itself: with https there is a proxy in front."""
    if not settings.IS_HTTPS:
        return []
    return [*_untrusted_proxy(), *_unseen_tls()]


def _untrusted_proxy() -> Iterator[CheckMessage]:
    if settings.TRUSTED_PROXIES < 1:
        yield Error(
            "TRUSTED_PROXIES is 0 behind https: all customers count as the proxy's one address, and reach "
            "its limits together.",
            hint="Set TRUSTED_PROXIES to the number of proxies in front, usually 1.",
            id="facturando.E006",
        )


def _unseen_tls() -> Iterator[CheckMessage]:
    if settings.SECURE_PROXY_SSL_HEADER is None:
        yield Error(
            "BEHIND_PROXY is off while PUBLIC_URL is https: every page would redirect to itself for ever.",
            hint="Set BEHIND_PROXY=on, and let the proxy set X-Forwarded-Proto.",
            id="facturando.E007",
        )


def check_time_zones(**_kwargs: Any) -> list[CheckMessage]:
    """Mexico dropped daylight saving at the end of 2022; other rules change as well."""
    if SUMMER.astimezone(MEXICO_CITY).utcoffset() != timedelta(hours=-6):
        return [
            Error(
                "The time zones are from before the end of 2022: each summer every hour would be wrong.",
                hint="Install the tzdata of requirements.lock.",
                id="facturando.E008",
            )
        ]
    if int(tzdata.IANA_VERSION[:4]) >= timezone.now().year - 1:
        return []
    return [
        Warning(
            f"The time zones are those of {tzdata.IANA_VERSION}: what changed since then is told wrong.",
            hint='Update tzdata (make lock UPGRADE="--upgrade-package tzdata"), and install it.',
            id="facturando.W008",
        )
    ]


def check_mail(**_kwargs: Any) -> list[CheckMessage]:
    return [*_no_mail_server(), *_made_up_sender()]


def _no_mail_server() -> Iterator[CheckMessage]:
    if settings.MAILERS["default"]["BACKEND"].endswith("filebased.EmailBackend"):
        yield Error(
            "There is no EMAIL_URL: answers, transcripts and reminders would stay in files.",
            hint="Set EMAIL_URL, such as smtp+tls://user:password@host:587.",
            id="facturando.E009",
        )


def _made_up_sender() -> Iterator[CheckMessage]:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    domain = address.rpartition("@")[2].lower()
    if "@" not in address or "." not in domain or f".{domain}".endswith(_DOTTED_ENDINGS):
        yield Error(
            "DEFAULT_FROM_EMAIL is made up: mail servers refuse it, and nobody can answer.",
            hint='Set it to an address that is read, such as "Soporte <soporte@facturando.mx>".',
            id="facturando.E010",
        )


_DOTTED_ENDINGS = tuple(f".{ending}" for ending in RESERVED_ENDINGS)


def check_clock(**_kwargs: Any) -> list[CheckMessage]:
    """Only seen from here when it leaves its sign of life in Redis; else it runs inside the one process."""
    if not has_shared_layer() or clock_runs():
        return []
    return [
        Warning(
            f"No clock finished a round within {CLOCK_STOPPED_SECONDS} seconds: nothing that becomes due is "
            "done, and no mail goes out.",
            hint="Start manage.py clock (deploy/systemd/facturando-clock.service), or look into its log.",
            id="facturando.W011",
        )
    ]


def clock_runs() -> bool:
    try:
        seconds = seconds_since_round(timezone.now())
    except RedisError:
        return False
    return seconds is not None and seconds < CLOCK_STOPPED_SECONDS


def check_media(**_kwargs: Any) -> list[CheckMessage]:
    folder = Path(settings.MEDIA_ROOT)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            # A full disk lets a file be made, and not be filled.
            file.write(b"?")
            file.flush()
    except OSError as error:
        return [
            Error(
                f"Files of chats cannot be stored in {folder}: {error.strerror}.",
                hint="Give the folder to the user that runs the product, or set VAR_DIR to another one.",
                id="facturando.E012",
            )
        ]
    return []


def check_migrations(**_kwargs: Any) -> list[CheckMessage]:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return [
            Error(
                "The database does not answer.",
                hint="Look at DATABASE_URL, and whether the server runs.",
                id="facturando.E013",
            )
        ]
    if not pending:
        return []
    return [
        Error(
            f"The database is behind the program by {len(pending)} migrations: pages would fail.",
            hint="Make a backup (manage.py backup FILE), then run manage.py migrate.",
            id="facturando.E014",
        )
    ]


def check_static_files(**_kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        return []
    return [
        Error(
            f"The static files are not in {settings.STATIC_ROOT}: no page could be shown.",
            hint="Run manage.py collectstatic.",
            id="facturando.E015",
        )
    ]


def check_metrics(**_kwargs: Any) -> list[CheckMessage]:
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= METRICS_TOKEN_CHARS:
        return []
    return [
        Warning(
            f"METRICS_TOKEN has fewer than {METRICS_TOKEN_CHARS} characters: it can be guessed.",
            hint='python -c "import secrets; print(secrets.token_urlsafe(32))" makes one.',
            id="facturando.W016",
        )
    ]


# By the name under which /readyz tells of it.
CHECKS: dict[str, Check] = {
    "debug": check_debug,
    "demo-accounts": check_demo_accounts,
    "layer": check_layer,
    "limits": check_limits,
    "proxies": check_proxies,
    "time-zones": check_time_zones,
    "mail": check_mail,
    "clock": check_clock,
    "media": check_media,
    "migrations": check_migrations,
    "static-files": check_static_files,
    "metrics": check_metrics,
}

"""Who talks (agents, visitors), about what (programs), and what was said (sessions, messages, files)."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.fields import GENERIC_RFCS
from core.folio import new_folio

AGENTS_GROUP = "Agentes"
SUPERVISORS_GROUP = "Supervisores"
# How long a chat that ended unseen calls its agent: over a night, and not over a holiday.
UNSEEN_FOR = timedelta(hours=24)


def new_chat_folio() -> str:
    return new_folio("C")


def default_greeting() -> str:
    return str(_("Buen día, {nombre}. Le doy la bienvenida al soporte técnico de Facturando."))


def validate_greeting(text: str) -> None:
    """Manual: the agent welcomes the customer by name."""
    if "{nombre}" not in text:
        raise ValidationError(_("Incluya {nombre} donde deba ir el nombre del cliente."))


class AgentQuerySet(models.QuerySet["Agent"]):
    def present(self, now: datetime) -> Self:
        """Agents whose console gave a sign of life within the limit after which an agent has vanished."""
        return self.filter(is_active=True, last_seen_at__gt=now - settings.CHAT_AGENT_VANISHED)

    def available(self, now: datetime) -> Self:
        return self.present(now).filter(is_available=True)

    def gone(self, now: datetime) -> Self:
        """Agents who have vanished, never came, or may not come any more."""
        return self.exclude(is_active=True, last_seen_at__gt=now - settings.CHAT_AGENT_VANISHED)

    def by_load(self) -> Self:
        """Least busy first; the one who has waited longest decides a tie."""
        active = Q(chats__state=ChatSession.State.ACTIVE)
        # Engines differ in where they sort what is missing: who never had a chat has waited longest.
        longest = F("last_assigned_at").asc(nulls_first=True)
        return self.annotate(load=models.Count("chats", filter=active)).order_by("load", longest, "pk")


class AgentManager(UserManager.from_queryset(AgentQuerySet)):  # type: ignore[misc]
    pass


class Agent(AbstractUser):
    """A member of staff; supervisors are agents in the group Supervisores."""

    greeting = models.TextField(
        _("bienvenida"),
        default=default_greeting,
        max_length=500,
        validators=[validate_greeting],
        help_text=_("Lo primero que lee el cliente. {nombre} se cambia por el nombre del cliente."),
    )
    capacity = models.PositiveSmallIntegerField(
        _("chats a la vez"), default=4, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    is_available = models.BooleanField(_("disponible"), default=False)
    last_seen_at = models.DateTimeField(_("última señal"), null=True, blank=True)
    last_assigned_at = models.DateTimeField(_("último chat"), null=True, blank=True)

    objects: ClassVar[AgentManager] = AgentManager()

    class Meta(AbstractUser.Meta):
        verbose_name = _("agente")  # type: ignore[assignment]
        verbose_name_plural = _("agentes")  # type: ignore[assignment]

    @property
    def shown_name(self) -> str:
        """The name customers see."""
        return self.get_full_name() or self.get_username()

    def greeting_for(self, customer_name: str) -> str:
        """The welcome with the customer's name in it. A plain replacement: a greeting is no template."""
        return self.greeting.replace("{nombre}", customer_name)


class Visitor(models.Model):
    """One browser, known by a cookie whose key is stored hashed; may hold several chats over time."""

    key_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("visitante")
        verbose_name_plural = _("visitantes")

    def __str__(self) -> str:
        return gettext("visitante %(number)s") % {"number": self.pk}


class Program(models.Model):
    """A program of Facturando that customers name when they identify; supervisors keep the list."""

    name = models.CharField(_("nombre"), max_length=80, unique=True)
    is_active = models.BooleanField(_("se ofrece"), default=True)
    position = models.PositiveSmallIntegerField(_("orden"), default=0)

    class Meta:
        verbose_name = _("programa")
        verbose_name_plural = _("programas")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class ChatSessionQuerySet(models.QuerySet["ChatSession"]):
    def waiting(self) -> Self:
        """The queue, head first: chats given back by a vanished agent, then by arrival."""
        return self.filter(state=ChatSession.State.WAITING).order_by("-is_returned", "queued_at", "pk")

    def active(self) -> Self:
        return self.filter(state=ChatSession.State.ACTIVE)

    def open(self) -> Self:
        return self.exclude(state=ChatSession.State.ENDED)

    def ended(self) -> Self:
        return self.filter(state=ChatSession.State.ENDED)

    def shown_to(self, key_hashes: Collection[str], past: datetime) -> Self:
        """What customers' pages show, the newest first: the open chat, or one that ended after `past` and was
        not put away."""
        own = self.filter(visitor__key_hash__in=key_hashes, put_away_at=None)
        return own.exclude(ended_at__lte=past).order_by("-pk")

    def related_to(self, session: "ChatSession") -> Self:
        """Earlier chats of the same RFC or e-mail, newest first."""
        same = Q(email_folded=session.email.lower())
        # The generic ones stand for the general public and for foreigners: many people, not one.
        if session.rfc and session.rfc not in GENERIC_RFCS:
            same |= Q(rfc=session.rfc)
        folded = self.alias(email_folded=Lower("email"))
        return folded.filter(same, pk__lt=session.pk).order_by("-pk")

    def with_first_words(self) -> Self:
        """Add what the customer wrote first, for the queue."""
        lines = Message.objects.filter(session=models.OuterRef("pk"), author=Message.Author.CUSTOMER)
        return self.annotate(first_words=models.Subquery(lines.order_by("number").values("text")[:1]))

    def lock(self, pk: int) -> "ChatSession":
        """The fresh row, locked until the transaction ends (SQLite locks as a whole at BEGIN IMMEDIATE)."""
        return self.select_for_update().get(pk=pk)


class ChatSession(models.Model):
    """One chat: waiting, then active with an agent, then ended for a reason."""

    class State(models.TextChoices):
        WAITING = "waiting", _("en espera")
        ACTIVE = "active", _("en curso")
        ENDED = "ended", _("finalizado")

    class EndReason(models.TextChoices):
        CUSTOMER = "customer", _("lo finalizó el cliente")
        AGENT = "agent", _("lo finalizó el agente")
        INACTIVITY = "inactivity", _("inactividad del cliente")
        CLOSING = "closing", _("cierre del horario: quedó como mensaje")
        LEFT_MESSAGE = "left_message", _("el cliente lo dejó como mensaje")

    class Rating(models.TextChoices):
        GOOD = "good", _("buena")
        BAD = "bad", _("mala")

    folio = models.CharField(_("folio"), max_length=12, unique=True, default=new_chat_folio, editable=False)
    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, related_name="chats")
    # Browsers that opened the link in a mail; they may read the chat once it has ended.
    readers = models.ManyToManyField(Visitor, related_name="readable_chats", blank=True)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("agente"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="chats",
    )
    state = models.CharField(_("estado"), max_length=8, choices=State, default=State.WAITING)
    end_reason = models.CharField(_("motivo de fin"), max_length=12, choices=EndReason, blank=True)

    # The customer, as given before the chat.
    name = models.CharField(_("nombre"), max_length=80)
    email = models.EmailField(_("correo electrónico"))
    # Where the customer wrote from.
    page_url = models.CharField(_("página"), max_length=300, blank=True)

    # The identification: it belongs to the chat, since one accountant consults for many RFCs.
    rfc = models.CharField("RFC", max_length=13, blank=True)
    legal_name = models.CharField(_("nombre o razón social"), max_length=200, blank=True)
    program = models.ForeignKey(
        Program,
        verbose_name=_("programa"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="chats",
    )
    program_version = models.CharField(_("versión"), max_length=40, blank=True)
    identified_at = models.DateTimeField(_("identificado"), null=True, blank=True)

    created_at = models.DateTimeField(_("inicio"))
    queued_at = models.DateTimeField(_("en la cola desde"))
    is_returned = models.BooleanField(_("devuelto a la cola"), default=False)
    accepted_at = models.DateTimeField(_("atendido"), null=True, blank=True)
    ended_at = models.DateTimeField(_("fin"), null=True, blank=True)
    put_away_at = models.DateTimeField(null=True, blank=True)

    # Nobody took the chat: counted from here, and when leaving a message was offered.
    patience_since = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    # The hours for an appointment that the agent offers in the chat, as `events.instant` writes them.
    offered_hours = models.JSONField(default=list, blank=True)
    # Inactivity: set while it is the customer's turn, and when the customer was warned.
    customer_turn_since = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    # The request for an exact message was made (once a chat).
    coached_at = models.DateTimeField(null=True, blank=True)

    # The newest number the customer's side may see, and the newest staff number (notes included).
    last_number = models.PositiveIntegerField(default=0)
    last_staff_number = models.PositiveIntegerField(default=0)
    # How far each side's browser has it, and has shown it, in customer numbers. They only grow.
    customer_delivered = models.PositiveIntegerField(default=0)
    customer_read = models.PositiveIntegerField(default=0)
    agent_delivered = models.PositiveIntegerField(default=0)
    agent_read = models.PositiveIntegerField(default=0)

    appointment = models.OneToOneField(
        "scheduling.Appointment",
        verbose_name=_("cita"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="chat",
    )
    offline_message = models.OneToOneField(
        "offline_messages.OfflineMessage",
        verbose_name=_("mensaje fuera de línea"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="chat",
    )
    rating = models.CharField(_("calificación"), max_length=4, choices=Rating, blank=True)
    rating_comment = models.CharField(_("comentario"), max_length=300, blank=True)

    objects = ChatSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("sesión de chat")
        verbose_name_plural = _("sesiones de chat")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["visitor"], condition=~Q(state="ended"), name="one_open_chat_per_visitor"
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(agent__isnull=False), name="an_active_chat_has_an_agent"
            ),
            models.CheckConstraint(
                condition=Q(state="ended", end_reason__gt="") | (~Q(state="ended") & Q(end_reason="")),
                name="an_ended_chat_has_a_reason",
            ),
        ]
        # Not partial by state: SQLite does not use such an index for a state that comes as a parameter.
        indexes = [
            models.Index(fields=["state", "-is_returned", "queued_at"], name="chat_queue"),
            models.Index(fields=["state", "customer_turn_since"], name="chat_turn"),
            models.Index(fields=["state", "agent"], name="chat_of_agent"),
            models.Index(
                fields=["state", "patience_since"],
                condition=Q(offered_at__isnull=True),
                name="chat_patience",
            ),
            models.Index(Lower("email"), name="chat_email_folded"),
            models.Index("rfc", name="chat_rfc"),
            models.Index(fields=["visitor", "-id"], name="chat_of_visitor"),
        ]

    def __str__(self) -> str:
        return f"{self.folio} · {self.name}"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE

    @property
    def is_ended(self) -> bool:
        return self.state == self.State.ENDED

    @property
    def is_identification_due(self) -> bool:
        return self.is_active and self.identified_at is None

    @property
    def hours_to_choose(self) -> list[datetime]:
        """The hours that the agent offers, in order."""
        return [datetime.fromisoformat(hour) for hour in self.offered_hours]

    @property
    def warning_due_at(self) -> datetime | None:
        return self._after_turn(settings.CHAT_INACTIVITY_WARNING)

    @property
    def inactivity_ends_at(self) -> datetime | None:
        return self._after_turn(settings.CHAT_INACTIVITY_END)

    def is_overdue(self, now: datetime) -> bool:
        """Whether silence has ended this chat, even when the clock has not come round to it yet."""
        ends_at = self.inactivity_ends_at
        return ends_at is not None and now >= ends_at

    def _after_turn(self, wait: timedelta) -> datetime | None:
        if not self.is_active or self.customer_turn_since is None:
            return None
        return self.customer_turn_since + wait


class MessageQuerySet(models.QuerySet["Message"]):
    def for_customer(self, after: int = 0) -> Self:
        """What the customer may read, in order. Notes have no number and so never match."""
        return self.filter(number__gt=after).order_by("number").select_related("agent", "attachment")

    def for_staff(self, after: int = 0) -> Self:
        return (
            self.filter(staff_number__gt=after).order_by("staff_number").select_related("agent", "attachment")
        )


class Message(models.Model):
    """One line of a chat: from the customer, an agent or the system."""

    class Author(models.TextChoices):
        CUSTOMER = "customer", _("cliente")
        AGENT = "agent", _("agente")
        SYSTEM = "system", _("sistema")

    session = models.ForeignKey(ChatSession, on_delete=models.PROTECT, related_name="messages")
    # What the customer sees is numbered 1, 2, 3 without holes; a note has none.
    number = models.PositiveIntegerField(null=True, blank=True)
    # What staff see: the same lines and the notes, numbered without holes as well.
    staff_number = models.PositiveIntegerField()
    client_id = models.UUIDField(default=uuid.uuid4)
    author = models.CharField(max_length=8, choices=Author)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    text = models.TextField(blank=True)
    is_file = models.BooleanField(default=False)
    # Which rule made the system say this, for tests and reports: "inactivity.warned".
    rule = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("mensaje")
        verbose_name_plural = _("mensajes")
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="message_number_unique"),
            models.UniqueConstraint(fields=["session", "staff_number"], name="message_staff_number_unique"),
            models.UniqueConstraint(fields=["session", "client_id"], name="message_client_id_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}/{self.staff_number}"

    @property
    def is_note(self) -> bool:
        return self.number is None

    @property
    def author_name(self) -> str:
        """Who is shown as the writer; empty for the system."""
        if self.author == self.Author.CUSTOMER:
            return self.session.name
        return self.agent.shown_name if self.agent else ""


def attachment_path(attachment: "Attachment", _name: str) -> str:
    """A random name: nothing the customer typed reaches the file system. What is infected lies apart."""
    if attachment.scan == Attachment.Scan.INFECTED:
        return quarantine_path(attachment)
    return f"attachments/{attachment.public_id.hex[:2]}/{attachment.public_id.hex}"


def quarantine_path(attachment: "Attachment") -> str:
    """Where nothing is handed out from: for whoever looks into what was found, and for deleting it."""
    return f"quarantine/{attachment.public_id.hex}"


class Attachment(models.Model):
    """A file sent in a chat. Its bytes decided `content_type`; `name` is only shown."""

    class Scan(models.TextChoices):
        OFF = "off", _("sin escáner de virus")
        WAITING = "waiting", _("en revisión")
        CLEAN = "clean", _("revisado")
        INFECTED = "infected", _("con virus, apartado")

    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="attachment")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.FileField(upload_to=attachment_path, max_length=120)
    # What the virus scanner said, and the name of what it found.
    scan = models.CharField(_("revisión"), max_length=8, choices=Scan, default=Scan.OFF)
    virus = models.CharField(_("virus"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("archivo")
        verbose_name_plural = _("archivos")
        indexes = [models.Index("scan", condition=Q(scan="waiting"), name="attachment_waiting_scan")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def is_released(self) -> bool:
        """Whether it may be downloaded: nobody has to look at it, or somebody did and found nothing."""
        return self.scan in {self.Scan.OFF, self.Scan.CLEAN}


def open_chats_of(agent: Agent) -> "models.QuerySet[ChatSession, Any]":
    """The chats an agent is attending, oldest first."""
    return ChatSession.objects.filter(agent=agent, state=ChatSession.State.ACTIVE).order_by(F("accepted_at"))


def unseen_ends_of(agent: Agent, now: datetime) -> "models.QuerySet[ChatSession, Any]":
    """Chats of an agent that others ended lately with lines that the agent has not seen, and how many of
    these are the customer's (`unread_lines`)."""
    theirs = Q(messages__author=Message.Author.CUSTOMER, messages__number__gt=F("agent_read"))
    ended = ChatSession.objects.ended().filter(agent=agent, agent_read__lt=F("last_number"))
    lately = ended.filter(ended_at__gt=now - UNSEEN_FOR).exclude(end_reason=ChatSession.EndReason.AGENT)
    return lately.annotate(unread_lines=models.Count("messages", filter=theirs)).order_by("ended_at")

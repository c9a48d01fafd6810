"""The agents' console: the queue, the chats at hand, and what is done to them."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from chat import access, commands, files, history, services
from chat.day import timeline_of
from chat.forms import ComposerForm, IdentificationForm, first_sentence
from chat.models import Agent, ChatSession, open_chats_of, unseen_ends_of
from chat.texts import script_texts
from core.errors import RuleBroken
from core.limits import LimitExceeded, check_limit, client_address
from offline_messages.models import OfflineMessage
from scheduling.parsing import parse_day
from scheduling.services import agenda, coming, current_calendar
from scheduling.wording import day_in_words, instant_in_words

UNPROCESSABLE = 422
EARLIER_CHATS_SHOWN = 20
DAY = timedelta(days=1)

type View = Callable[..., HttpResponse]


class AgentRequest(HttpRequest):
    """A request that `for_agents` let through."""

    user: Agent


class AgentLogin(LoginView):
    """The staff's door, for console and admin alike."""

    template_name = "chat/login.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever is in and was not refused anywhere needs no door."""
        if access.is_agent(request.user) and self.redirect_field_name not in request.GET:
            return redirect("chat:console")
        return super().get(request, *args, **kwargs)

    @method_decorator(never_cache)
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            check_limit("logins_per_address", client_address(request))
        except LimitExceeded as broken:
            return self._refused(broken)
        return super().post(request, *args, **kwargs)

    def _refused(self, broken: LimitExceeded) -> HttpResponse:
        """The form unchecked: to check it is to hash a password, which is what a flood would have us do."""
        form = self.get_form_class()(
            self.request, initial={"username": self.request.POST.get("username", "")}
        )
        context = self.get_context_data(form=form, refused=str(broken.text))
        headers = {"Retry-After": str(broken.retry_after_seconds)}
        return self.render_to_response(context, status=429, headers=headers)


class AgentLogout(LogoutView):
    """Leaves, and stops taking chats."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, Agent):
            services.set_available(agent=request.user, is_available=False, now=timezone.now())
        return super().post(request, *args, **kwargs)


def for_agents(view: View) -> View:
    """Log in first; somebody who is no agent sees what everybody sees of an unknown page."""

    @never_cache
    @login_required
    @wraps(view)
    def wrapper(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not access.is_agent(request.user):
            raise Http404
        if request.method == "POST":
            # Who works by plain HTTP is there, whatever became of the socket.
            services.give_sign_of_life(agent=request.user, now=timezone.now())
        return view(request, *args, **kwargs)

    return wrapper


@for_agents
@require_GET
def console(request: AgentRequest) -> HttpResponse:
    context = {"is_supervisor": access.is_supervisor(request.user), "texts": script_texts()}
    return render(request, "chat/console.html", _lists(request.user, timezone.now()) | context)


@for_agents
@require_GET
def lists(request: AgentRequest) -> HttpResponse:
    """The queue and the agent's chats, as a fragment."""
    return render(request, "chat/_console_lists.html", _lists(request.user, timezone.now()))


@for_agents
@require_GET
def agenda_list(request: AgentRequest) -> HttpResponse:
    """The agent's appointments of today, as a fragment."""
    return render(request, "chat/_console_agenda.html", _agenda(request.user, timezone.now()))


@for_agents
@require_GET
def list_item(request: AgentRequest, folio: str) -> HttpResponse:
    """One chat's item of whichever of the agent's lists holds it, as a fragment; nothing when none does."""
    session = _listed(request.user, folio, timezone.now())
    # One that just left the lists is no error, as consoles are told of every chat that moves; and one that is
    # not there looks like one of somebody else's.
    if session is None:
        return HttpResponse(status=204)
    return render(request, "chat/_console_item.html", {"chat": session})


def _listed(agent: Any, folio: str, now: datetime) -> ChatSession | None:
    waiting_or_own = Q(state=ChatSession.State.WAITING) | Q(agent=agent)
    chats = ChatSession.objects.with_first_words().select_related("appointment__agent")
    session = chats.filter(waiting_or_own, folio=folio).first()
    if session is None or not session.is_ended:
        return session
    return unseen_ends_of(agent, now).filter(pk=session.pk).first()


def _lists(agent: Any, now: datetime) -> dict[str, Any]:
    calendar = current_calendar()
    opening = calendar.next_opening(now)
    return {
        "agent": agent,
        "is_open": calendar.is_open(now),
        "next_opening": instant_in_words(opening) if opening else "",
        "waiting": ChatSession.objects.waiting().with_first_words().select_related("appointment__agent"),
        "mine": open_chats_of(agent),
        "unseen_ends": unseen_ends_of(agent, now),
        "offline_waiting": OfflineMessage.objects.waiting().count(),
        "auto_assign": settings.CHAT_AUTO_ASSIGN,
    } | _agenda(agent, now)


def _agenda(agent: Any, now: datetime) -> dict[str, Any]:
    return {
        "agenda": agenda(agent=agent, day=timezone.localdate(now)),
        "coming": coming(agent=agent, now=now),
        "now": now,
    }


@for_agents
@require_POST
def set_available(request: AgentRequest) -> HttpResponse:
    is_available = request.POST.get("is_available") == "1"
    services.set_available(agent=request.user, is_available=is_available, now=timezone.now())
    return redirect("chat:console")


def chat_or_404(request: HttpRequest, folio: str) -> ChatSession:
    """The chat, for whom it is there to read."""
    session = ChatSession.objects.filter(folio=folio).select_related("agent", "program").first()
    if session is None or not access.can_read_chat(request.user, session):
        raise Http404
    return session


@for_agents
@require_GET
def pane(request: AgentRequest, folio: str) -> HttpResponse:
    """One conversation with all that is known beside it, as a fragment."""
    return _show_pane(request, chat_or_404(request, folio))


def _show_pane(request: HttpRequest, session: ChatSession, status: int = 200, **changes: Any) -> HttpResponse:
    is_own = access.is_attended_by(request.user, session)
    portion = history.newest(session, for_staff=True, counts_unread=is_own)
    context = {
        "session": session,
        "portion": portion,
        "lines": portion.lines,
        "can_write": access.can_write_chat(request.user, session),
        "is_own": is_own,
        "identification_form": IdentificationForm.of(session, **_ids(session)),
        "offered": [instant_in_words(hour) for hour in session.hours_to_choose],
        "earlier": ChatSession.objects.related_to(session).select_related("agent")[:EARLIER_CHATS_SHOWN],
        "client_id": uuid.uuid4(),
        "file_client_id": uuid.uuid4(),
        "accept": files.ACCEPT,
        "allowed": files.ALLOWED_IN_WORDS,
        "max_bytes": settings.CHAT_MAX_UPLOAD_BYTES,
        "max_chars": settings.CHAT_MAX_MESSAGE_CHARS,
        "max_megabytes": settings.CHAT_MAX_UPLOAD_BYTES // (1024 * 1024),
    }
    return render(request, "chat/_pane.html", context | changes, status=status)


def _ids(session: ChatSession) -> dict[str, str]:
    """Several panes are one page: a label must lead to the field of its own chat."""
    return {"auto_id": f"id-{session.pk}-%s", "programs_id": f"programs-{session.pk}"}


@for_agents
@require_POST
def accept(request: AgentRequest, folio: str) -> HttpResponse:
    """«Atender». The second of two agents reads who was faster."""
    session = ChatSession.objects.filter(folio=folio).first()
    if session is None:
        raise Http404
    now = timezone.now()
    # Closing time holds from its second on, also when the clock is late.
    services.turn_waiting_into_messages(now)
    try:
        session = services.accept_chat(session=session, agent=request.user, now=now)
    except RuleBroken as broken:
        return _refused(broken)
    return JsonResponse({"session": session.pk, "folio": session.folio})


@for_agents
@require_POST
def send(request: AgentRequest, folio: str) -> HttpResponse:
    """A line or a file of the agent, by plain HTTP."""
    session = _chat_written_in(request, folio)
    try:
        message = _store(request, session, request.user, timezone.now())
    except RuleBroken as broken:
        return _refused(broken, request)
    return JsonResponse(commands.stored_frame(message, for_staff=True))


def _chat_written_in(request: AgentRequest, folio: str) -> ChatSession:
    """The chat; also one that went to somebody else, for what was stored before and is sent again."""
    session = ChatSession.objects.filter(folio=folio).first()
    sent = [request.POST.get(name, "") for name in ("client_id", "file_client_id")]
    if session is not None and access.has_written(request.user, session, sent):
        return session
    return chat_or_404(request, folio)


def _store(request: HttpRequest, session: ChatSession, agent: Agent | Any, now: datetime) -> Any:
    form = ComposerForm(request.POST, request.FILES)
    if not form.is_valid():
        raise commands.BadPayload(first_sentence(form))
    data = form.cleaned_data
    author = services.Author(agent)
    if data["file"]:
        checked = files.check_file(data["file"])
        client_id = data["file_client_id"] or data["client_id"]
        return services.post_file(
            session=session, author=author, checked=checked, client_id=client_id, now=now
        )
    draft = services.Draft(text=data["text"], client_id=data["client_id"])
    return services.post_message(session=session, author=author, draft=draft, now=now)


@for_agents
@require_POST
def identify(request: AgentRequest, folio: str) -> HttpResponse:
    """The agent writes down or corrects who asks."""
    session = chat_or_404(request, folio)
    form = IdentificationForm(request.POST, **_ids(session))
    if not form.is_valid():
        return _show_pane(request, session, identification_form=form, status=UNPROCESSABLE)
    try:
        session = services.identify(
            session=session,
            identification=services.Identification(**form.cleaned_data),
            now=timezone.now(),
            agent=request.user,
        )
    except RuleBroken as broken:
        return _refused(broken)
    return _show_pane(request, session)


@for_agents
@require_POST
def offer_hours(request: AgentRequest, folio: str) -> HttpResponse:
    """The next hours for an appointment, for the customer to choose from in the chat."""
    session = chat_or_404(request, folio)
    try:
        services.offer_hours(session=session, agent=request.user, now=timezone.now())
    except RuleBroken as broken:
        return _refused(broken)
    return JsonResponse({"session": session.pk, "folio": session.folio})


@for_agents
@require_POST
def end(request: AgentRequest, folio: str) -> HttpResponse:
    session = chat_or_404(request, folio)
    now = timezone.now()
    # Silence may have ended it already, with the clock late: then that is the reason.
    services.enforce(session, now)
    try:
        services.end_chat(session=session, reason=ChatSession.EndReason.AGENT, now=now, agent=request.user)
    except RuleBroken as broken:
        return _refused(broken)
    return JsonResponse({"session": session.pk, "folio": session.folio})


def _refused(broken: RuleBroken, request: HttpRequest | None = None) -> JsonResponse:
    payload = request.POST.dict() if request else {}
    return JsonResponse(commands.error_frame(broken, payload), status=409)


@for_agents
@require_GET
def day_agenda(request: AgentRequest) -> HttpResponse:
    """A day of everybody's appointments as a timeline: hours down, agents across."""
    now = timezone.now()
    today = timezone.localdate(now)
    day = parse_day(request.GET.get("dia", "")) or today
    agents, rows = timeline_of(day, now)
    context = {
        "day": day,
        "day_in_words": day_in_words(day, with_year=True),
        "today": today,
        "yesterday": day - DAY,
        "tomorrow": day + DAY,
        "agents": agents,
        "rows": rows,
        "has_appointments": any(row.has_appointments for row in rows),
    }
    return render(request, "chat/agenda.html", context)

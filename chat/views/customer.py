"""The customer's chat as pages and forms. Scripts make it live; without them it works all the same.

GET shows, POST changes and redirects to the chat. A form that is refused comes back with status 422 and
everything that was typed.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access, commands, events, files, history, readers, services
from chat.forms import (
    ComposerForm,
    FirstMessageForm,
    IdentificationForm,
    MessageForm,
    OfferedHourForm,
    RatingForm,
    StartForm,
    first_sentence,
)
from chat.models import ChatSession, Message
from chat.pages import customer_page
from chat.views import visitors
from core.errors import RuleBroken
from core.limits import check_limit, client_address
from core.strict_json import loads_strict
from offline_messages.forms import OfflineMessageForm
from offline_messages.services import check_message_limits, leave_message

UNPROCESSABLE = 422

type View = Callable[..., HttpResponse]
type Change = Callable[[HttpRequest, ChatSession, datetime], HttpResponse | None]


def framed(view: View) -> View:
    """A page of the widget's frame: fresh each time, and framed by the sites named in the settings alone."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    return never_cache(xframe_options_exempt(csp_override(settings.FRAMED_CSP)(wrapper)))


@framed
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The chat of this browser, in whatever state it is."""
    response = _show(request, timezone.now(), before=history.asked_before(request.GET))
    key = visitors.visitor_key(request) or access.new_visitor_key()
    return visitors.remember(response, key)


@framed
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Step one gives the message; step two gives who writes, and opens the chat."""
    if request.method == "GET":
        return redirect("chat:page")
    now = timezone.now()
    key = visitors.visitor_key(request)
    if key is None:
        draft = request.POST.get("text", "")
        return _show(request, now, notice=visitors.no_cookies(), draft=draft, status=UNPROCESSABLE)
    if "name" not in request.POST:
        return _ask_who(request, now)
    form = StartForm(request.POST)
    if not form.is_valid():
        return _show_start(request, now, form, status=UNPROCESSABLE)
    try:
        _open_chat(request, key, form, now)
    except services.TooManyChats as broken:
        draft = form.cleaned_data["text"]
        return _show(request, now, notice=str(broken.text), draft=draft, status=UNPROCESSABLE)
    except RuleBroken as broken:
        return _show_start(request, now, form, notice=str(broken.text), status=UNPROCESSABLE)
    return visitors.remember(redirect("chat:page"), key)


def _ask_who(request: HttpRequest, now: datetime) -> HttpResponse:
    form = FirstMessageForm(request.POST)
    if not form.is_valid():
        typed = {"text": request.POST.get("text", "")}
        return _show(request, now, first_form=form, typed=typed, status=UNPROCESSABLE)
    initial = {"text": form.cleaned_data["text"], "page_url": request.POST.get("page_url", "")}
    return _show_start(request, now, StartForm(initial=initial | {"client_id": uuid.uuid4()}))


def _show_start(request: HttpRequest, now: datetime, form: StartForm, **changes: Any) -> HttpResponse:
    """Step two; or, when support closed meanwhile, the message form with all that was typed."""
    typed = {name: form[name].value() for name in ("name", "email", "text")}
    return _show(request, now, start_form=form, typed=typed, **changes)


def _open_chat(request: HttpRequest, key: str, form: StartForm, now: datetime) -> ChatSession:
    check_limit("chats_per_address", client_address(request))
    start = services.ChatStart(**form.cleaned_data)
    return services.start_chat(key_hash=access.hash_key(key), start=start, now=now)


def in_chat(view: Change) -> View:
    """A change to this browser's chat: POST, load with the access check, change, back to the chat.

    What a rule refuses is shown on the chat's own page with what was typed.
    """

    @wraps(view)
    def wrapper(request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        session = visitors.chat_of_form(request, now)
        if session is None:
            return _without_chat(request, now)
        try:
            _limit(session)
            return view(request, session, now) or _back(request, now)
        except RuleBroken as broken:
            return _refused(request, now, broken)

    return framed(require_POST(wrapper))


def _limit(session: ChatSession) -> None:
    check_limit("requests_per_visitor", str(session.visitor_id))


def _without_chat(request: HttpRequest, now: datetime) -> HttpResponse:
    """The cookie is gone: nothing was stored, and what was typed stays."""
    if _wants_json(request):
        return JsonResponse(commands.error_frame(services.NoChat(), request.POST.dict()), status=404)
    if text := request.POST.get("text", ""):
        return _show(request, now, draft=text, typed={"text": text}, notice=str(services.NoChat.text))
    return redirect("chat:page")


def _back(request: HttpRequest, now: datetime) -> HttpResponse:
    """To the chat; what was refused before, such as a line before the identification, is sent now.

    Pages without scripts carry it from form to form; scripts keep it themselves.
    """
    draft = request.POST.get("draft", "")
    session = visitors.chat(request, now)
    if not draft or session is None:
        return redirect("chat:page")
    form = MessageForm({"text": draft, "client_id": request.POST.get("draft_client_id")})
    try:
        if not form.is_valid():
            raise commands.BadPayload(first_sentence(form))
        _post_line(session, services.Draft(**form.cleaned_data), now)
    except RuleBroken as broken:
        return _refused(request, now, broken)
    return redirect("chat:page")


def _refused(request: HttpRequest, now: datetime, broken: RuleBroken) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse(commands.error_frame(broken, request.POST.dict()), status=UNPROCESSABLE)
    typed = request.POST
    changes: dict[str, Any] = {"rating_form": RatingForm(typed)} if "comment" in typed else {}
    notice = str(broken.text)
    return _show(request, now, notice=notice, draft=_typed(request), status=UNPROCESSABLE, **changes)


def _typed(request: HttpRequest) -> str:
    return request.POST.get("text") or request.POST.get("draft", "")


@in_chat
def send(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse | None:
    """A line, a file, or both; the same ids again change nothing."""
    form = ComposerForm(request.POST, request.FILES)
    if not form.is_valid():
        raise commands.BadPayload(first_sentence(form))
    data = form.cleaned_data
    stored = [*_post_file(session, data, now), *_post_text(session, data, now)]
    if _wants_json(request):
        return JsonResponse(commands.stored_frame(stored[0], for_staff=False))
    return None


def _post_text(session: ChatSession, data: dict[str, Any], now: datetime) -> list[Message]:
    if not data["text"]:
        return []
    return [_post_line(session, services.Draft(text=data["text"], client_id=data["client_id"]), now)]


def _post_line(session: ChatSession, draft: services.Draft, now: datetime) -> Message:
    check_limit("messages_per_visitor", str(session.visitor_id))
    return services.post_message(session=session, author=services.Author(), draft=draft, now=now)


def _post_file(session: ChatSession, data: dict[str, Any], now: datetime) -> list[Message]:
    if not data["file"]:
        return []
    check_limit("uploads_per_visitor", str(session.visitor_id))
    checked = files.check_file(data["file"])
    client_id = data["file_client_id"] or data["client_id"]
    return [
        services.post_file(
            session=session, author=services.Author(), checked=checked, client_id=client_id, now=now
        )
    ]


@in_chat
def identify(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse | None:
    form = IdentificationForm(request.POST)
    if not form.is_valid():
        return _show(request, now, identification_form=form, draft=_typed(request), status=UNPROCESSABLE)
    services.identify(session=session, identification=services.Identification(**form.cleaned_data), now=now)
    return None


@in_chat
def stay(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.stay(session=session, now=now)


@in_chat
def keep_waiting(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.keep_waiting(session=session, now=now)


@in_chat
def leave_waiting(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.leave_as_message(session=session, reason=ChatSession.EndReason.LEFT_MESSAGE, now=now)


@in_chat
def book_offered(request: HttpRequest, session: ChatSession, now: datetime) -> None:
    """One of the hours that the agent offers."""
    form = OfferedHourForm(request.POST)
    if not form.is_valid():
        raise services.OfferGone
    for who in (client_address(request), session.email.lower()):
        check_limit("bookings_per_address", who)
    services.book_offered(
        session=session,
        starts_at=form.cleaned_data["hora"].replace(tzinfo=UTC),
        client_id=form.cleaned_data["cita"],
        now=now,
    )


@in_chat
def decline_offered(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.decline_offered(session=session, now=now)


@framed
@require_http_methods(["GET", "POST"])
def offline(request: HttpRequest) -> HttpResponse:
    """«Dejar mensaje», inside the chat's frame. Posting the same form again changes nothing."""
    if request.method == "GET":
        return redirect("chat:page")
    now = timezone.now()
    form = OfflineMessageForm(request.POST)
    if not form.is_valid():
        return _show(request, now, offline_form=form, status=UNPROCESSABLE)
    try:
        check_message_limits(client_address(request), form.cleaned_data["email"])
        left = leave_message(**form.cleaned_data, now=now)
    except RuleBroken as broken:
        form.refuse(broken)
        return _show(request, now, offline_form=form, status=UNPROCESSABLE)
    _put_away_ended(request, now)
    return _show(request, now, left_message=left)


def _put_away_ended(request: HttpRequest, now: datetime) -> None:
    """What was left unsent of an ended chat is now a message: the page may start anew."""
    session = visitors.chat(request, now)
    if session is not None and session.is_ended:
        services.put_away(session=session, now=now)


@framed
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """«Finalizar este chat» asks once (GET), then ends (POST)."""
    now = timezone.now()
    session = visitors.chat(request, now)
    if session is None or session.is_ended:
        return redirect("chat:page")
    if request.method == "GET":
        return _show(request, now, is_ending=True)
    services.end_chat(session=session, reason=ChatSession.EndReason.CUSTOMER, now=now)
    return redirect("chat:page")


@in_chat
def rate(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse | None:
    form = RatingForm(request.POST)
    if not form.is_valid():
        return _show(request, now, rating_form=form, status=UNPROCESSABLE)
    services.rate(session=session, **form.cleaned_data)
    return _show(request, now, notice=_("Gracias por su opinión."))


@in_chat
def send_transcript(request: HttpRequest, session: ChatSession, now: datetime) -> HttpResponse:
    check_limit("transcripts_per_visitor", str(session.visitor_id))
    services.send_transcript(session=session)
    return _show(request, now, notice=_("Le enviamos la conversación a %s.") % session.email)


@in_chat
def put_away(_request: HttpRequest, session: ChatSession, now: datetime) -> None:
    services.put_away(session=session, now=now)


@framed
@require_GET
def conversation(request: HttpRequest) -> HttpResponse:
    """The lines alone, in a page that refreshes itself: the live part for browsers without scripts.

    It sits in a frame beside the composer, so that refreshing never touches what is being typed.
    """
    now = timezone.now()
    session = visitors.chat(request, now)
    before = history.asked_before(request.GET)
    # Who reads back has seen the newest lines, or has not been there yet.
    if session is not None and before is None:
        newest = session.last_number
        session = services.move_marks(
            session=session, author=services.Author(), delivered=newest, read=newest, now=now
        )
    shown = request.GET.get("estado", "")
    context = customer_page(session, now, before)
    # Internet Explorer cannot scroll what is laid out from its end; elsewhere a jump would move the page
    # around the frame as well.
    context["jumps"] = request.GET.get("salto") == "1"
    context["shown"] = shown
    context["has_moved"] = session is not None and context["stage_key"] != shown
    return render(request, "chat/conversation.html", context)


@never_cache
@require_GET
def poll(request: HttpRequest) -> JsonResponse:
    """The frames that a socket would have sent since a number: for browsers whose sockets are cut."""
    now = timezone.now()
    session = visitors.chat(request, now)
    if session is None:
        return JsonResponse({"frames": []}, status=404)
    try:
        _limit(session)
        after = commands.follow_from(request.GET.dict())
    except RuleBroken as broken:
        return JsonResponse(commands.error_frame(broken, {}), status=UNPROCESSABLE)
    frames = [*readers.lines_after(session.pk, after, for_staff=False), *readers.state_frames(session)]
    if (place := services.place_in_queue(session)) is not None:
        frames.append({"type": "queue.moved", "place": place})
    typing = events.TypingChanged(
        session=session.pk, side="agent", is_typing=services.is_typing(session, "agent")
    )
    return JsonResponse({"frames": [*frames, typing.frame()]})


@never_cache
@require_POST
def command(request: HttpRequest) -> JsonResponse:
    """One command of the protocol by plain HTTP."""
    now = timezone.now()
    session = visitors.chat(request, now)
    if session is None:
        return JsonResponse({"frames": []}, status=404)
    payload: dict[str, Any] = {}
    try:
        _limit(session)
        payload = loads_strict(request.body, max_chars=32_768)
        reply = commands.run_command(
            commands.Asker(session=session.pk, visitor=session.visitor_id), payload, now
        )
    except RuleBroken as broken:
        reply = commands.error_frame(broken, payload)
    return JsonResponse({"frames": [reply] if reply else []})


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _show(
    request: HttpRequest,
    now: datetime,
    status: int = 200,
    typed: dict[str, Any] | None = None,
    before: int | None = None,
    **changes: Any,
) -> HttpResponse:
    """The chat's page as it stands now, with refused forms, a notice or a draft put into it.

    `typed` is what goes into the form for a message when it is closed; `before`, a line whose older ones are
    shown.
    """
    context = customer_page(visitors.chat_of_form(request, now), now, before) | changes
    if typed and not context["is_open"]:
        context["offline_form"] = OfflineMessageForm(initial={**typed, "client_id": uuid.uuid4()})
    return render(request, "chat/page.html", context, status=status)

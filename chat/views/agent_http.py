"""The agents' protocol by plain HTTP, for consoles whose sockets are cut (`chat/PROTOCOL.md`)."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from chat import access, commands, events, readers, services
from chat.forms import AgentFollowForm, first_sentence
from chat.models import ChatSession, open_chats_of
from chat.views.console import AgentRequest, for_agents
from core.errors import RuleBroken
from core.strict_json import loads_strict
from offline_messages.models import OfflineMessage

UNPROCESSABLE = 422
# More panes than anybody has open.
MOST_FOLLOWED = 50

type Frame = dict[str, Any]


@for_agents
@require_GET
def poll(request: AgentRequest) -> JsonResponse:
    """What a socket would have sent of the chats that are followed, of the agent's others, of the queue."""
    # Whoever asks is there, as one whose socket answers.
    services.give_sign_of_life(agent=request.user, now=timezone.now())
    try:
        followed = _followed(request)
    except RuleBroken as broken:
        return JsonResponse(commands.error_frame(broken, {}), status=UNPROCESSABLE)
    frames = [frame for pk, after in followed.items() for frame in _of_chat(request, pk, after)]
    others = open_chats_of(request.user).exclude(pk__in=followed)
    frames += [events.session_changed(session).frame() for session in others]
    waiting = OfflineMessage.objects.waiting().count()
    news = [events.lists_changed(request.user), events.OfflineMessagesChanged(waiting=waiting)]
    return JsonResponse({"frames": [*frames, *(event.frame() for event in news)]})


def _followed(request: HttpRequest) -> dict[int, int]:
    """The chats that are followed, and the last number that the console has of each."""
    pairs = zip(request.GET.getlist("session"), request.GET.getlist("after"), strict=False)
    forms = [AgentFollowForm({"session": pk, "after": after}) for pk, after in list(pairs)[:MOST_FOLLOWED]]
    for form in forms:
        if not form.is_valid():
            raise commands.BadPayload(first_sentence(form))
    return {form.cleaned_data["session"]: form.cleaned_data["after"] for form in forms}


def _of_chat(request: AgentRequest, pk: int, after: int) -> Iterator[Frame]:
    """Of one that may no longer be read, where it stands: its console lets it go."""
    session = ChatSession.objects.select_related("agent").filter(pk=pk).first()
    if session is None:
        return
    if not access.can_read_chat(request.user, session):
        yield events.session_changed(session).frame()
        return
    yield from readers.lines_after(pk, after, for_staff=True)
    yield from readers.state_frames(session)
    is_typing = services.is_typing(session, "customer")
    yield events.TypingChanged(session=pk, side="customer", is_typing=is_typing).frame()


@for_agents
@require_POST
def command(request: AgentRequest) -> JsonResponse:
    """One command; whether this agent may do it there, the command asks."""
    payload: Frame = {}
    try:
        payload = loads_strict(request.body, max_chars=32_768)
        asker = commands.Asker(session=commands.session_named(payload), agent=request.user)
        reply = commands.run_command(asker, payload, timezone.now())
    except RuleBroken as broken:
        reply = commands.error_frame(broken, payload)
    return JsonResponse({"frames": [reply] if reply else []})

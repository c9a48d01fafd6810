"""The supervisors' pages about chats, one module a noun."""

from chat.admin.agents import AgentAdmin
from chat.admin.programs import ProgramAdmin
from chat.admin.transcripts import TranscriptAdmin

__all__ = ["AgentAdmin", "ProgramAdmin", "TranscriptAdmin"]

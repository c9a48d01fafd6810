"""Supervisors look offline messages up here; they are answered from the agents' pages."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from offline_messages.models import OfflineMessage, OfflineReply


class OfflineReplyInline(ReadOnlyAdmin, admin.TabularInline):
    model = OfflineReply
    fields = ["created_at", "author", "text"]


@admin.register(OfflineMessage)
class OfflineMessageAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ["folio", "name", "email", "state", "created_at"]
    list_filter = ["state", "created_at", "origin"]
    search_fields = ["folio", "name", "email", "text"]
    date_hierarchy = "created_at"
    fields = ["folio", "state", "origin", "name", "email", "text", "created_at", "opening_at"]
    inlines = [OfflineReplyInline]

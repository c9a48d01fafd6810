"""The addresses of the product."""

from django.contrib import admin
from django.urls import include, path

from chat.views.widget import script
from facturando_support import views

urlpatterns = [
    path("", views.demo, name="demo"),
    path("widget.js", script, name="widget"),
    path("ayuda/", views.guide, name="help"),
    path("", include("offline_messages.urls")),
    path("", include("chat.urls")),
    path("admin/", admin.site.urls),
]

"""The addresses of the product."""

from django.contrib import admin
from django.urls import include, path

from chat.views.widget import script
from facturando_support import views

handler400 = views.bad_request
handler404 = views.not_found
handler500 = views.server_error

urlpatterns = [
    path("", views.demo, name="demo"),
    path("widget.js", script, name="widget"),
    path("ayuda/", views.guide, name="help"),
    path("", include("offline_messages.urls")),
    path("", include("chat.urls")),
    path("admin/", admin.site.urls),
]

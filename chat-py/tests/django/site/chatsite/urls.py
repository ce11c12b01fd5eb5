"""Its pages."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import path

from . import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("logout/", LogoutView.as_view(next_page="/")),
    path("films/", views.films),
    path("films/async/", views.films_async),
    path("say/<str:room>/", views.say),
    path("say/<str:room>/wrongly/", views.say_wrongly),
    path("where/", views.where),
]

"""The addresses."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("films.urls")),
    path("", include("people.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]

"""Addresses of rooms."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.main, name="main"),
    path("rooms/new/", views.make, name="make"),
    path("rooms/<str:room_id>/", views.room, name="room"),
    path("rooms/<str:room_id>/history/", views.history, name="history"),
]

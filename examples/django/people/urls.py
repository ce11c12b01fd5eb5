"""Addresses of people."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from .views import LogIn, SignUp

urlpatterns = [
    path("sign-up/", SignUp.as_view(), name="sign-up"),
    path("log-in/", LogIn.as_view(), name="log-in"),
    path("log-out/", LogoutView.as_view(), name="log-out"),
]

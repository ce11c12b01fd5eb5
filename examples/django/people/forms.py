"""Signing up."""

from django import forms
from django.contrib.auth.forms import UserCreationForm

from .models import User


class SignUpForm(UserCreationForm):
    """An address, a name, and a password, twice."""

    class Meta:
        model = User
        fields = ["email", "name"]
        field_classes = {}
        widgets = {
            "email": forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
            "name": forms.TextInput(attrs={"autocomplete": "nickname"}),
        }

    def clean_email(self):
        """As it is stored, so that one that is there already is found."""
        return self.cleaned_data["email"].lower()

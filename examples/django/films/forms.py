"""Making a room."""

from django import forms
from django.utils.translation import gettext_lazy as _

KINDS = [
    ("public", _("Public: in the list, for everybody")),
    ("private", _("Private: not in the list; whoever has the link may come in")),
]


class RoomForm(forms.Form):
    """A title, and whether the list shows it."""

    title = forms.CharField(
        label=_("Title"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True})
    )
    kind = forms.ChoiceField(label=_("Who finds it"), choices=KINDS, initial="public", widget=forms.RadioSelect)

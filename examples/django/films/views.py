"""The main page, a room, its history, and making one."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from chat_engine import BadRequest, NoSuchRoom, Overloaded, RoomClosed, RoomExists, TooMany, Unavailable
from chat_engine.django import chat
from chat_engine.django.history import page

from .forms import RoomForm
from .models import Film

ORDERS = ["live", "visitors", "newest", "active"]
ROWS = 30


@login_required
@require_GET
def main(request):
    """Rooms, ranked; the script keeps them so. And the films, with how many are there: one question for all of them."""
    order = request.GET.get("order", "live")
    if order not in ORDERS:
        raise Http404
    films = list(Film.objects.all())
    there = {room.id: room for room in chat.rooms(ids=[film.room for film in films])} if films else {}
    return render(
        request,
        "films/main.html",
        {
            "order": order,
            "orders": ORDERS,
            "limit": ROWS,
            "rooms": chat.rooms(order=order, limit=ROWS),
            "films": [(film, there[film.room].live if film.room in there else 0) for film in films],
        },
    )


@login_required
@require_GET
def room(request, room_id):
    """A room, of a film or of its own."""
    film = _film(room_id)
    if film:
        try:
            # Nothing is lost where it is there already. It never ends by being empty: the film does not either.
            chat.open(room_id, title=film.room_title, empty=None)
        except (RoomExists, RoomClosed):
            pass
    try:
        info = chat.room(room_id)
    except RoomClosed:
        return render(request, "films/no_room.html", {"closed": True}, status=410)
    except (NoSuchRoom, BadRequest):
        return render(request, "films/no_room.html", status=404)
    return render(request, "films/room.html", {"room": info, "film": film})


@login_required
@require_GET
def history(request, room_id):
    """All that was said there, also long ago."""
    try:
        messages = page(room_id, before=request.GET.get("before"), limit=100)
        known = messages or _film(room_id) or chat.rooms(ids=[room_id])
    except BadRequest:
        known = False
    except ValueError as error:
        raise Http404 from error
    if not known:
        return render(request, "films/no_room.html", status=404)
    return render(request, "films/history.html", {"room_id": room_id, "page": messages, "film": _film(room_id)})


@login_required
@require_http_methods(["GET", "POST"])
def make(request):
    """Makes a room, and leads into it."""
    form = RoomForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            made = chat.open(
                title=form.cleaned_data["title"], kind=form.cleaned_data["kind"], owner=str(request.user.pk)
            )
        except BadRequest:
            form.add_error("title", _("This title cannot be used."))
        except TooMany:
            status = 429
            form.add_error(None, _("There are as many rooms as there can be. Try again when some have ended."))
        except (Overloaded, Unavailable):
            status = 503
            form.add_error(None, _("The chat cannot be reached now. Try again in a moment."))
        else:
            return redirect("room", made.id)
    return render(request, "films/make.html", {"form": form}, status=400 if form.errors and status == 200 else status)


def _film(room_id):
    slug = room_id.removeprefix("film-")
    # Not every database can be asked for whatever an address may hold.
    if slug == room_id or not slug.isprintable():
        return None
    return Film.objects.filter(slug=slug).first()

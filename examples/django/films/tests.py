"""The pages of rooms: what is not there, and what cannot be made now. `python manage.py test`."""

from django.contrib.auth import get_user_model
from django.test import TestCase

from chat_engine import Engine
from chat_engine.django import chats
from chat_engine.django.test import ChatTestMixin

from .models import Film

ROOM = {"title": "Silent films", "kind": "public"}


class PageTests(ChatTestMixin, TestCase):
    """Each with a chat of its own, in memory."""

    chat_options = {"store": {"rooms": 2}}

    @classmethod
    def setUpTestData(cls):
        """Somebody, and a film."""
        cls.kim = get_user_model().objects.create_user("kim@example.org", "a-long-reel", name="Kim")
        cls.film = Film.objects.create(slug="metropolis", title="Metropolis", director="Fritz Lang", year=1927)

    def setUp(self):
        """They are logged in."""
        self.client.force_login(self.kim)

    def test_what_is_no_room_is_not_found(self):
        for room in ("nothing", "no room", "film-nothing", "film-%00", "방", "%00", "x" * 300, "a" * 64 + "!"):
            for page in ("", "history/"):
                with self.subTest(room=room, page=page):
                    self.assertEqual(self.client.get(f"/rooms/{room}/{page}").status_code, 404)
        self.assertEqual(self.client.get(f"/rooms/{self.film.room}/history/?before=long-ago").status_code, 404)

    def test_a_film_has_a_room_and_a_history(self):
        self.assertContains(self.client.get(self.film.get_absolute_url()), "<chat-box")
        self.assertEqual(self.client.get(f"{self.film.get_absolute_url()}history/").status_code, 200)

    def test_who_makes_a_room_is_led_into_it(self):
        made = self.client.post("/rooms/new/", ROOM, follow=True)
        self.assertContains(made, "<chat-box")
        self.assertEqual([room.title for room in self.chat.rooms()], ["Silent films"])

    def test_it_is_told_where_there_are_too_many_rooms(self):
        for title in ("One", "Two"):
            self.chat.open(title=title)
        self.assertContains(self.client.post("/rooms/new/", ROOM), "as many rooms as there can be", status_code=429)

    def test_it_is_told_where_the_chat_is_away(self):
        # Nobody listens there.
        with Engine("redis://127.0.0.1:1/0") as away, chats.swapped("default", away):
            refused = self.client.post("/rooms/new/", ROOM)
        self.assertContains(refused, "The chat cannot be reached now", status_code=503)

    def test_a_title_that_cannot_be_used_is_told(self):
        self.assertContains(self.client.post("/rooms/new/", {**ROOM, "title": ""}), "required", status_code=400)


class LanguageTests(ChatTestMixin, TestCase):
    """What is told is told in Korean, too."""

    def test_refusals_are_translated(self):
        self.client.force_login(get_user_model().objects.create_user("kim@example.org", "a-long-reel", name="Kim"))
        with Engine("redis://127.0.0.1:1/0") as away, chats.swapped("default", away):
            refused = self.client.post("/rooms/new/", ROOM, headers={"accept-language": "ko"})
        self.assertContains(refused, "채팅에 연결할 수 없습니다", status_code=503)

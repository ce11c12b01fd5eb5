"""`user_of`: from the id that hooks are given to the user, and to nobody where it is nobody's."""

import pytest
from django.contrib.auth import get_user_model
from django.test import override_settings

import chat_engine
from chat_engine.django import is_guest, user_of

pytestmark = pytest.mark.usefixtures("db")


def test_a_user_is_found_by_the_id_under_which_they_chat() -> None:
    kim = get_user_model().objects.create_user("kim")
    assert user_of(str(kim.pk)) == kim
    assert not is_guest(str(kim.pk))


def test_guests_are_nobody(chat: chat_engine.Engine) -> None:
    with chat.connect() as guest:
        assert is_guest(guest.user)
        assert user_of(guest.user) is None


@pytest.mark.parametrize("id", ["99999", "9" * 40, "-1", "kim", "", "1.5", "a_kim"])
def test_what_is_no_key_of_anybody_is_nobody(id: str) -> None:
    get_user_model().objects.create_user("kim")
    assert user_of(id) is None and not is_guest(id)


def test_another_way_of_writing_a_key_is_nobodys() -> None:
    kim = get_user_model().objects.create_user("kim")
    assert user_of(f"0{kim.pk}") is None and user_of(f" {kim.pk}") is None


def test_who_may_not_log_in_is_nobody() -> None:
    kim = get_user_model().objects.create_user("kim", is_active=False)
    assert user_of(str(kim.pk)) is None


def test_other_ids_lead_to_nobody_instead_of_to_somebody_else() -> None:
    kim = get_user_model().objects.create_user("kim")
    with override_settings(CHAT={"default": {"USER": lambda user: (f"{user.pk + 1}", "Kim")}}):
        assert user_of(str(kim.pk)) is None and user_of(str(kim.pk + 1)) is None

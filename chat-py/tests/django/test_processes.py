"""`chat` and `chats` in programs of their own: before there are settings, over forks, at the end."""

import programs

# Each begins with this.
SETTINGS = """\
import os, sys, threading, warnings
import django
from django.conf import settings
settings.configure(SECRET_KEY="x" * 50, INSTALLED_APPS=["chat_engine.django"], CHAT={"default": {"URL": sys.argv[1]}})
django.setup()
from chat_engine.django import chat, chats
"""


def test_everything_can_be_imported_before_there_are_settings(program: programs.Runner) -> None:
    source = """
        import sys
        import chat_engine
        assert "django" not in sys.modules
        import chat_engine.django
        from chat_engine.django import asgi, chat, chats, post_on_commit, websocket
        from django.core.exceptions import ImproperlyConfigured
        assert set(chat_engine.django.__all__) <= set(dir(chat_engine.django))
        assert callable(asgi(websocket())) and repr(chat) == "<chat 'default'>"
        try:
            chat.rooms()
        except ImproperlyConfigured:
            pass
        else:
            raise AssertionError("there are no settings")
        try:
            chat_engine.django.nonsense
        except AttributeError:
            pass
        from django.apps import apps
        assert not apps.ready
    """
    program(source, env={"DJANGO_SETTINGS_MODULE": ""}).well()


def test_a_fork_while_another_thread_makes_an_engine_leaves_the_child_a_chat(
    program: programs.Runner, redis_url: str
) -> None:
    source = (
        SETTINGS
        + """
chat.open("lobby", title="Lobby")
chats.server()
held, done = threading.Event(), threading.Event()
def hold():
    with chats._lock:
        held.set()
        done.wait(30)
threading.Thread(target=hold).start()
held.wait()
# Newer Pythons warn of what is tried here.
warnings.simplefilter("ignore", DeprecationWarning)
child = os.fork()
if child == 0:
    # What the parent made is made anew; what was never made has to be made now.
    settings.CHAT["second"] = {"URL": sys.argv[1]}
    chats["second"].post("lobby", "the second's")
    chat.post("lobby", "the child's")
    assert chats.server().engine is chats["default"]
    chats.close_all()
    os._exit(0)
_, status = os.waitpid(child, 0)
done.set()
assert status == 0, status
chat.post("lobby", "the parent's")
print([entry.body for entry in chat.history("lobby")])
"""
    )
    assert program(source, redis_url).well().out == '["the second\'s", "the child\'s", "the parent\'s"]\n'


def test_a_process_that_ends_says_goodbye_for_everybody(program: programs.Runner, redis_url: str) -> None:
    import chat_engine

    source = (
        SETTINGS
        + """
chat.open("lobby", title="Lobby")
kim = chat.connect(user="kim")
kim.join("lobby")
"""
    )
    program(source, redis_url).well()
    with chat_engine.Engine(redis_url) as engine, engine.connect(user="lee") as lee:
        # The node said that it goes, so nobody waits for its lease; only for the grace.
        seen = lee.join("lobby")
        left = any(isinstance(entry, chat_engine.Left) for entry in seen.entries)
        while not left:
            events = lee.batch(12)
            assert events, "kim is still there"
            left = any(isinstance(event, chat_engine.Left) and event.user == "kim" for event in events)

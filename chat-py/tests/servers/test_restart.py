"""A server that is stopped and started again, as each deployment does: clients come back and have missed nothing."""

from pathlib import Path

import pytest
from served import COMMANDS, Served, Site
from websockets.exceptions import ConnectionClosed


@pytest.mark.parametrize("server", COMMANDS)
def test_after_a_restart_a_client_goes_on(site: Site, server: str, tmp_path: Path, redis_url: str) -> None:
    with Served(site, server, tmp_path, chat=redis_url) as served:
        kim = served.client("kim")
        kim.ask("hello")
        cursor = kim.ask("join", room="r", create={"title": "R"})["cursor"]
        kim.ask("say", room="r", body="before")
        # With somebody connected: they are not waited for, and nothing is complained about.
        code = served.stop()
        assert code in (0, -15), served.log()
        with pytest.raises(ConnectionClosed):
            while True:
                kim.frame()
        kim.socket.close()
        # Hypercorn logs the cancellation of its own tasks; of ours there is nothing to be said.
        assert "chat_engine" not in served.log() and "panicked" not in served.log(), served.log()
        served.start()
        with served.client("kim") as again:
            assert again.ask("hello")["user"] == "1"
            back = again.ask("join", room="r", since=cursor)
            assert back["resumed"] is True
            assert [entry["body"] for entry in back["entries"] if entry["ev"] == "said"] == ["before"]
            assert [entry["n"] for entry in back["entries"]] == list(range(cursor["n"] + 1, back["cursor"]["n"] + 1))
            again.ask("say", room="r", body="after")


@pytest.mark.parametrize("server", COMMANDS)
def test_two_servers_are_one_chat(site: Site, server: str, tmp_path: Path, redis_url: str) -> None:
    (tmp_path / "other").mkdir()
    with (
        Served(site, server, tmp_path, chat=redis_url) as one,
        Served(site, server, tmp_path / "other", chat=redis_url) as two,
        one.client("kim") as kim,
        two.client("lee") as lee,
    ):
        for client in (kim, lee):
            client.ask("hello")
            client.ask("join", room="r", create={"title": "R"})
        assert kim.event("joined")["user"] == "2"
        kim.ask("say", room="r", body="over there")
        assert lee.event("said")["body"] == "over there"
        two.get("/post/r/1/")
        assert kim.event("said")["body"] == "over there"
        assert kim.event("said")["body"] == [0, "x"]

"""What people may do in the chat, beside what the pages offer. Anybody can speak to a socket by hand."""

from chat_engine import Deny


class Rules:
    """Rooms are opened by the site, which checks the title and says whose they are: not by whoever has a socket."""

    def may_open(self, user, name, room):
        """Not by themselves."""
        return Deny("rooms are made on the site")

"""Which connections to the database are opened and closed, by whichever thread."""

from typing import Any

import pytest
from django.db import connections


class Database:
    """Notes them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.opened: list[Any] = []
        self.closed: list[Any] = []
        wrapper = type(connections["default"])
        connect, close = wrapper.connect, wrapper._close

        def noted_connect(connection: Any) -> None:
            self.opened.append(connection)
            connect(connection)

        def noted_close(connection: Any) -> None:
            if connection.connection is not None:
                self.closed.append(connection)
            close(connection)

        patch.setattr(wrapper, "connect", noted_connect)
        patch.setattr(wrapper, "_close", noted_close)

"""A connection manager with rooms, at /ws/chat/ROOM: it tells each member in turn what one of them has said."""

from collections import defaultdict

from fastapi import FastAPI, WebSocket, WebSocketDisconnect


class ConnectionManager:
    """Who is in which room."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[WebSocket]] = defaultdict(list)

    async def connect(self, room: str, websocket: WebSocket) -> None:
        await websocket.accept()
        self.rooms[room].append(websocket)

    def disconnect(self, room: str, websocket: WebSocket) -> None:
        self.rooms[room].remove(websocket)
        if not self.rooms[room]:
            del self.rooms[room]

    async def broadcast(self, room: str, message: str) -> None:
        # Whoever leaves meanwhile changes the list.
        for websocket in list(self.rooms[room]):
            await websocket.send_text(message)


app = FastAPI()
manager = ConnectionManager()


@app.websocket("/ws/chat/{room}")
async def chat(websocket: WebSocket, room: str) -> None:
    await manager.connect(room, websocket)
    try:
        while True:
            await manager.broadcast(room, await websocket.receive_text())
    except WebSocketDisconnect:
        manager.disconnect(room, websocket)

// Rooms of Socket.IO: whoever asks to is put into one, and what is said to it is emitted to all in it.
"use strict";

const { createServer } = require("node:http");
const { Server } = require("socket.io");

const server = createServer();
const io = new Server(server);

io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    done();
  });
  socket.on("chat message", (room, message) => {
    io.to(room).emit("chat message", message);
  });
});

server.listen(Number(process.env.PORT), "127.0.0.1");

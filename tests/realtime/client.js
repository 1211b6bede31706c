// Stock `socket.io-client` as a process: commands come as JSON lines on standard input,
// answers and everything that happens to a client leave as JSON lines on standard output.
// client.py speaks the same language, so that one test drives both.
//
// Commands, each with an `id` that its one answer ({id, ok} or {id, error}) repeats:
//   open  {name, url, ca, token?, authorization?, transports, reconnection}
//   emit  {name, event, args, timeout}   answered with the arguments of the acknowledgement
//   send  {name, event, args}            without acknowledgement
//   token {name, token}                  for the next connection
//   transport {name}                     answered with the name of the one in use
//   close {name}
// What happens: {name, event, args} for an event of the server, and {name, life, detail}
// with life one of connect, refused, disconnect.
"use strict";
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { io } = require("socket.io-client");

const clients = new Map();
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

function open({ name, url, ca, token, authorization, transports, reconnection }) {
  const client = { token };
  const socket = io(url, {
    ca: ca && readFileSync(ca),
    transports,
    reconnection,
    reconnectionDelay: 50,
    reconnectionDelayMax: 500,
    forceNew: true,
    auth: (give) => give(client.token === undefined ? {} : { token: client.token }),
    extraHeaders: authorization && { authorization },
  });
  client.socket = socket;
  clients.set(name, client);
  socket.on("connect", () => say({ name, life: "connect", detail: socket.id }));
  socket.on("connect_error", (error) =>
    say({ name, life: "refused", detail: { message: error.message, data: error.data ?? null } }),
  );
  socket.on("disconnect", (reason) => say({ name, life: "disconnect", detail: reason }));
  socket.onAny((event, ...args) => say({ name, event, args }));
}

async function obey(command) {
  if (command.do === "open") return open(command);
  const client = clients.get(command.name);
  if (!client) throw new Error(`no client ${command.name}`);
  const { socket } = client;
  switch (command.do) {
    case "emit":
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error("no acknowledgement")), command.timeout);
        socket.emit(command.event, ...command.args, (...answer) => {
          clearTimeout(late);
          resolve(answer);
        });
      });
    case "send":
      socket.emit(command.event, ...command.args);
      return null;
    case "token":
      client.token = command.token;
      return null;
    case "transport":
      return socket.io.engine?.transport?.name ?? null;
    case "close":
      socket.disconnect();
      return null;
    default:
      throw new Error(`unknown command ${command.do}`);
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const command = JSON.parse(line);
  try {
    say({ id: command.id, ok: (await obey(command)) ?? null });
  } catch (error) {
    say({ id: command.id, error: error.message });
  }
});
// Whoever steers this process is gone.
lines.on("close", () => process.exit(0));

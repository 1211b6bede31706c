// Engine.IO 4 and Socket.IO 5 by hand, case by case after the lists of the two public
// protocol documents (https://github.com/socketio/engine.io-protocol and
// https://github.com/socketio/socket.io-protocol), over HTTP and WebSocket on verified TLS.
//
// One JSON argument {port, ca, token, receiver}; one JSON line {name, error} leaves for each
// case. The intervals are the server's own, from its handshake: run it with short ones.
"use strict";
const { AsyncLocalStorage } = require("node:async_hooks");
const { strictEqual: equal, ok, deepStrictEqual: same, rejects } = require("node:assert");
const { readFileSync } = require("node:fs");
const https = require("node:https");
const WebSocket = require("ws");

const plan = JSON.parse(process.argv[2]);
const ca = readFileSync(plan.ca);
const agent = new https.Agent({ ca, keepAlive: true, maxSockets: 64 });
const host = `localhost:${plan.port}`;
const SEPARATOR = "\x1e";
const DEADLINE = 20000;
/** The sessions of each case, closed when it is over: a person may have only so many. */
const opened = new AsyncLocalStorage();

const cases = [];
const test = (name, run) => cases.push({ name, run });
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

// ---- transports ---------------------------------------------------------------------------

/** One request to /socket.io/; {status, text}. */
function request(query, { method = "GET", body, type = "text/plain;charset=UTF-8" } = {}) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": type };
    const path = `/socket.io/${query}`;
    const sent = https.request(`https://${host}${path}`, { method, headers, agent }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () =>
        resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() }),
      );
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.setTimeout(DEADLINE, () => sent.destroy(new Error("no answer")));
    sent.end(body);
  });
}

/** A session over long-polling. */
class Polling {
  static async open() {
    const { status, text } = await request("?EIO=4&transport=polling");
    equal(status, 200, text);
    equal(text[0], "0", text);
    const session = new Polling();
    opened.getStore()?.push(session);
    session.hello = JSON.parse(text.slice(1));
    session.query = `?EIO=4&transport=polling&sid=${session.hello.sid}`;
    return session;
  }
  poll() {
    return request(this.query);
  }
  post(body, type) {
    return request(this.query, { method: "POST", body, type });
  }
  /** Polls until a packet of Socket.IO comes; Engine.IO's pings are answered. */
  async receive() {
    this.waiting ??= [];
    while (this.waiting.length === 0) {
      const { status, text } = await this.poll();
      equal(status, 200, text);
      for (const packet of text.split(SEPARATOR)) {
        if (packet === "2") equal((await this.post("3")).status, 200);
        else if (packet !== "6") this.waiting.push(packet);
      }
    }
    return this.waiting.shift();
  }
  async send(packet) {
    const { status, text } = await this.post(packet);
    equal(status, 200, text);
    equal(text, "ok");
  }
  close() {
    this.post("1").catch(() => {});
  }
  async gone() {
    equal((await this.poll()).status, 400);
  }
  /** Waits for the session to end, and answers its pings. */
  async ended() {
    const end = Date.now() + DEADLINE;
    for (;;) {
      const { status, text } = await this.poll();
      if (status === 400 || text.split(SEPARATOR).includes("1")) return;
      if (text.split(SEPARATOR).includes("2")) await this.post("3");
      ok(Date.now() < end, "it stays open");
    }
  }
}

/** A session over WebSocket. */
class Socket {
  constructor(query = "?EIO=4&transport=websocket") {
    opened.getStore()?.push(this);
    this.messages = [];
    this.wake = () => {};
    this.closed = false;
    this.socket = new WebSocket(`wss://${host}/socket.io/${query}`, { ca });
    this.socket.on("message", (data, binary) => {
      this.messages.push(binary ? data : data.toString());
      this.wake();
    });
    this.socket.on("close", () => {
      this.closed = true;
      this.wake();
    });
    this.socket.on("error", (error) => {
      this.error = error;
    });
  }
  static async open() {
    const session = new Socket();
    const hello = await session.next();
    equal(hello[0], "0", hello);
    session.hello = JSON.parse(hello.slice(1));
    return session;
  }
  async send(data) {
    this.socket.send(data);
  }
  /** The next message; fails when the connection ends first. */
  async next() {
    const end = Date.now() + DEADLINE;
    for (;;) {
      if (this.messages.length > 0) return this.messages.shift();
      if (this.closed) throw new Error(`closed: ${this.error?.message ?? "without an error"}`);
      if (Date.now() > end) throw new Error("no message");
      await new Promise((resolve) => {
        const late = setTimeout(resolve, 1000);
        this.wake = () => (clearTimeout(late), resolve());
      });
    }
  }
  /** The next packet of Socket.IO; Engine.IO's pings are answered. */
  async receive() {
    for (;;) {
      const message = await this.next();
      if (message === "2") this.send("3");
      else if (message !== "6") return message;
    }
  }
  /** Waits in silence for the server to close. */
  async gone() {
    const end = Date.now() + DEADLINE;
    while (!this.closed) {
      if (Date.now() > end) throw new Error("it stays open");
      await sleep(20);
    }
  }
  /** Waits for the server to close, and answers its pings. */
  async ended() {
    const end = Date.now() + DEADLINE;
    for (;;) {
      const packet = await this.next().catch((error) => {
        if (!this.closed) throw error;
      });
      if (packet === undefined) return;
      if (packet === "2") this.send("3");
      if (Date.now() > end) throw new Error("it stays open");
    }
  }
  close() {
    this.socket.terminate();
  }
}

const TRANSPORTS = [
  ["polling", () => Polling.open()],
  ["websocket", () => Socket.open()],
];

async function joined(open) {
  const session = await open();
  await session.send(`40${JSON.stringify({ token: plan.token })}`);
  const answer = await session.receive();
  ok(answer.startsWith("40{"), answer);
  equal(typeof JSON.parse(answer.slice(2)).sid, "string");
  return session;
}

/** A packet of the server that the case is about, past those that are not. */
async function expect(session, start) {
  for (;;) {
    const packet = await session.receive();
    if (packet.startsWith(start)) return packet;
    ok(packet.startsWith("42"), `${packet} instead of ${start}`);
  }
}

const message = (content = "by hand") => JSON.stringify({ receiverId: plan.receiver, content });

// ---- Engine.IO: handshake -----------------------------------------------------------------

test("handshake: long-polling", async () => {
  const { hello } = await Polling.open();
  same(Object.keys(hello).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
  equal(typeof hello.sid, "string");
  same(hello.upgrades, ["websocket"]);
  for (const key of ["maxPayload", "pingInterval", "pingTimeout"]) ok(hello[key] > 0, key);
});

test("handshake: WebSocket", async () => {
  const session = await Socket.open();
  same(session.hello.upgrades, []);
  equal(typeof session.hello.sid, "string");
  session.close();
});

for (const [what, query] of [
  ["no EIO", "?transport=polling"],
  ["unknown EIO", "?EIO=abc&transport=polling"],
  ["EIO of another decade", "?EIO=9&transport=polling"],
  ["no transport", "?EIO=4"],
  ["unknown transport", "?EIO=4&transport=abc"],
  ["unknown session", "?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA"],
  ["a session id that is none", "?EIO=4&transport=polling&sid=no-session-of-ours%21"],
]) {
  test(`handshake, long-polling: ${what} is refused`, async () => {
    equal((await request(query)).status, 400);
  });
}

for (const [what, query] of [
  ["no EIO", "?transport=websocket"],
  ["unknown EIO", "?EIO=abc&transport=websocket"],
  ["no transport", "?EIO=4"],
  ["unknown transport", "?EIO=4&transport=abc"],
  ["unknown session", "?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAA"],
]) {
  test(`handshake, WebSocket: ${what} is refused`, async () => {
    const session = new Socket(query);
    await rejects(session.next());
  });
}

for (const method of ["POST", "PUT", "DELETE"]) {
  test(`handshake: ${method} without a session is refused`, async () => {
    const { status } = await request("?EIO=4&transport=polling", { method, body: "" });
    ok([400, 405].includes(status), `${status}`);
  });
}

// ---- Engine.IO: payloads ------------------------------------------------------------------

test("long-polling: several packets in one payload", async () => {
  const session = await joined(Polling.open);
  await session.send([`421["sync",{"since":0}]`, `422["sync",{"since":0}]`].join(SEPARATOR));
  await expect(session, "431[");
  await expect(session, "432[");
});

test("long-polling: an invalid packet ends the session", async () => {
  const session = await Polling.open();
  // What this request is answered with is left open.
  await session.post("abc").catch(() => null);
  await session.ended();
});

test("long-polling: of two polls at once one ends the session", async () => {
  const session = await Polling.open();
  const statuses = (await Promise.all([session.poll(), session.poll()])).map((a) => a.status);
  ok(statuses.includes(400), `${statuses}`);
  await session.gone();
});

test("long-polling: more than maxPayload is refused", async () => {
  const session = await Polling.open();
  const { status } = await session.post(`4${"x".repeat(session.hello.maxPayload + 1)}`);
  ok([400, 413].includes(status), `${status}`);
});

test("WebSocket: an invalid packet ends the session", async () => {
  const session = await Socket.open();
  session.send("abc");
  await session.ended();
});

test("WebSocket: more than maxPayload ends the session", async () => {
  const session = await Socket.open();
  session.send(`4${"x".repeat(session.hello.maxPayload + 1)}`);
  await session.ended();
});

// ---- Engine.IO: heartbeat -----------------------------------------------------------------

test("heartbeat, long-polling: pings, and goes on after a pong", async () => {
  const session = await joined(Polling.open);
  for (let pings = 0; pings < 3; ) {
    const { status, text } = await session.poll();
    equal(status, 200, text);
    if (!text.split(SEPARATOR).includes("2")) continue;
    pings += 1;
    equal((await session.post("3")).status, 200);
  }
});

test("heartbeat, long-polling: silence ends the session", async () => {
  const session = await Polling.open();
  await sleep(session.hello.pingInterval + session.hello.pingTimeout + 500);
  await session.gone();
});

test("heartbeat, WebSocket: pings, and goes on after a pong", async () => {
  const session = await joined(Socket.open);
  for (let pings = 0; pings < 3; ) {
    if ((await session.next()) !== "2") continue;
    pings += 1;
    session.send("3");
  }
  session.close();
});

test("heartbeat, WebSocket: silence ends the session", async () => {
  const session = await Socket.open();
  const started = Date.now();
  await session.gone();
  const { pingInterval, pingTimeout } = session.hello;
  ok(Date.now() - started >= pingInterval, "not before the first ping");
  ok(Date.now() - started < 2 * (pingInterval + pingTimeout) + 3000, "in time");
});

// ---- Engine.IO: close ---------------------------------------------------------------------

test("close, long-polling: the running poll ends, the session is gone", async () => {
  const session = await Polling.open();
  const [poll, close] = await Promise.all([session.poll(), sleep(50).then(() => session.post("1"))]);
  equal(close.status, 200);
  equal(poll.status, 200);
  ok(["1", "6"].includes(poll.text), poll.text);
  await session.gone();
});

test("close, WebSocket: the connection ends", async () => {
  const session = await Socket.open();
  session.send("1");
  await session.gone();
});

// ---- Engine.IO: upgrade -------------------------------------------------------------------

async function upgrade(session) {
  const socket = new Socket(`?EIO=4&transport=websocket&sid=${session.hello.sid}`);
  while (socket.socket.readyState === WebSocket.CONNECTING) await sleep(10);
  socket.send("2probe");
  equal(await socket.next(), "3probe");
  return socket;
}

test("upgrade: probe, upgrade, and events go on over the WebSocket", async () => {
  const session = await joined(Polling.open);
  const waiting = session.poll();
  const socket = await upgrade(session);
  socket.send("5");
  const { status, text } = await waiting;
  equal(status, 200);
  for (const packet of text.split(SEPARATOR)) ok(/^(1|2|6|42)/.test(packet), text);
  if (text.split(SEPARATOR).includes("2")) socket.send("3");
  socket.send(`427["sync",{"since":0}]`);
  await expect(socket, "437[");
  await session.gone();
  socket.close();
});

test("upgrade: a second one of the same session is refused", async () => {
  const session = await Polling.open();
  const socket = await upgrade(session);
  socket.send("5");
  const second = new Socket(`?EIO=4&transport=websocket&sid=${session.hello.sid}`);
  await second.gone();
  // The first one lives.
  socket.send(`40${JSON.stringify({ token: plan.token })}`);
  await expect(socket, "40{");
  socket.close();
});

test("upgrade: a probe that is not followed up leaves long-polling alone", async () => {
  const session = await joined(Polling.open);
  const socket = await upgrade(session);
  socket.close();
  await session.send(`428["sync",{"since":0}]`);
  await expect(session, "438[");
});

// ---- Socket.IO ----------------------------------------------------------------------------

for (const [transport, open] of TRANSPORTS) {
  test(`connect, ${transport}: with a token`, async () => {
    await joined(open);
  });

  test(`connect, ${transport}: without a token it is refused and says nothing more`, async () => {
    for (const packet of ["40", "40{}", '40{"token":""}', '40{"token":7}', '40{"token":"a.b.c"}']) {
      const session = await open();
      await session.send(packet);
      const answer = await session.receive();
      ok(answer.startsWith("44{"), `${packet}: ${answer}`);
      equal(typeof JSON.parse(answer.slice(2)).message, "string");
    }
  });

  test(`connect, ${transport}: an unknown namespace is refused`, async () => {
    const session = await joined(open);
    await session.send("40/random,");
    equal(await expect(session, "44/random,"), '44/random,{"message":"Invalid namespace"}');
    // The other one goes on.
    await session.send(`421["sync",{"since":0}]`);
    await expect(session, "431[");
  });

  test(`connect, ${transport}: an event before it ends the session`, async () => {
    const session = await open();
    await session.post?.(`421["message:send",${message("before")}]`).catch(() => null);
    if (!session.post) session.send(`421["message:send",${message("before")}]`);
    await session.ended();
  });

  test(`connect, ${transport}: silence ends the session`, async () => {
    const session = await open();
    await session.ended();
  });

  test(`disconnect, ${transport}: the namespace is left`, async () => {
    const session = await joined(open);
    await session.send("41");
    // Nobody answers there any more: an event now is dropped or ends the session.
    await session.send(`429["sync",{"since":0}]`).catch(() => null);
    await session.send("40/random,").catch(() => null);
    for (;;) {
      const packet = await session.receive().catch(() => null);
      if (packet === null || packet.startsWith("44/random,")) return;
      ok(!packet.startsWith("439"), packet);
      if (packet === "1") return;
    }
  });

  for (const packet of ["4abc", "49", "42{}", '42["unclosed', "42[]"]) {
    test(`malformed, ${transport}: ${packet} ends the session`, async () => {
      const session = await joined(open);
      if (transport === "polling") await session.post(packet).catch(() => null);
      else session.send(packet);
      await session.ended();
    });
  }

  // Left open by the protocol.
  for (const packet of ["4", "42", "42[7]", '42[{"a":1}]', "43", "431[]", "431{}", "45", "46"]) {
    test(`odd, ${transport}: ${packet} ends the session or harms nobody`, async () => {
      const session = await joined(open);
      await session.send(packet).catch(() => null);
      await session.send(`421["sync",{"since":0}]`).catch(() => null);
      for (;;) {
        const answer = await session.receive().catch(() => null);
        if (answer === null || answer === "1" || answer.startsWith("431[")) break;
      }
      // Whatever became of this one, the next is served.
      await joined(open);
    });
  }

  test(`events, ${transport}: acknowledged under their number`, async () => {
    const session = await joined(open);
    await session.send(`42456["message:send",${message()}]`);
    const answer = await expect(session, "43456[");
    const [{ success, messageId }] = JSON.parse(answer.slice(5));
    equal(success, true, answer);
    equal(typeof messageId, "string");
  });

  test(`events, ${transport}: unknown ones harm nobody`, async () => {
    const session = await joined(open);
    await session.send(`42["no:such:event",1,[2],{"three":4}]`);
    await session.send(`421["sync",{"since":0}]`);
    await expect(session, "431[");
  });

  test(`binary, ${transport}: attachments arrive and are refused as content`, async () => {
    const session = await joined(open);
    const placeholder = { receiverId: plan.receiver, content: { _placeholder: true, num: 0 } };
    const packet = `451-99["message:send",${JSON.stringify(placeholder)}]`;
    const bytes = Buffer.from([1, 2, 3]);
    if (transport === "polling") {
      await session.send([packet, `b${bytes.toString("base64")}`].join(SEPARATOR));
    } else {
      session.send(packet);
      session.send(bytes);
    }
    const answer = await session.receive().then(async function past(packet) {
      return /^4(3|6\d+-)99\[/.test(packet) ? packet : past(await session.receive());
    });
    equal(JSON.parse(answer.slice(answer.indexOf("[")))[0].success, false, answer);
  });
}

// ---- all of them --------------------------------------------------------------------------

async function main() {
  const queue = cases.filter(({ name }) => !plan.only || name.includes(plan.only));
  const worker = async () => {
    for (;;) {
      const next = queue.shift();
      if (!next) return;
      const { name, run } = next;
      const sessions = [];
      let late;
      const deadline = new Promise((_, reject) => {
        late = setTimeout(() => reject(new Error("it does not end")), 2 * DEADLINE);
      });
      try {
        await Promise.race([opened.run(sessions, run), deadline]);
        console.log(JSON.stringify({ name, error: null }));
      } catch (error) {
        console.log(JSON.stringify({ name, error: error.message }));
      }
      clearTimeout(late);
      for (const session of sessions) session.close();
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  process.exit(0);
}

main();

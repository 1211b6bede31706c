// Many people on stock `socket.io-client` who write to each other while the world around
// them breaks, and who write down everything they see. Who breaks the world, and who judges
// what was seen, is the test that started this process.
//
// The first line of standard input is {ca, seed, messages, window, people: [{id, token,
// port, transports}], report}. Progress leaves as JSON lines: {acknowledged} as messages are
// acknowledged and {sent: true} after the last one. The second line of standard input says
// that the world is whole again: everybody synchronises once more, a newcomer for each
// person reads everything from the beginning, all of it is written to the file `report`,
// and {done: true} leaves.
//
// What a client does is what an application should: each message has a clientId and is sent
// again, under the same one, until it is acknowledged; on every connection it asks for what
// follows the last number it has seen.
"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { io } = require("socket.io-client");

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** A generator of numbers in [0, 1) that the seed decides (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Somebody with one socket, who keeps what came in the order in which it came. */
class Witness {
  constructor({ id, token, port, transports }, ca) {
    this.id = id;
    this.last = 0;
    this.seen = [];
    this.wrong = [];
    this.connections = 0;
    this.socket = io(`https://localhost:${port}`, {
      ca,
      transports,
      auth: { token },
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 500,
      timeout: 5000,
    });
    this.socket.on("connect", () => {
      this.connections += 1;
      this.twin = null;
      this.synchronised = this.synchronise(this.socket.id);
    });
    this.socket.onAny((event, message) => {
      if (event.startsWith("message:") && message?.seq) this.see(event, message);
    });
    // Node or network away: tried again. A server that refuses is not.
    this.socket.on("connect_error", (error) => {
      if (!this.socket.active) {
        this.refusal = error.message;
        setTimeout(() => this.socket.connect(), 100);
      }
    });
    this.socket.on("disconnect", (reason) => {
      // The server told us to go, which a client must follow up by itself.
      if (reason === "io server disconnect") setTimeout(() => this.socket.connect(), 50);
    });
  }

  /** A message comes under two names, one after the other; the first counts. */
  see(event, { id, seq, senderId, content }) {
    if (seq === this.last + 1) {
      this.last = seq;
      this.twin = event;
      this.seen.push([seq, id, senderId, content]);
    } else if (seq === this.last && this.twin && this.twin !== event) {
      this.twin = null;
    } else {
      this.wrong.push({ event, seq, after: this.last, connection: this.connections });
    }
  }

  /** Asks for what was missed, as long as this connection lasts. */
  async synchronise(connection) {
    while (this.socket.connected && this.socket.id === connection) {
      try {
        const answer = await this.socket.timeout(10000).emitWithAck("sync", { since: this.last });
        if (answer?.success) return answer;
        this.unsynchronised = answer;
      } catch {
        // Not answered: asked again, or the connection has ended.
      }
      await sleep(50);
    }
    return null;
  }

  async connected() {
    while (!this.socket.connected) {
      await new Promise((resolve) => {
        const late = setTimeout(resolve, 1000);
        this.socket.once("connect", () => (clearTimeout(late), resolve()));
      });
    }
  }

  /** After this nothing is missing that was saved before the connection was made. */
  async wholly() {
    for (;;) {
      await this.connected();
      if (await this.synchronised) return;
    }
  }
}

let acknowledgements = 0;
let resent = 0;
const refused = {};

async function send(person, message) {
  for (let attempt = 0; ; attempt += 1) {
    await person.connected();
    // What is seen under one name and not yet under the other is not a reason to wait.
    if (attempt > 0) resent += 1;
    try {
      const answer = await person.socket.timeout(5000).emitWithAck("message:send", message);
      if (answer.success) {
        acknowledgements += 1;
        if (acknowledgements % 10 === 0) say({ acknowledged: acknowledgements });
        return answer.messageId;
      }
      const reason = JSON.stringify(answer.error ?? answer);
      refused[reason] = (refused[reason] ?? 0) + 1;
      await sleep(answer.retryAfter ? answer.retryAfter * 1000 : 100);
    } catch {
      // Unacknowledged: sent again under the same clientId.
    }
  }
}

async function talk(person, number, everybody, { seed, messages, window }) {
  const random = generator(seed * 1000 + number);
  const acknowledged = [];
  let next = 0;
  const writer = async () => {
    while (next < messages) {
      const content = `${number}:${next}`;
      next += 1;
      // Anybody but oneself.
      const step = 1 + Math.floor(random() * (everybody.length - 1));
      const receiver = everybody[(number + step) % everybody.length];
      const message = { receiverId: receiver.id, content, clientId: `${seed}-${content}` };
      acknowledged.push([await send(person, message), receiver.id, content]);
    }
  };
  await Promise.all(Array.from({ length: window }, writer));
  return acknowledged;
}

async function main() {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const plan = JSON.parse((await lines.next()).value);
  const ca = readFileSync(plan.ca);
  const everybody = plan.people.map((person) => new Witness(person, ca));
  const share = { ...plan, messages: Math.ceil(plan.messages / everybody.length) };
  const acknowledged = await Promise.all(
    everybody.map((person, number) => talk(person, number, everybody, share)),
  );
  say({ acknowledged: acknowledgements });
  say({ sent: true });
  await lines.next();
  // On connections of their own: what is asked for on one that is live comes twice.
  for (const person of everybody) person.socket.disconnect().connect();
  await Promise.all(everybody.map((person) => person.wholly()));
  // Two at a time, so that the newcomers do not end each other's patience.
  const newcomers = [];
  for (const person of plan.people) {
    const newcomer = new Witness(person, ca);
    await newcomer.wholly();
    newcomers.push(newcomer);
  }
  const people = everybody.map((person, number) => ({
    id: person.id,
    connections: person.connections,
    seen: person.seen,
    wrong: person.wrong,
    acknowledged: acknowledged[number],
    afterwards: { seen: newcomers[number].seen, wrong: newcomers[number].wrong },
  }));
  writeFileSync(plan.report, JSON.stringify({ people, resent, refused }));
  say({ done: true });
  process.exit(0);
}

main().catch((error) => {
  say({ error: error.stack });
  process.exit(1);
});

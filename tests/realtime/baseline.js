// What `cargo xtask bench chat` compares with: a minimal chat on stock `socket.io` and `pg`
// that does for each message what Marquis does. It checks an Ed25519 token (signature and
// expiry), saves the message and a delivery for each of the two with the next number of
// their own sequence, in one statement and so one round trip and one commit, acknowledges,
// and emits to the rooms of both under both names.
//
// Configuration: one JSON argument {port, database, pool, jwks}. SIGUSR2 collects garbage,
// for who measures memory and started it with --expose-gc.
"use strict";
const { createPublicKey, verify, randomUUID } = require("node:crypto");
const { createServer } = require("node:http");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const { port, database, pool: connections, jwks } = JSON.parse(process.argv[2]);
const keys = new Map(
  jwks.keys.map((key) => [key.kid, createPublicKey({ key, format: "jwk" })]),
);
const pool = new Pool({ connectionString: database, max: connections });

// The same keys and indexes as Marquis has.
const SCHEMA = `
  CREATE SCHEMA IF NOT EXISTS baseline;
  CREATE TABLE IF NOT EXISTS baseline.counters (user_id uuid PRIMARY KEY, seq bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS baseline.messages (
    id uuid PRIMARY KEY, sender_id uuid NOT NULL, receiver_id uuid NOT NULL,
    client_id text, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
  CREATE UNIQUE INDEX IF NOT EXISTS messages_client ON baseline.messages (sender_id, client_id);
  CREATE INDEX IF NOT EXISTS messages_pair ON baseline.messages
    (least(sender_id, receiver_id), greatest(sender_id, receiver_id), created_at);
  CREATE TABLE IF NOT EXISTS baseline.deliveries (
    user_id uuid NOT NULL, seq bigint NOT NULL,
    message_id uuid NOT NULL REFERENCES baseline.messages, PRIMARY KEY (user_id, seq));`;

// $5 and $6 are the two people in the order of their ids, so that nobody waits in a circle.
const SAVE = {
  name: "save",
  text: `
    WITH bumped AS (
      INSERT INTO baseline.counters (user_id, seq) VALUES ($5, 1), ($6, 1)
      ON CONFLICT (user_id) DO UPDATE SET seq = counters.seq + 1
      RETURNING user_id, seq
    ), saved AS (
      INSERT INTO baseline.messages (id, sender_id, receiver_id, content, client_id)
      VALUES ($1, $2, $3, $4, $7) RETURNING id, created_at
    ), delivered AS (
      INSERT INTO baseline.deliveries (user_id, seq, message_id)
      SELECT user_id, seq, $1 FROM bumped
    )
    SELECT bumped.user_id, bumped.seq, saved.created_at FROM bumped, saved`,
};

const decoded = (part) => JSON.parse(Buffer.from(part ?? "", "base64url").toString());

/** Whose token it is, or null. */
function subject(token) {
  try {
    const [header, claims, signature] = String(token).split(".");
    const key = keys.get(decoded(header).kid);
    const signed = Buffer.from(`${header}.${claims}`);
    if (!key || !verify(null, signed, key, Buffer.from(signature, "base64url"))) return null;
    const { sub, exp } = decoded(claims);
    return exp * 1000 > Date.now() ? sub : null;
  } catch {
    return null;
  }
}

const http = createServer((request, response) => {
  response.writeHead(request.url === "/health" ? 200 : 404).end();
});
const io = new Server(http, { maxHttpBufferSize: 65536 });

io.use((socket, next) => {
  const user = subject(socket.handshake.auth.token);
  if (!user) return next(new Error("unauthorized"));
  socket.data.user = user;
  next();
});

io.on("connection", (socket) => {
  const { user } = socket.data;
  socket.join(user);
  socket.on("message:send", async (message, acknowledge) => {
    try {
      const { receiverId, content, clientId } = message;
      if (typeof content !== "string" || content.length < 1 || content.length > 4000) {
        return acknowledge({ success: false, error: "content" });
      }
      const id = randomUUID();
      const people = [user, receiverId].sort();
      const values = [id, user, receiverId, content, ...people, clientId ?? null];
      const { rows } = await pool.query({ ...SAVE, values });
      acknowledge({ success: true, messageId: id });
      for (const { user_id: person, seq, created_at: createdAt } of rows) {
        const sent = { id, senderId: user, senderUsername: user, content, createdAt, seq: +seq };
        io.to(person).emit(`message:${receiverId}`, sent);
        io.to(person).emit(`message:${user}`, sent);
      }
    } catch (error) {
      console.error(error);
      acknowledge({ success: false, error: "internal" });
    }
  });
});

pool.query(SCHEMA).then(() => http.listen(port, "127.0.0.1"));
process.on("SIGUSR2", () => global.gc?.());
process.on("SIGTERM", () => process.exit(0));

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { gzipSync } from "node:zlib";
import type { Scope } from "../shared/artifact/temporary.js";
import { ownCertificate } from "./own-certificate.js";

/** What a server does with a connection; most answer the first request that they hear. */
export type Behaviour = (socket: Socket) => void;

export interface RawListening {
  /** That a socket comes with. */
  readonly event?: "connection" | "secureConnection";
  /** An address of loopback. */
  readonly host?: string;
  /** Of a Unix socket, in the place of an address. */
  readonly path?: string;
}

/** Listens on loopback, or at a Unix socket, and keeps to no protocol. @returns host and port, or the socket's path */
export const listenRaw = async (
  t: Scope,
  server: Server,
  behave: Behaviour,
  { event = "connection", host = "127.0.0.1", path }: RawListening = {},
): Promise<string> => {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.on(event, (socket: Socket) => {
    socket.on("error", () => {});
    behave(socket);
  });
  if (path === undefined) server.listen(0, host);
  else server.listen(path);
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (path !== undefined) return path;
  if (typeof address !== "object" || address === null) throw new TypeError("not listening");
  return `${host}:${address.port}`;
};

/** Writes the same again and again, as fast as it is taken, until the connection ends. */
const endlessly = (socket: Socket, piece: string): void => {
  const much = piece.repeat(Math.ceil(16_384 / piece.length));
  const more = () => {
    while (socket.writable && socket.write(much));
    socket.once("drain", more);
  };
  more();
};

/** A byte at a time. */
const dripping = (socket: Socket, text: string): void => {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length]!), 5);
  socket.once("close", () => clearInterval(timer));
};

/** Where there is nothing to reset, as of TLS and Unix sockets, it breaks off. */
const reset = (socket: Socket): void => {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
};

const asked = (answer: Behaviour): Behaviour => {
  return (socket) => socket.once("data", () => answer(socket));
};
const says = (text: string | Uint8Array): Behaviour => asked((socket) => socket.write(text));
const saysAndEnds = (text: string | Uint8Array): Behaviour => asked((socket) => socket.end(text));

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;
const bomb = gzipSync(Buffer.alloc(1 << 20));

/** Every way to say nothing or nonsense over HTTP that we know of; none hands out a blob. */
export const HTTP_BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  "accepts and is silent": () => {},
  "reads and is silent": says(""),
  "closes at once": (socket) => socket.end(),
  "resets at once": reset,
  "closes when asked": asked((socket) => socket.end()),
  "resets when asked": asked(reset),
  "switches protocols": says("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
  "switches protocols and closes": saysAndEnds(
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
  ),
  "switches protocols to nothing": says("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  "switches protocols and talks on": says(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n${OK}content-length: 1\r\n\r\nx`,
  ),
  "upgrades with an answer": says(`${OK}connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 1\r\n\r\n`),
  "continues for ever": asked((socket) => endlessly(socket, "HTTP/1.1 100 Continue\r\n\r\n")),
  "processes for ever": asked((socket) => endlessly(socket, "HTTP/1.1 102 Processing\r\n\r\n")),
  "hints for ever": asked((socket) => endlessly(socket, "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")),
  "continues and is silent": says("HTTP/1.1 100 Continue\r\n\r\n"),
  "knows unknown interim answers": asked((socket) => endlessly(socket, "HTTP/1.1 199 Well\r\n\r\n")),
  "sends headers without end": asked((socket) => {
    socket.write(OK);
    endlessly(socket, "x-y: z\r\n");
  }),
  "sends one header without end": asked((socket) => {
    socket.write(`${OK}x: `);
    endlessly(socket, "y");
  }),
  "drips headers": asked((socket) => dripping(socket, `${OK}x: ${"y".repeat(4096)}`)),
  "drips a body": asked((socket) => {
    socket.write(`${OK}content-length: 1000\r\n\r\n`);
    dripping(socket, "x");
  }),
  "drips chunks": asked((socket) => {
    socket.write(CHUNKED);
    dripping(socket, "1\r\nx\r\n");
  }),
  "announces a body and is silent": says(`${OK}content-length: 10\r\n\r\n`),
  "sends chunks without a last one": says(`${CHUNKED}1\r\nx\r\n`),
  "sends a body without an end": says(`${OK}\r\nx`),
  "sends trailers without end": asked((socket) => {
    socket.write(`${CHUNKED}1\r\nx\r\n0\r\n`);
    endlessly(socket, "x-y: z\r\n");
  }),
  "sends a chunk of no size": saysAndEnds(`${CHUNKED}zz\r\nx\r\n0\r\n\r\n`),
  "sends a chunk of every size": says(`${CHUNKED}ffffffffffffffff\r\nx`),
  "sends a negative chunk": says(`${CHUNKED}-1\r\nx\r\n0\r\n\r\n`),
  "extends chunks without end": asked((socket) => {
    socket.write(`${CHUNKED}1;`);
    endlessly(socket, "x=y;");
  }),
  "breaks off in a body": saysAndEnds(`${OK}content-length: 100\r\n\r\nshort`),
  "breaks off in a chunk": saysAndEnds(`${CHUNKED}64\r\nshort`),
  "counts below nothing": saysAndEnds(`${OK}content-length: -1\r\n\r\n`),
  "counts in words": saysAndEnds(`${OK}content-length: ten\r\n\r\n`),
  "counts twice": saysAndEnds(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`),
  "counts and sends chunks": saysAndEnds(
    `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
  ),
  "sends more than it counted": saysAndEnds(`${OK}content-length: 1\r\n\r\nxyz`),
  "answers twice": saysAndEnds(`${OK}content-length: 1\r\n\r\nx${OK}content-length: 1\r\n\r\ny`),
  "answers, then garbage": says(`${OK}content-length: 1\r\n\r\nx${"\0\x7f".repeat(4096)}`),
  "answers before it is asked": (socket) => socket.write(`${OK}content-length: 1\r\n\r\nx`),
  "answers with nothing": saysAndEnds("HTTP/1.1 204 No Content\r\n\r\n"),
  "says that nothing changed": says("HTTP/1.1 304 Not Modified\r\n\r\n"),
  "redirects to itself": saysAndEnds("HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"),
  "redirects to a file": saysAndEnds("HTTP/1.1 307 T\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n"),
  "wants a password": says("HTTP/1.1 401 No\r\nwww-authenticate: Basic\r\ncontent-length: 5\r\n\r\n"),
  "wants a proxy": says("HTTP/1.1 407 No\r\n\r\n"),
  "is busy": saysAndEnds("HTTP/1.1 503 Busy\r\nretry-after: 999999999\r\ncontent-length: 0\r\n\r\n"),
  fails: saysAndEnds("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
  "answers with a status of its own": says("HTTP/1.1 999 What\r\n\r\n"),
  "answers with no status": says("HTTP/1.1\r\n\r\n"),
  "speaks HTTP/0.9": saysAndEnds("<html>no blob</html>"),
  "speaks HTTP/2": says(Buffer.from("000000040000000000", "hex")),
  "speaks TLS": says(Buffer.from("15030300020246", "hex")),
  "speaks SSH": (socket) => socket.write("SSH-2.0-OpenSSH_9.9\r\n"),
  "sends a gzip bomb": saysAndEnds(
    Buffer.concat([Buffer.from(`${OK}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`), bomb]),
  ),
  "sends another part": saysAndEnds("HTTP/1.1 206 Part\r\ncontent-range: bytes 5-5/9\r\ncontent-length: 1\r\n\r\nx"),
  "sends other bytes": saysAndEnds(`${OK}content-length: 5\r\n\r\nother`),
  "has nothing": saysAndEnds("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"),
};

/** A server of one behaviour; its http origin. */
export const hostileServer = async (t: Scope, behave: Behaviour, host?: string): Promise<string> =>
  `http://${await listenRaw(t, createServer({ allowHalfOpen: true }), behave, { ...(host !== undefined && { host }) })}`;

/** Servers that an https location may lead to; no client may take any of them for its counterpart. */
export const hostileTlsServers = async (t: Scope): Promise<Readonly<Record<string, string>>> => {
  const raw = (behave: Behaviour) => listenRaw(t, createServer({ allowHalfOpen: true }), behave);
  const certified = createTlsServer(ownCertificate());
  certified.on("tlsClientError", () => {});
  const origins = {
    "never shakes hands": raw(() => {}),
    "speaks HTTP where TLS belongs": raw(saysAndEnds(`${OK}content-length: 1\r\n\r\nx`)),
    "speaks garbage where TLS belongs": raw((socket) => endlessly(socket, "\0\x7f")),
    "breaks off its handshake": raw(saysAndEnds(Buffer.from("1603030040", "hex"))),
    "resets its handshake": raw(resetsAfter(Buffer.from("1603030040", "hex"), 5)),
    "drips its handshake": raw(asked((socket) => dripping(socket, "\x16\x03\x03\x40\0"))),
    "shakes hands without end": raw(asked((socket) => endlessly(socket, "\x16\x03\x03\0\x04\0\0\0\0"))),
    alerts: raw(saysAndEnds(Buffer.from("15030300020228", "hex"))),
    "has a certificate of its own": listenRaw(t, certified, says(`${OK}content-length: 1\r\n\r\nx`), {
      event: "secureConnection",
    }),
  };
  const found: Record<string, string> = {};
  for (const [name, address] of Object.entries(origins)) found[name] = `https://${await address}`;
  return found;
};

/** Sends the first `bytes` of an answer, then resets. */
export const resetsAfter = (answer: Uint8Array, bytes: number): Behaviour =>
  asked((socket) => {
    if (bytes === 0) reset(socket);
    else socket.write(answer.subarray(0, bytes), () => reset(socket));
  });

/** Sends the first `bytes` of an answer, then closes its side. */
export const endsAfter = (answer: Uint8Array, bytes: number): Behaviour => saysAndEnds(answer.subarray(0, bytes));

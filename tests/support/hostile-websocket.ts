import { createHash } from "node:crypto";
import type { Behaviour } from "./hostile-server.js";

/** What a WebSocket server does once hands are shaken. */
const shaken =
  (answer: Behaviour): Behaviour =>
  (socket) => {
    let head = "";
    const read = (data: Buffer) => {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", read);
      const key = /sec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      answer(socket);
    };
    socket.on("data", read);
  };

const sends =
  (...bytes: readonly (string | Uint8Array)[]): Behaviour =>
  (socket) => {
    for (const piece of bytes) socket.write(piece);
  };

/** A whole text frame, unmasked as a server's are. */
const frame = (text: string): Buffer => {
  const content = Buffer.from(text);
  const size = content.length < 126 ? [content.length] : [126, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...size]), content]);
};

/** A text frame before the last one. */
const fragment = Buffer.from([0x01, 0x01, 0x7b]);

/** Every way to be no node after a good handshake. */
export const WEBSOCKET_BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  "shakes hands and is silent": shaken(() => {}),
  "shakes hands and closes": shaken((socket) => socket.end()),
  "shakes hands and resets": shaken((socket) => socket.resetAndDestroy()),
  "says goodbye and stays": shaken(sends(Buffer.from([0x88, 0x02, 0x03, 0xe8]))),
  "sends garbage": shaken(sends("garbage, no frames at all")),
  "sends a masked frame": shaken(sends(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x7b]))),
  "announces a frame of every size": shaken(sends(Buffer.from([0x81, 127, 0, 255, 255, 255, 255, 255, 255, 255]))),
  "announces a frame and is silent": shaken(sends(Buffer.from([0x81, 100]))),
  "sends fragments without a last one": shaken(sends(...new Array<Buffer>(1).fill(fragment))),
  "pings without end": shaken((socket) => {
    const pings = Buffer.concat(new Array<Buffer>(1024).fill(Buffer.from([0x89, 0])));
    const more = () => {
      while (socket.writable && socket.write(pings));
      socket.once("drain", more);
    };
    more();
  }),
  "sends text that is no JSON": shaken(sends(frame("{"), frame("null"), frame("[[[[[[[["))),
  "sends a frame that is no UTF-8": shaken(sends(Buffer.from([0x81, 2, 0xc3, 0x28]))),
  "answers what nobody asked": shaken(sends(frame('{"jsonrpc":"2.0","id":99,"result":1}'))),
  "answers with a result of no use": shaken((socket) => {
    for (let id = 1; id < 9; id++) socket.write(frame(`{"jsonrpc":"2.0","id":${id},"result":null}`));
  }),
};

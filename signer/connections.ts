import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The connections of a server that wants a token. */
export interface Connections {
  /** The connection has shown the token. A socket of TLS is known as the one that it runs over. */
  trust(socket: Socket): void;
}

/**
 * Bounds the connections of a server. Above the bound the oldest that has not shown the token is closed, so that strangers who only
 * hold connections keep nobody out.
 */
export const boundConnections = (server: Server, most: number): Connections => {
  const open = new Set<Socket>();
  /** The oldest first. */
  const strangers = new Map<Name, Socket>();
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    const forget = (): void => {
      open.delete(socket);
      if (strangers.get(name) === socket) strangers.delete(name);
    };
    open.add(socket);
    strangers.set(name, socket);
    socket.once("close", forget);
    if (open.size <= most) return;
    const [oldest = [name, socket]] = strangers;
    strangers.delete(oldest[0]);
    open.delete(oldest[1]);
    oldest[1].destroy();
  });
  return { trust: (socket) => void strangers.delete(nameOf(socket)) };
};

/** Address and port over TCP; a Unix socket's connections have none, and nothing runs over them. */
type Name = string | Socket;

const nameOf = (socket: Socket): Name =>
  socket.remotePort === undefined ? socket : `${socket.remoteAddress} ${socket.remotePort}`;

import type { Server, Socket } from "node:net";
import { networkOf } from "./admission.js";

export interface ConnectionLimits {
  readonly most: number;
  /** Greatest number of one IPv4 address, or one IPv6 network. Default: all of them, while nobody else wants any. */
  readonly perAddress?: number;
  /** Whether somebody is answered over this connection, or waits to be, whom nobody may displace. Default: nobody. */
  readonly isAnswered?: (socket: Socket) => boolean;
  readonly onRefused?: () => void;
}

/**
 * Limits a server's connections. Above the limit, closes the oldest over which nobody is answered: neither strangers, nor one hotkey with idle
 * connections, can take the places of the others.
 *
 * @returns how many are open
 */
export const limitConnections = (
  server: Pick<Server, "on">,
  { most, perAddress = most, isAnswered = () => false, onRefused = () => {} }: ConnectionLimits,
): (() => number) => {
  const open = new Map<Socket, string>();
  const close = (socket: Socket) => {
    onRefused();
    // It is closed a moment later, and takes no place until then.
    open.delete(socket);
    socket.destroy();
  };
  server.on("connection", (socket: Socket) => {
    const from = networkOf(socket.remoteAddress ?? "");
    open.set(socket, from);
    socket.once("close", () => open.delete(socket));
    const ofAddress = [...open.values()].filter((other) => other === from).length;
    if (ofAddress > perAddress) close(socket);
    else if (open.size > most) close([...open.keys()].find((other) => !isAnswered(other)) ?? socket);
  });
  return () => open.size;
};

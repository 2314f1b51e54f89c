import type { Server, Socket } from "node:net";
import { networkOf } from "./network-of.js";

export interface ConnectionLimits {
  readonly most: number;
  /** Greatest number of one IPv4 address, or one IPv6 network. Default: as many as nobody else wants. */
  readonly perAddress?: number;
  /** Whether somebody is answered over this connection, or waits to be, whom nobody may displace. Default: nobody. */
  readonly isAnswered?: (socket: Socket) => boolean;
  readonly onRefused?: () => void;
}

/**
 * Limits a server's connections. Above the limit, closes one over which nobody is answered: the oldest of the address that has most of them. So
 * neither strangers, nor one hotkey with idle connections, nor one address can take the places of the others.
 *
 * @returns how many are open
 */
export const limitConnections = (
  server: Pick<Server, "on">,
  { most, perAddress = Number.POSITIVE_INFINITY, isAnswered = () => false, onRefused = () => {} }: ConnectionLimits,
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
    else if (open.size > most) close(oldestOfMost([...open].filter(([other]) => !isAnswered(other))) ?? socket);
  });
  return () => open.size;
};

/** The first connection of the address that has most of them; of several such, the first one's. */
const oldestOfMost = (connections: readonly (readonly [Socket, string])[]): Socket | undefined => {
  const counts = new Map<string, number>();
  for (const [, from] of connections) counts.set(from, (counts.get(from) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return connections.find(([, from]) => counts.get(from) === most)?.[0];
};

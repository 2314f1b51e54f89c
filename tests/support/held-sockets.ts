import { Socket } from "node:net";

/** Open sockets that this process connected, by what they lead to: a port, or the path of a Unix socket. */
const open = new Map<string, Set<Socket>>();

const { connect } = Socket.prototype;

/** All clients come by here: Node's own, `fetch`, and those of packages. */
Socket.prototype.connect = function (this: Socket, ...given: unknown[]): Socket {
  const target = targetOf(given);
  const sockets = open.get(target) ?? new Set();
  open.set(target, sockets.add(this));
  this.once("close", () => sockets.delete(this));
  return Reflect.apply(connect, this, given);
};

/** Node hands on its arguments as a list that it has put in order. */
const targetOf = (given: readonly unknown[]): string => {
  const [first] = given.flat();
  if (typeof first !== "object" || first === null) return String(first);
  const { path, port } = first as { readonly path?: string | null; readonly port?: number | string };
  return String(path || port);
};

/**
 * How many connections to a port or a Unix socket are open and hold the program up. One that a client keeps for its next question does not:
 * Node's agents and `fetch` let the program end meanwhile.
 */
export const heldSockets = (target: string): number => [...(open.get(target) ?? [])].filter(isHeld).length;

interface Handle {
  hasRef?(): boolean;
}

const isHeld = (socket: Socket): boolean => {
  const { _handle: handle } = socket as Socket & { readonly _handle?: Handle | null };
  return !socket.destroyed && handle?.hasRef?.() !== false;
};

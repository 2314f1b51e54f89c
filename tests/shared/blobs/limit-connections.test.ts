import assert from "node:assert/strict";
import { createServer, Socket } from "node:net";
import { describe, it } from "node:test";
import { type ConnectionLimits, limitConnections } from "#shared/blobs/limit-connections.js";

/** A server without a port, at which connections are made by name: the address, then a letter. */
const limited = (limits: ConnectionLimits) => {
  const server = createServer();
  const sockets = new Map<string, Socket>();
  const count = limitConnections(server, limits);
  return {
    connect: (...names: readonly string[]) => {
      for (const name of names) {
        const socket = new Socket();
        Object.defineProperty(socket, "remoteAddress", { value: name.slice(0, -1) });
        sockets.set(name, socket);
        server.emit("connection", socket);
      }
    },
    socketOf: (name: string) => sockets.get(name)!,
    open: () => [...sockets].flatMap(([name, { destroyed }]) => (destroyed ? [] : [name])),
    count,
  };
};

describe("a server's connections", () => {
  it("are as many of one address as there are places, while nobody else wants one: who comes gets the oldest's", () => {
    const { connect, open, count } = limited({ most: 4 });
    connect("10.0.0.1a", "10.0.0.1b", "10.0.0.1c", "10.0.0.1d");
    assert.equal(open().length, 4);
    assert.equal(count(), 4);
    connect("10.0.0.1e");
    assert.deepEqual(open(), ["10.0.0.1b", "10.0.0.1c", "10.0.0.1d", "10.0.0.1e"]);
  });

  it("are taken from the address that has most of them, the oldest first, and from nobody else", () => {
    const { connect, open } = limited({ most: 4 });
    connect("10.0.0.2a", "10.0.0.1a", "10.0.0.1b", "10.0.0.1c", "10.0.0.3a");
    assert.deepEqual(open(), ["10.0.0.2a", "10.0.0.1b", "10.0.0.1c", "10.0.0.3a"]);
    connect("10.0.0.1d", "10.0.0.1e");
    assert.deepEqual(open(), ["10.0.0.2a", "10.0.0.3a", "10.0.0.1d", "10.0.0.1e"]);
  });

  it("of one IPv6 network are those of one address", () => {
    const { connect, open } = limited({ most: 2 });
    connect("2a00:0:0:1::1a", "2a00:0:0:2::1a", "2a00:0:0:2::2a");
    assert.deepEqual(open(), ["2a00:0:0:1::1a", "2a00:0:0:2::2a"]);
  });

  it("over which somebody is answered stay, and who comes goes where all are such", () => {
    const answered = new Set<Socket>();
    const { connect, open, socketOf } = limited({ most: 2, isAnswered: (socket) => answered.has(socket) });
    connect("10.0.0.1a", "10.0.0.1b");
    answered.add(socketOf("10.0.0.1a"));
    connect("10.0.0.2a");
    assert.deepEqual(open(), ["10.0.0.1a", "10.0.0.2a"]);
    answered.add(socketOf("10.0.0.2a"));
    connect("10.0.0.3a");
    assert.deepEqual(open(), ["10.0.0.1a", "10.0.0.2a"]);
  });

  it("of one address are no more than it may have, and each that is refused is counted", () => {
    let refused = 0;
    const { connect, open } = limited({
      most: 3,
      perAddress: 2,
      onRefused: () => {
        refused += 1;
      },
    });
    connect("10.0.0.1a", "10.0.0.1b", "10.0.0.1c", "10.0.0.2a", "10.0.0.3a");
    assert.deepEqual(open(), ["10.0.0.1b", "10.0.0.2a", "10.0.0.3a"]);
    assert.equal(refused, 2);
  });
});

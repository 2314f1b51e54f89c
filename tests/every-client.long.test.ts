import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { mapLimited } from "#shared/util/map-limited.js";
import { CLIENTS, type Client, type Line } from "./support/every-client.js";
import { filesThatConnect } from "./support/files-that-connect.js";
import { HANG_GUARD } from "./support/hang-guard.js";
import { heldSockets } from "./support/held-sockets.js";
import {
  type Behaviour,
  endsAfter,
  HTTP_BEHAVIOURS,
  hostileTlsServers,
  resetsAfter,
} from "./support/hostile-server.js";
import { until } from "./support/subnet.js";

/** Every question ends, with a fault of the client's own or with nothing, and leaves no connection behind. */
const ends = async (t: TestContext, { isFault, mayGive }: Pick<Client, "isFault" | "mayGive">, line: Line) => {
  for (const [name, ask] of Object.entries(line.asks)) {
    let given: unknown;
    try {
      given = await ask();
    } catch (thrown) {
      assert.ok(isFault(thrown), `${name}: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      continue;
    }
    assert.ok(mayGive?.(name, given) ?? false, `${name}: it gave ${JSON.stringify(given)}`);
  }
  line.close?.();
  await until(t, () => heldSockets(line.target) === 0);
};

/** A whole answer of some client's counterpart. */
const ANSWER = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
/** Of the answers that break off, so many are played at once. */
const AT_ONCE = 8;

const meets = (name: string, client: Client): void => {
  const play = async (t: TestContext, behave: Behaviour) => ends(t, client, await client.http(t, behave));

  describe(`${name}, with a server that`, { concurrency: 16 }, () => {
    for (const [behaviour, behave] of Object.entries({ ...HTTP_BEHAVIOURS, ...client.more }))
      it(behaviour, (t) => play(t, behave));

    for (const [behaviour, after] of Object.entries({ resets: resetsAfter, closes: endsAfter }))
      it(`${behaviour} after any byte of its answer`, async (t) => {
        await mapLimited([...ANSWER.keys()], AT_ONCE, (bytes) => play(t, after(ANSWER, bytes)));
      });

    it("is none over TLS", { skip: client.https === undefined }, async (t) => {
      const { isFault } = client;
      const servers = Object.entries(await hostileTlsServers(t));
      // All at once: `fetch` tries for ten seconds to shake hands, also where nobody waits any more.
      await mapLimited(servers, servers.length, ([behaviour, origin]) =>
        t.test(behaviour, async (inner) => ends(inner, { isFault }, await client.https!(inner, origin))),
      );
    });
  });
};

describe("clients", { timeout: HANG_GUARD, concurrency: 4 }, () => {
  for (const [name, client] of Object.entries(CLIENTS)) meets(name, client);
});

describe("the table of clients", () => {
  it("has every file that opens a connection", (t) => {
    const listed = new Set(Object.values(CLIENTS).flatMap(({ through }) => through));
    assert.deepEqual(filesThatConnect(t), [...listed].sort());
  });
});

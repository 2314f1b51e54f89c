import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stateReader } from "#shared/chain/subtensor/state.js";
import { coded } from "#tests/support/coded.js";

type Arguments = Parameters<typeof stateReader>;

describe("states of past blocks", () => {
  it("have the runtimes that a chain had, not as many as a node makes up", async () => {
    let version = 1;
    let decorated: number | undefined;
    let read = 0;
    const link = { request: async () => ({ specVersion: version }) } as unknown as Arguments[0];
    const runtimeVersion = { specVersion: { eq: (other: number) => other === 0 } };
    const at = async () => {
      read++;
      const specVersion = { toNumber: () => decorated ?? version };
      return { registry: {}, query: {}, call: {}, runtimeVersion: { specVersion } };
    };
    const { at: stateAt } = stateReader(link, { runtimeVersion, at } as unknown as Arguments[1]);
    let blocks = 0;
    const ask = () => stateAt("0xaa", `0x${(++blocks).toString(16)}`);
    const tooMany = coded("CHAIN_UNREACHABLE", /more than 64 runtimes/);
    for (; version <= 64; version++) for (let again = 0; again < 2; again++) await ask();
    for (; version <= 70; version++) await assert.rejects(ask(), tooMany);
    assert.equal(read, 128);
    for (version of [0, 5, 64]) await ask();
    // A node that says a known one, and then others.
    for (decorated = 1000; decorated < 1064; decorated++) await ask();
    await assert.rejects(ask(), tooMany);
    version = 0;
    await ask();
  });
});

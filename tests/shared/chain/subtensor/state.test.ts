import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stateReader } from "#shared/chain/subtensor/state.js";

type Arguments = Parameters<typeof stateReader>;

describe("states of past blocks", () => {
  it("have the runtimes that a chain had, not as many as a node makes up", async () => {
    let version = 1;
    let read = 0;
    const link = { request: async () => ({ specVersion: version }) } as unknown as Arguments[0];
    const runtimeVersion = { specVersion: { eq: (other: number) => other === 0 } };
    const at = async () => {
      read++;
      const specVersion = { toNumber: () => version };
      return { registry: {}, query: {}, call: {}, runtimeVersion: { specVersion } };
    };
    const { at: stateAt } = stateReader(link, { runtimeVersion, at } as unknown as Arguments[1]);
    let blocks = 0;
    const ask = () => stateAt("0xaa", `0x${(++blocks).toString(16)}`);
    for (; version <= 32; version++) for (let again = 0; again < 2; again++) await ask();
    for (; version <= 40; version++) await assert.rejects(ask(), /names runtimes without end/);
    assert.equal(read, 65);
    version = 0;
    await ask();
  });
});

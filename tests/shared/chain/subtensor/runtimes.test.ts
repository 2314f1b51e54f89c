import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blake2AsHex } from "@polkadot/util-crypto";
import { settlementsIn } from "#shared/chain/subtensor/inclusion.js";
import { runtimeReader } from "#shared/chain/subtensor/runtimes.js";
import { coded } from "#tests/support/coded.js";

type Arguments = Parameters<typeof runtimeReader>;

/** A node that says of each block what the test says, once and then to `api.at`, and a library that keeps each runtime by name and version. */
const startNode = () => {
  const says = { specName: "a", specVersion: 1 };
  const then: { specName?: string; specVersion?: number } = {};
  let read = 0;
  const registries = new Map<string, object>();
  const link = { request: async () => ({ ...says }) } as unknown as Arguments[0];
  const at = async () => {
    read++;
    const { specName, specVersion } = { ...says, ...then };
    const key = `${specVersion} ${specName}`;
    const registry = registries.get(key) ?? {};
    registries.set(key, registry);
    const runtimeVersion = { specName: { toString: () => specName }, specVersion: { toNumber: () => specVersion } };
    return { registry, query: {}, call: {}, runtimeVersion };
  };
  const runtimeVersion = { specVersion: { eq: (other: number) => other === 0 } };
  const runtimeAt = runtimeReader(link, { runtimeVersion, at } as unknown as Arguments[1]);
  let blocks = 0;
  const ask = () => runtimeAt("0xaa", `0x${(++blocks).toString(16)}`);
  return { says, then, ask, read: () => read, kept: () => registries.size };
};
const tooMany = coded("CHAIN_UNREACHABLE", /more than 64 runtimes/);

describe("runtimes of past blocks", () => {
  it("are those that a chain had, not as many as a node makes up", async () => {
    const { says, then, ask, read, kept } = startNode();
    for (; says.specVersion <= 64; says.specVersion++) for (let again = 0; again < 2; again++) await ask();
    for (; says.specVersion <= 70; says.specVersion++) await assert.rejects(ask(), tooMany);
    assert.equal(read(), 128);
    for (says.specVersion of [0, 5, 64]) await ask();
    // A node that says a known one, and then others.
    for (then.specVersion = 1000; then.specVersion < 1064; then.specVersion++) await ask();
    await assert.rejects(ask(), tooMany);
    assert.equal(kept(), 128);
    says.specVersion = 0;
    await ask();
  });

  it("are as many, where a node makes up names of one version", async () => {
    const { says, then, ask, kept } = startNode();
    for (let i = 1; i <= 64; i++) {
      says.specName = `name ${i}`;
      await ask();
    }
    says.specName = "another";
    await assert.rejects(ask(), tooMany);
    says.specName = "name 1";
    for (let i = 65; i <= 128; i++) {
      then.specName = `name ${i}`;
      await ask();
    }
    await assert.rejects(ask(), tooMany);
    assert.equal(kept(), 128);
  });

  it("are read by the same bound where a block holds an extrinsic of ours", async () => {
    const [ours, parentHash, hash] = ["0x01", `0x${"11".repeat(32)}`, `0x${"22".repeat(32)}` as const] as const;
    const answers: Record<string, unknown> = {
      chain_getBlock: { block: { header: { number: "0x5", parentHash }, extrinsics: [ours] } },
      state_getStorage: null,
    };
    const link = { request: async (method: string) => answers[method] } as unknown as Arguments[0];
    const asked: unknown[] = [];
    const runtimeAt = async (...of: readonly unknown[]) => {
      asked.push(of);
      return { registry: { createType: () => [] }, query: {}, call: {} } as never;
    };
    const wanted = new Set([blake2AsHex(ours, 256).slice(2)]);
    const found = await settlementsIn(link, runtimeAt, { number: 5, hash }, wanted);
    assert.deepEqual([found?.length, asked], [1, [[hash, parentHash]]]);
  });
});

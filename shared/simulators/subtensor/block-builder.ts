import type { TypeRegistry } from "@polkadot/types";
import type { EventRecord } from "@polkadot/types/interfaces";
import type { Vec } from "@polkadot/types-codec";
import { hexToU8a, stringToU8a, u8aConcat, u8aToHex } from "@polkadot/util";
import { blake2AsHex, xxhashAsHex } from "@polkadot/util-crypto";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { Executed, Executor, Hex, RuntimeCalls, StorageView } from "./executor.js";
import type { Pooled } from "./pool.js";

export interface Block {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** SCALE. */
  readonly header: Hex;
  readonly extrinsics: readonly Hex[];
}

/** The block to build on. */
export interface Parent {
  readonly number: number;
  readonly hash: Hex;
  readonly state: StorageView;
}

type Changes = Executed["changes"];

export interface BlockBuilder {
  /** Builds a block of all extrinsics that the runtime accepts, in this order. */
  build(parent: Parent, time: number, pooled: readonly Pooled[]): Promise<BuiltBlock>;
  /** Builds empty blocks, one slot apart, in one task. Only the state after the last one is known. */
  buildEmpty(
    parent: Parent,
    time: number,
    count: number,
  ): Promise<{ readonly blocks: readonly Block[]; readonly changes: Changes }>;
}

export interface BuiltBlock {
  readonly block: Block;
  readonly changes: Changes;
  readonly taken: readonly Pooled[];
}

const ZERO: Hex = `0x${"00".repeat(32)}`;
const EVENTS = `${xxhashAsHex("System", 128)}${xxhashAsHex("Events", 128).slice(2)}`;
const FINALIZE = ["BlockBuilder_finalize_block"] as const;
/** The id of the consensus engine. */
const AURA = u8aToHex(stringToU8a("aura"));

/** Block 0. Its hash identifies the chain: a different genesis gives a different hash, although its root is not a trie root. */
export const genesisBlock = (registry: TypeRegistry, storage: ReadonlyMap<Hex, Hex>): Block => {
  const entries = [...storage].sort(([a], [b]) => compareTexts(a, b));
  const stateRoot = blake2AsHex(u8aConcat(...entries.flat().map((part) => hexToU8a(part))));
  const digest = { logs: [] };
  const header = registry
    .createType("Header", { parentHash: ZERO, number: 0, stateRoot, extrinsicsRoot: ZERO, digest })
    .toHex();
  return { number: 0, hash: hashOf(header), parentHash: ZERO, header, extrinsics: [] };
};

const hashOf = (header: Hex): Hex => blake2AsHex(hexToU8a(header));

/** @param slotDuration milliseconds */
export const createBlockBuilder = (executor: Executor, registry: TypeRegistry, slotDuration: number): BlockBuilder => {
  const timestamp = registry.metadata.pallets.find(({ name }) => name.eq("Timestamp"))!;
  // `set` is the pallet's only call.
  const setTime = new Uint8Array([timestamp.index.toNumber(), 0]);

  /** The parts of a block that are known before it is executed, and the calls that execute it. Roots are not computed, because nobody checks them. */
  const opened = (parent: Pick<Parent, "number" | "hash">, time: number, signed: readonly Pooled[]) => {
    const call = registry.createType("Call", { callIndex: setTime, args: [time] });
    const extrinsics = [registry.createType("Extrinsic", call).toHex(), ...signed.map(({ bytes }) => bytes)];
    const number = parent.number + 1;
    const slot = registry.createType("u64", Math.floor(time / slotDuration));
    const header = registry
      .createType("Header", {
        parentHash: parent.hash,
        number,
        stateRoot: ZERO,
        extrinsicsRoot: blake2AsHex(u8aConcat(...extrinsics.map((bytes) => hexToU8a(bytes)))),
        digest: { logs: [{ PreRuntime: [AURA, u8aToHex(slot.toU8a())] }] },
      })
      .toHex();
    const block: Block = { number, hash: hashOf(header), parentHash: parent.hash, header, extrinsics };
    const apply = extrinsics.map((bytes) => ["BlockBuilder_apply_extrinsic", bytes] as const);
    const calls: RuntimeCalls = [["Core_initialize_block", header], ...apply];
    return { block, calls };
  };

  /** A task returns only its last call's result. The events tell how many extrinsics were applied, nearly always all. */
  const appliedCount = (changes: Changes): number => {
    const value = changes.find(([key]) => key === EVENTS)?.[1];
    if (!value) return 0;
    const events = registry.createType<Vec<EventRecord>>("Vec<EventRecord>", hexToU8a(value));
    return events.filter(({ event }) => /^Extrinsic(Success|Failed)$/.test(event.method)).length;
  };

  /** The extrinsics that the runtime still accepts, checked one after the other: valid on arrival, they may be invalid now. */
  const applicable = async (parent: Parent, time: number, pooled: readonly Pooled[]): Promise<readonly Pooled[]> => {
    const taken: Pooled[] = [];
    for (const one of pooled) {
      const { calls } = opened(parent, time, [...taken, one]);
      const outcome = await executor.run(calls, parent.state, true).then(
        ({ result }) => hexToU8a(result)[0],
        () => 1,
      );
      if (outcome === 0) taken.push(one);
    }
    return taken;
  };

  const attempt = async (parent: Parent, time: number, taken: readonly Pooled[]): Promise<BuiltBlock> => {
    const { block, calls } = opened(parent, time, taken);
    const { changes } = await executor.run([...calls, FINALIZE], parent.state, true);
    return { block, changes, taken };
  };

  return {
    build: async (parent, time, pooled) => {
      const built = await attempt(parent, time, pooled);
      if (appliedCount(built.changes) === built.block.extrinsics.length) return built;
      return attempt(parent, time, await applicable(parent, time, pooled));
    },
    buildEmpty: async (parent, time, count) => {
      const batch: ReturnType<typeof opened>[] = [];
      for (let i = 0; i < count; i++) batch.push(opened(batch.at(-1)?.block ?? parent, time + i * slotDuration, []));
      const calls = batch.flatMap((one) => [...one.calls, FINALIZE]);
      const { changes } = await executor.run(calls, parent.state, true);
      return { blocks: batch.map(({ block }) => block), changes };
    },
  };
};

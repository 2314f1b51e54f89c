import { readFile } from "node:fs/promises";
import { emptyTaskHandler, runTask, type TaskCall } from "@acala-network/chopsticks-core";
import { expandMetadata, Metadata, TypeRegistry } from "@polkadot/types";
import type { StorageEntry } from "@polkadot/types/primitive/types";
import { compactAddLength, hexToU8a, stringToU8a, u8aToHex } from "@polkadot/util";

type Hex = `0x${string}`;
type Decorated = ReturnType<typeof expandMetadata>;

/** Milliseconds of an Aura slot, and so between two blocks. */
const SLOT_MS = 1000;
const START_MS = 1_750_000_000_000;
const SYSTEM_CODE: Hex = "0x3a636f6465";

/** What the runtime said of one extrinsic. */
export type Applied =
  | { readonly kind: "ok" }
  /** The dispatch failed: the error's name in its pallet. */
  | { readonly kind: "error"; readonly name: string }
  /** It never gets into a block: `Custom(n)` or Substrate's own name. */
  | { readonly kind: "invalid"; readonly name: string };

/**
 * A Substrate runtime executed without a node: its storage is a map that the recorder writes as it likes, and a block may
 * have any number. Only what the recorders need; `tests/support/subtensor-node` is the chain for everything else.
 */
export class OfflineRuntime {
  readonly #wasm: Hex;
  readonly #storage: Map<string, Hex>;
  readonly #decorated: Decorated;
  readonly registry: TypeRegistry;
  #sortedKeys: readonly string[] | undefined;

  private constructor(wasm: Hex, storage: Map<string, Hex>, registry: TypeRegistry, decorated: Decorated) {
    this.#wasm = wasm;
    this.#storage = storage;
    this.registry = registry;
    this.#decorated = decorated;
  }

  /** A runtime on the genesis that its own builder makes of a preset; `amend` changes the preset's JSON first. */
  static async open(file: string, amend: (preset: Record<string, unknown>) => void): Promise<OfflineRuntime> {
    const wasm = u8aToHex(await readFile(file));
    const bare = async (name: string, argument: Hex) => call(wasm, [[name, [argument]]], new Map());
    const answer = hexToU8a((await bare("GenesisBuilder_get_preset", "0x00")).result);
    const preset: unknown = JSON.parse(Buffer.from(answer.subarray(answer.indexOf(0x7b))).toString());
    amend(preset as Record<string, unknown>);
    const built = await bare(
      "GenesisBuilder_build_state",
      u8aToHex(compactAddLength(stringToU8a(JSON.stringify(preset)))),
    );
    const storage = new Map<string, Hex>();
    for (const [key, value] of built.storageDiff) if (value !== null) storage.set(key, value);
    storage.set(SYSTEM_CODE, wasm);

    const registry = new TypeRegistry();
    const opaque = (await bare("Metadata_metadata_at_version", "0x0f000000")).result;
    // Option<OpaqueMetadata>: one byte, then the compact length, both of which the codec takes off.
    const bytes = registry.createType("Option<Bytes>", opaque).unwrap();
    const metadata = new Metadata(registry, u8aToHex(hexToU8a(bytes.toHex())));
    registry.setMetadata(metadata);
    const runtime = new OfflineRuntime(wasm, storage, registry, expandMetadata(registry, metadata));
    runtime.write("timestamp", "now", [], START_MS);
    return runtime;
  }

  get query(): Decorated["query"] {
    return this.#decorated.query;
  }

  get tx(): Decorated["tx"] {
    return this.#decorated.tx;
  }

  get wasm(): Hex {
    return this.#wasm;
  }

  /** A copy that goes its own way. */
  fork(): OfflineRuntime {
    return new OfflineRuntime(this.#wasm, new Map(this.#storage), this.registry, this.#decorated);
  }

  write(pallet: string, item: string, keys: readonly unknown[], value: unknown): void {
    const entry = this.#entry(pallet, item);
    const hex = this.registry.createType(this.#valueType(entry), value).toHex(true);
    this.#storage.set(u8aToHex(storageKey(entry, keys)), hex);
    this.#sortedKeys = undefined;
  }

  remove(pallet: string, item: string, keys: readonly unknown[]): void {
    this.#storage.delete(u8aToHex(storageKey(this.#entry(pallet, item), keys)));
    this.#sortedKeys = undefined;
  }

  /** The stored value as JSON, the item's default where there is none. */
  read(pallet: string, item: string, keys: readonly unknown[] = []): unknown {
    const entry = this.#entry(pallet, item);
    const stored = this.#storage.get(u8aToHex(storageKey(entry, keys)));
    return this.registry
      .createType(this.#valueType(entry), stored === undefined ? entry.meta.fallback.toU8a(true) : hexToU8a(stored))
      .toJSON();
  }

  /**
   * Executes block `number` (which need not follow the last) with signed extrinsics in it. Its effects are kept.
   * `finish` false leaves the block open at its end, which is enough to see what its start did.
   */
  async block(number: number, extrinsics: readonly Hex[] = [], finish = true): Promise<readonly Applied[]> {
    const now = START_MS + number * SLOT_MS;
    const slot = this.registry.createType("u64", now / SLOT_MS).toU8a();
    const zero = `0x${"00".repeat(32)}`;
    const header = this.registry.createType("Header", {
      parentHash: zero,
      number,
      stateRoot: zero,
      extrinsicsRoot: zero,
      digest: { logs: [{ PreRuntime: ["0x61757261", u8aToHex(slot)] }] },
    });
    const inherent = this.registry.createType("Extrinsic", this.tx["timestamp"]!["set"]!(now)).toHex();
    const calls: TaskCall["calls"] = [["Core_initialize_block", [header.toHex()]]];
    if (finish) {
      for (const extrinsic of [inherent, ...extrinsics]) calls.push(["BlockBuilder_apply_extrinsic", [extrinsic]]);
    }
    // A task answers with its last result only, so each extrinsic is asked for with those before it.
    const applied: Applied[] = [];
    for (let count = 1; finish && count <= extrinsics.length; count++) {
      const { result } = await call(this.#wasm, calls.slice(0, count + 2), this.#storage, this.#keys());
      applied.push(this.#outcome(result));
    }
    if (finish) calls.push(["BlockBuilder_finalize_block", []]);
    const { storageDiff } = await call(this.#wasm, calls, this.#storage, this.#keys());
    for (const [key, value] of storageDiff) {
      if (value === null) this.#storage.delete(key);
      else this.#storage.set(key, value);
    }
    this.#sortedKeys = undefined;
    return applied;
  }

  #outcome(hex: Hex): Applied {
    const bytes = hexToU8a(hex);
    // Result<Result<(), DispatchError>, TransactionValidityError>
    if (bytes[0] === 0) {
      if (bytes[1] === 0) return { kind: "ok" };
      const error = this.registry.createType("DispatchError", bytes.subarray(2));
      if (!error.isModule) return { kind: "error", name: error.type };
      return { kind: "error", name: this.registry.findMetaError(error.asModule).name };
    }
    const invalid = this.registry.createType("TransactionValidityError", bytes.subarray(1));
    if (!invalid.isInvalid) return { kind: "invalid", name: "Unknown" };
    const { asInvalid } = invalid;
    return {
      kind: "invalid",
      name: asInvalid.isCustom ? `Custom(${asInvalid.asCustom.toNumber()})` : asInvalid.type,
    };
  }

  #entry(pallet: string, item: string): StorageEntry {
    const entry = this.query[pallet]?.[item];
    if (!entry) throw new Error(`the runtime has no storage ${pallet}.${item}`);
    return entry;
  }

  #valueType({ meta: { type } }: StorageEntry): string {
    const id = type.isPlain ? type.asPlain : type.asMap.value;
    return this.registry.createLookupType(id);
  }

  #keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#storage.keys()].sort();
    return this.#sortedKeys;
  }
}

const storageKey = (entry: StorageEntry, keys: readonly unknown[]): Uint8Array => {
  const key = keys.length === 0 ? entry() : entry(...(keys.length === 1 ? keys : [keys]).flat());
  // The decorated entry prefixes its key with the length.
  return key.subarray(key.length < 64 + 1 ? 1 : key[0]! & 1 ? 2 : 1);
};

const call = async (
  wasm: Hex,
  calls: TaskCall["calls"],
  storage: ReadonlyMap<string, Hex>,
  sorted: readonly string[] = [],
) => {
  const response = await runTask(
    { wasm, calls, mockSignatureHost: false, allowUnresolvedImports: true, runtimeLogLevel: 0 },
    {
      ...emptyTaskHandler,
      getStorage: async (key: Hex) => storage.get(key),
      getNextKey: async (prefix: Hex, key: Hex) => {
        const next = sorted[after(sorted, key)];
        return next?.startsWith(prefix) ? (next as Hex) : undefined;
      },
    },
  );
  if (!("Call" in response)) throw new Error(response.Error.slice(0, 500));
  return response.Call;
};

/** Index of the first key that comes after one. */
const after = (sorted: readonly string[], key: string): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low;
};

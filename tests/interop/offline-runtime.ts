import { readFile } from "node:fs/promises";
import { emptyTaskHandler, runTask, type TaskCall } from "@acala-network/chopsticks-core";
import type { KeyringPair } from "@polkadot/keyring/types";
import { expandMetadata, Metadata, TypeRegistry } from "@polkadot/types";
import type {
  DispatchError,
  Extrinsic,
  ExtrinsicEra,
  RuntimeVersion,
  TransactionValidityError,
} from "@polkadot/types/interfaces";
import type { StorageEntry } from "@polkadot/types/primitive/types";
import { compactAddLength, compactStripLength, hexToU8a, stringToU8a, u8aToHex } from "@polkadot/util";

type Hex = `0x${string}`;
type Calls = TaskCall["calls"];
type Decorated = ReturnType<typeof expandMetadata>;

/** Milliseconds of an Aura slot, and so between two blocks. */
const SLOT_MS = 1000;
const START_MS = 1_750_000_000_000;
const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;
/** The engine's name in a block's digest: "aura". */
const AURA: Hex = "0x61757261";
const FINALIZE: Calls[number] = ["BlockBuilder_finalize_block", []];
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
    // Option<OpaqueMetadata>: one byte, then bytes with their length.
    const [, bytes] = compactStripLength(hexToU8a(opaque).subarray(1));
    const metadata = new Metadata(registry, u8aToHex(bytes));
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

  get specVersion(): number {
    const { version } = this.#decorated.consts.system!;
    return this.registry.createType<RuntimeVersion>("RuntimeVersion", version!.toU8a()).specVersion.toNumber();
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

  /** The stored value as JSON; where there is none, the item's default or null. */
  read(pallet: string, item: string, keys: readonly unknown[] = []): unknown {
    const entry = this.#entry(pallet, item);
    const stored = this.#storage.get(u8aToHex(storageKey(entry, keys)));
    if (stored === undefined && entry.meta.modifier.isOptional) return null;
    return this.registry
      .createType(this.#valueType(entry), stored === undefined ? entry.meta.fallback.toU8a(true) : hexToU8a(stored))
      .toJSON();
  }

  /** Begins block `number`, which need not follow the last, and leaves it open: enough to see what its start does. */
  async begin(number: number): Promise<void> {
    await this.#run([this.#initialize(number)]);
  }

  /**
   * Executes block `number`; each extrinsic is signed only when those before it have been applied, so that its nonce is
   * right.
   */
  async block(number: number, extrinsics: readonly (() => Hex)[] = []): Promise<readonly Applied[]> {
    await this.#run([this.#initialize(number), this.#setTime(number)]);
    // A task answers with its last result only, so each extrinsic has its own.
    const applied: Applied[] = [];
    for (const sign of extrinsics) {
      applied.push(this.#outcome(await this.#run([["BlockBuilder_apply_extrinsic", [sign()]]])));
    }
    await this.#run([FINALIZE]);
    return applied;
  }

  /** Executes the empty blocks from one to another, both included. */
  async emptyBlocks(from: number, to: number): Promise<void> {
    const calls: Calls = [];
    for (let number = from; number <= to; number++)
      calls.push(this.#initialize(number), this.#setTime(number), FINALIZE);
    if (calls.length > 0) await this.#run(calls);
  }

  /** Signs a call, valid for ever on this runtime, with the signer's nonce of now. */
  sign(pallet: string, name: string, args: readonly unknown[], signer: KeyringPair): Hex {
    const call = this.tx[pallet]?.[name]?.(...args);
    if (!call) throw new Error(`the runtime has no call ${pallet}.${name}`);
    const { nonce } = this.read("system", "account", [signer.address]) as { nonce: number };
    const { version } = this.#decorated.consts.system!;
    const runtimeVersion = this.registry.createType<RuntimeVersion>("RuntimeVersion", version!.toU8a());
    const extrinsic = this.registry.createType<Extrinsic>("Extrinsic", { method: call }, { version: 4 });
    extrinsic.sign(signer, {
      blockHash: ZERO_HASH,
      genesisHash: ZERO_HASH,
      era: this.registry.createType<ExtrinsicEra>("ExtrinsicEra"),
      nonce,
      tip: 0,
      runtimeVersion,
    });
    return extrinsic.toHex();
  }

  #initialize(number: number): Calls[number] {
    const slot = this.registry.createType("u64", timeOf(number) / SLOT_MS).toU8a();
    const header = this.registry.createType("Header", {
      parentHash: ZERO_HASH,
      number,
      stateRoot: ZERO_HASH,
      extrinsicsRoot: ZERO_HASH,
      digest: { logs: [{ PreRuntime: [AURA, u8aToHex(slot)] }] },
    });
    return ["Core_initialize_block", [header.toHex()]];
  }

  #setTime(number: number): Calls[number] {
    const inherent = this.registry.createType("Extrinsic", this.tx.timestamp!.set!(timeOf(number))).toHex();
    return ["BlockBuilder_apply_extrinsic", [inherent]];
  }

  async #run(calls: Calls): Promise<Hex> {
    const { result, storageDiff } = await call(this.#wasm, calls, this.#storage, this.#keys());
    for (const [key, value] of storageDiff) {
      if (value === null) this.#storage.delete(key);
      else this.#storage.set(key, value);
    }
    this.#sortedKeys = undefined;
    return result;
  }

  #outcome(hex: Hex): Applied {
    const bytes = hexToU8a(hex);
    // Result<Result<(), DispatchError>, TransactionValidityError>
    if (bytes[0] === 0) {
      if (bytes[1] === 0) return { kind: "ok" };
      const error = this.registry.createType<DispatchError>("DispatchError", bytes.subarray(2));
      if (!error.isModule) return { kind: "error", name: error.type };
      return { kind: "error", name: this.registry.findMetaError(error.asModule).name };
    }
    const invalid = this.registry.createType<TransactionValidityError>("TransactionValidityError", bytes.subarray(1));
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

const timeOf = (block: number): number => START_MS + block * SLOT_MS;

const storageKey = (entry: StorageEntry, keys: readonly unknown[]): Uint8Array => compactStripLength(entry(...keys))[1];

const call = async (wasm: Hex, calls: Calls, storage: ReadonlyMap<string, Hex>, sorted: readonly string[] = []) => {
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

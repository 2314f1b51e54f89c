import type { TypeRegistry } from "@polkadot/types";
import type { EventRecord } from "@polkadot/types/interfaces";
import type { Vec } from "@polkadot/types-codec";
import { hexToU8a, stringToU8a, u8aConcat, u8aToHex } from "@polkadot/util";
import { blake2AsHex, xxhashAsHex } from "@polkadot/util-crypto";
import { createExecutor, type Executor, type Hex, type RuntimeCalls } from "./executor.js";
import { buildGenesis, type SubtensorGenesis } from "./genesis.js";
import {
  decodeExtrinsic,
  invalidity,
  Pool,
  type Pooled,
  type PoolStatus,
  RpcFault,
  validationArgument,
} from "./pool.js";
import { VersionedStorage } from "./versioned-storage.js";

export interface BlockHeader {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** SCALE. */
  readonly header: Hex;
  readonly extrinsics: readonly Hex[];
  /** Not kept for a block within a batch of empty ones. */
  readonly hasState: boolean;
}

export interface NodeOptions {
  readonly wasm: Hex;
  readonly genesis: SubtensorGenesis;
}

/** Blocks whose state can be read, as a node keeps that prunes. */
const RETENTION = 4096;
/** Blocks of a batch: a longer one costs more a block. */
const BATCH = 20;
const ZERO: Hex = `0x${"00".repeat(32)}`;
const ACCOUNT = `${xxhashAsHex("System", 128)}${xxhashAsHex("Account", 128).slice(2)}`;
const EVENTS = `${xxhashAsHex("System", 128)}${xxhashAsHex("Events", 128).slice(2)}` as Hex;
const TIMESTAMP = `${xxhashAsHex("Timestamp", 128)}${xxhashAsHex("Now", 128).slice(2)}` as Hex;
const CACHED_CALLS = 1024;

/** One node that executes a subtensor runtime: it has no peers, builds blocks when told to, and each is final. */
export class SubtensorNode {
  readonly registry: TypeRegistry;
  readonly pool = new Pool();
  readonly #executor: Executor;
  readonly #storage = new VersionedStorage();
  readonly #blocks: BlockHeader[];
  readonly #numbers = new Map<Hex, number>();
  readonly #onBlock = new Set<(block: BlockHeader) => void>();
  /** What a runtime API answered: everybody asks the same of a new block. */
  readonly #answers = new Map<string, Promise<Hex>>();
  /** Milliseconds between two blocks at least, by the chain's own time. */
  readonly slotDuration: number;
  /** Index of `timestamp.set`, the pallet's only call. */
  readonly #setTime: Uint8Array;
  #building: Promise<unknown> = Promise.resolve();

  private constructor(
    executor: Executor,
    { storage, registry, slotDuration }: Awaited<ReturnType<typeof buildGenesis>>,
  ) {
    this.#executor = executor;
    this.registry = registry;
    this.slotDuration = slotDuration;
    const timestamp = registry.metadata.pallets.find(({ name }) => name.eq("Timestamp"))!;
    this.#setTime = new Uint8Array([timestamp.index.toNumber(), 0]);
    this.#storage.write(0, storage);
    const header = this.#genesisHeader(storage);
    this.#blocks = [{ number: 0, hash: hashOf(header), parentHash: ZERO, header, extrinsics: [], hasState: true }];
    this.#numbers.set(this.head.hash, 0);
  }

  /** @throws CHOPSTICKS_MISSING, or what the runtime's builder says of the genesis */
  static async open({ wasm, genesis }: NodeOptions): Promise<SubtensorNode> {
    const executor = await createExecutor(wasm);
    try {
      return new SubtensorNode(executor, await buildGenesis(executor, wasm, genesis));
    } catch (error) {
      await executor.close();
      throw error;
    }
  }

  get head(): BlockHeader {
    return this.#blocks.at(-1)!;
  }

  block(at: number | Hex): BlockHeader | undefined {
    const number = typeof at === "number" ? at : this.#numbers.get(at);
    return number === undefined ? undefined : this.#blocks[number];
  }

  onBlock(listener: (block: BlockHeader) => void): () => void {
    this.#onBlock.add(listener);
    return () => this.#onBlock.delete(listener);
  }

  /** Throws `RpcFault` where the block is unknown or its state is gone. */
  state(at: Hex = this.head.hash) {
    const block = this.block(at);
    if (!block) throw new RpcFault(4003, `Client error: UnknownBlock: Header was not found in the database: ${at}`);
    if (!block.hasState || block.number < this.#storage.oldest)
      throw new RpcFault(4003, `Client error: Api called for an unknown Block: State already discarded for ${at}`);
    return this.#storage.at(block.number);
  }

  /** Executes an entry point of the runtime; changes nothing. */
  call(method: string, argument: Hex, at: Hex = this.head.hash): Promise<Hex> {
    const ofCode = /^(Core_version|Metadata_)/.test(method);
    // The runtime is the same at every block: nothing here upgrades it.
    const key = ofCode ? `${method}${argument}` : `${at}${method}${argument}`;
    const known = this.#answers.get(key);
    if (known) return known;
    const view = this.state(ofCode ? this.head.hash : at);
    const answer = this.#executor.run([[method, argument]], view).then(
      ({ result }) => result,
      (error: unknown) => {
        throw new RpcFault(4003, `Client error: Execution failed: ${error instanceof Error ? error.message : error}`);
      },
    );
    this.#answers.set(key, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > CACHED_CALLS && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }

  /** Takes a signed extrinsic into the pool. Throws `RpcFault` as a node refuses. */
  async submit(bytes: Hex): Promise<Pooled> {
    const pooled = decodeExtrinsic(this.registry, bytes);
    this.pool.admit(pooled);
    const argument = u8aToHex(validationArgument(bytes, this.head.hash));
    const validity = hexToU8a(await this.call("TaggedTransactionQueue_validate_transaction", argument));
    if (validity[0] !== 0) throw invalidity(this.registry, validity.subarray(1));
    this.pool.admit(pooled);
    this.pool.add(pooled);
    return pooled;
  }

  /** The account's next nonce, after what waits in the pool. */
  nextNonce(signer: Hex): number {
    return this.pool.nextNonce(signer, this.#nonce(signer));
  }

  /**
   * Builds blocks at once; what waits goes into the first, whose time is a slot after its parent's.
   * @param now milliseconds since the epoch: where the chain's time is behind, the first block takes it there
   */
  newBlocks(count: number, now = 0): Promise<BlockHeader> {
    const built = this.#building.then(async () => {
      await this.#build(
        this.pool.ready((signer) => this.#nonce(signer)),
        this.#nextTime(now),
      );
      for (let left = count - 1; left > 0; left -= BATCH) await this.#buildEmpty(Math.min(left, BATCH));
      return this.head;
    });
    this.#building = built.catch(() => {});
    return built;
  }

  /** Changes the newest block's state, whatever the runtime thinks of it. */
  setStorage(changes: readonly (readonly [Hex, Hex | null])[]): Promise<void> {
    const done = this.#building.then(() => {
      this.#storage.write(this.head.number, changes);
      this.#answers.clear();
    });
    this.#building = done;
    return done;
  }

  async close(): Promise<void> {
    await this.#building;
    await this.#executor.close();
  }

  #nonce(signer: Hex): number {
    const account = this.state().get(
      `${ACCOUNT}${blake2AsHex(hexToU8a(signer), 128).slice(2)}${signer.slice(2)}` as Hex,
    );
    // AccountInfo begins with the nonce, u32.
    return account === undefined ? 0 : Buffer.from(hexToU8a(account)).readUInt32LE();
  }

  #time(): number {
    const stored = Buffer.from(hexToU8a(this.state().get(TIMESTAMP))).readBigUInt64LE();
    return Number(stored);
  }

  /** Names the chain: what differs at its beginning has another hash, though its root is no trie's. */
  #genesisHeader(storage: ReadonlyMap<Hex, Hex>): Hex {
    const entries = [...storage].sort(([a], [b]) => (a < b ? -1 : 1));
    const stateRoot = blake2AsHex(u8aConcat(...entries.flat().map((part) => hexToU8a(part))));
    return this.registry
      .createType("Header", { parentHash: ZERO, number: 0, stateRoot, extrinsicsRoot: ZERO, digest: { logs: [] } })
      .toHex();
  }

  /** Roots are not computed: nobody but this node would check them. */
  #header(number: number, parentHash: Hex, time: number, extrinsics: readonly Hex[]): Hex {
    const slot = this.registry.createType("u64", Math.floor(time / this.slotDuration));
    const logs = [{ PreRuntime: [AURA, u8aToHex(slot.toU8a())] }];
    const extrinsicsRoot = blake2AsHex(u8aConcat(...extrinsics.map((bytes) => hexToU8a(bytes))));
    return this.registry
      .createType("Header", { parentHash, number, stateRoot: ZERO, extrinsicsRoot, digest: { logs } })
      .toHex();
  }

  #opened(parent: Pick<BlockHeader, "number" | "hash">, time: number, signed: readonly Hex[]): OpenBlock {
    const inherent = this.registry
      .createType("Extrinsic", this.registry.createType("Call", { callIndex: this.#setTime, args: [time] }))
      .toHex();
    const extrinsics = [inherent, ...signed];
    const number = parent.number + 1;
    const header = this.#header(number, parent.hash, time, extrinsics);
    return {
      block: { number, hash: hashOf(header), parentHash: parent.hash, header, extrinsics },
      calls: [
        ["Core_initialize_block", header],
        ...extrinsics.map((bytes) => ["BlockBuilder_apply_extrinsic", bytes] as const),
      ],
    };
  }

  #nextTime(now: number): number {
    return Math.max(this.#time() + this.slotDuration, now - (now % this.slotDuration));
  }

  async #build(pooled: readonly Pooled[], time: number): Promise<void> {
    const attempt = async (taken: readonly Pooled[]) => {
      const { block, calls } = this.#opened(
        this.head,
        time,
        taken.map(({ bytes }) => bytes),
      );
      const { changes } = await this.#executor.run([...calls, FINALIZE], this.state(), true);
      return { block, changes, complete: this.#appliedCount(changes) === block.extrinsics.length };
    };
    let taken = pooled;
    let built = await attempt(taken);
    if (!built.complete) {
      taken = await this.#applicable(pooled, time);
      built = await attempt(taken);
    }
    this.#append(built.block, built.changes, true);
    for (const { watchers, hash } of pooled) {
      const isIn = taken.some((one) => one.hash === hash);
      for (const notify of watchers)
        for (const status of isIn ? this.#included() : ["invalid" as const]) notify(status);
    }
    for (const gone of pooled) this.pool.remove(gone);
  }

  #included(): readonly PoolStatus[] {
    return [{ inBlock: this.head.hash }, { finalized: this.head.hash }];
  }

  /** A task shows its last call's result only: the events tell how many extrinsics went in, nearly always all. */
  #appliedCount(changes: Iterable<readonly [Hex, Hex | null]>): number {
    for (const [key, value] of changes) {
      if (key !== EVENTS || value === null) continue;
      const events = this.registry.createType<Vec<EventRecord>>("Vec<EventRecord>", hexToU8a(value));
      const isOutcome = ({ event }: EventRecord) => /^Extrinsic(Success|Failed)$/.test(event.method);
      return events.filter(isOutcome).length;
    }
    return 0;
  }

  /** Those that the runtime still takes, one after the other: valid when they came, they may no longer be. */
  async #applicable(pooled: readonly Pooled[], time: number): Promise<readonly Pooled[]> {
    const taken: Pooled[] = [];
    for (const one of pooled) {
      const { calls } = this.#opened(
        this.head,
        time,
        [...taken, one].map(({ bytes }) => bytes),
      );
      const outcome = await this.#executor.run(calls, this.state(), true).then(
        ({ result }) => hexToU8a(result)[0],
        () => 1,
      );
      if (outcome === 0) taken.push(one);
    }
    return taken;
  }

  /** One task for all of them; what lies between the first and the last has no state that could be read. */
  async #buildEmpty(count: number): Promise<void> {
    let time = this.#time();
    let parent: Pick<BlockHeader, "number" | "hash"> = this.head;
    const batch: OpenBlock[] = [];
    for (let i = 0; i < count; i++) {
      time += this.slotDuration;
      const opened = this.#opened(parent, time, []);
      batch.push(opened);
      parent = opened.block;
    }
    const calls = batch.flatMap(({ calls }) => [...calls, FINALIZE]);
    const { changes } = await this.#executor.run(calls, this.state(), true);
    for (const [i, { block }] of batch.entries()) {
      const isLast = i === batch.length - 1;
      this.#append(block, isLast ? changes : [], isLast);
    }
  }

  #append(opened: OpenBlock["block"], changes: Iterable<readonly [Hex, Hex | null]>, hasState: boolean): void {
    const block: BlockHeader = { ...opened, hasState };
    this.#storage.forget(Math.max(0, block.number - RETENTION));
    this.#storage.write(block.number, changes);
    this.#blocks.push(block);
    this.#numbers.set(block.hash, block.number);
    for (const listener of [...this.#onBlock]) listener(block);
  }
}

interface OpenBlock {
  readonly block: Omit<BlockHeader, "hasState">;
  readonly calls: RuntimeCalls;
}

const FINALIZE = ["BlockBuilder_finalize_block"] as const;
/** The consensus engine's id. */
const AURA = u8aToHex(stringToU8a("aura"));

const hashOf = (header: Hex): Hex => blake2AsHex(hexToU8a(header));

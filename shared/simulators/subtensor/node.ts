import type { TypeRegistry } from "@polkadot/types";
import { hexToU8a, u8aToHex } from "@polkadot/util";
import { blake2AsHex, xxhashAsHex } from "@polkadot/util-crypto";
import { type BeaconPulses, beaconPulses } from "./beacon-pulses.js";
import { type Block, type BlockBuilder, createBlockBuilder, genesisBlock } from "./block-builder.js";
import { createExecutor, type Executor, type Hex, type StorageView } from "./executor.js";
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

export interface BlockHeader extends Block {
  /** False for a block within a batch of empty ones. */
  readonly hasState: boolean;
}

export interface NodeOptions {
  readonly wasm: Hex;
  readonly genesis: SubtensorGenesis;
}

/** Number of blocks by which finality follows the newest block, as with GRANDPA in normal operation. */
const FINALITY_BLOCKS = 2;

/** Number of blocks whose state can be read, as in a pruning node. */
const RETENTION = 4096;
/** Number of blocks in a batch. In a longer batch each block takes more time. */
const BATCH = 20;
const ACCOUNT = `${xxhashAsHex("System", 128)}${xxhashAsHex("Account", 128).slice(2)}`;
const TIMESTAMP = `${xxhashAsHex("Timestamp", 128)}${xxhashAsHex("Now", 128).slice(2)}` as Hex;
const CACHED_CALLS = 1024;

/** A single node that executes a subtensor runtime. It has no peers, and builds blocks on request. */
export class SubtensorNode {
  readonly registry: TypeRegistry;
  readonly pool = new Pool();
  readonly #executor: Executor;
  readonly #builder: BlockBuilder;
  readonly #storage = new VersionedStorage();
  readonly #blocks: BlockHeader[];
  readonly #numbers = new Map<Hex, number>();
  readonly #onBlock = new Set<(block: BlockHeader) => void>();
  readonly #onFinalized = new Set<(block: BlockHeader) => void>();
  /** Extrinsics of blocks that are not final yet. */
  #unfinalized: readonly { readonly block: BlockHeader; readonly pooled: Pooled }[] = [];
  readonly #pulses: BeaconPulses | undefined;
  /** Cached answers of runtime APIs: all clients request the same for a new block. */
  readonly #answers = new Map<string, Promise<Hex>>();
  /** Least time in milliseconds between two blocks, by the chain's own clock. */
  readonly slotDuration: number;
  #building: Promise<unknown> = Promise.resolve();

  private constructor(
    executor: Executor,
    { storage, registry, slotDuration }: Awaited<ReturnType<typeof buildGenesis>>,
    { drand }: SubtensorGenesis,
  ) {
    this.#executor = executor;
    this.registry = registry;
    this.slotDuration = slotDuration;
    this.#builder = createBlockBuilder(executor, registry, slotDuration);
    this.#pulses = drand && beaconPulses(registry, drand);
    this.#storage.write(0, storage);
    this.#blocks = [{ ...genesisBlock(registry, storage), hasState: true }];
    this.#numbers.set(this.head.hash, 0);
  }

  /** @throws CHOPSTICKS_MISSING, or what the runtime's builder reports about the genesis */
  static async open({ wasm, genesis }: NodeOptions): Promise<SubtensorNode> {
    const executor = await createExecutor(wasm);
    try {
      return new SubtensorNode(executor, await buildGenesis(executor, wasm, genesis), genesis);
    } catch (error) {
      await executor.close();
      throw error;
    }
  }

  get head(): BlockHeader {
    return this.#blocks.at(-1)!;
  }

  /** The newest block that is final. */
  get finalized(): BlockHeader {
    return this.#blocks[Math.max(0, this.head.number - FINALITY_BLOCKS)]!;
  }

  block(at: number | Hex): BlockHeader | undefined {
    const number = typeof at === "number" ? at : this.#numbers.get(at);
    return number === undefined ? undefined : this.#blocks[number];
  }

  onBlock(listener: (block: BlockHeader) => void): () => void {
    this.#onBlock.add(listener);
    return () => this.#onBlock.delete(listener);
  }

  onFinalized(listener: (block: BlockHeader) => void): () => void {
    this.#onFinalized.add(listener);
    return () => this.#onFinalized.delete(listener);
  }

  /** Throws `RpcFault` if the block is unknown or its state is discarded. */
  state(at: Hex = this.head.hash) {
    const block = this.block(at);
    if (!block) throw new RpcFault(4003, `Client error: UnknownBlock: Header was not found in the database: ${at}`);
    if (!block.hasState || block.number < this.#storage.oldest)
      throw new RpcFault(4003, `Client error: Api called for an unknown Block: State already discarded for ${at}`);
    const storage = this.#storage.at(block.number);
    return this.#pulses ? this.#pulses.in(storage, timeIn(storage)) : storage;
  }

  /** Executes an entry point of the runtime. Changes nothing. */
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

  /** Adds a signed extrinsic to the pool. Throws `RpcFault` with a node's refusal. */
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

  /** The account's next nonce, counting its extrinsics in the pool. */
  nextNonce(signer: Hex): number {
    return this.pool.nextNonce(signer, this.#nonce(signer));
  }

  /**
   * Builds blocks at once. Waiting extrinsics go into the first block, whose time is one slot after its parent's.
   * @param now milliseconds since the epoch; if the chain's time is behind, the first block has this time
   */
  newBlocks(count: number, now = 0): Promise<BlockHeader> {
    const built = this.#building.then(async () => {
      await this.#build(now);
      for (let left = count - 1; left > 0; left -= BATCH) await this.#buildEmpty(Math.min(left, BATCH));
      return this.head;
    });
    this.#building = built.catch(() => {});
    return built;
  }

  /** Changes the newest block's state directly, without the runtime. */
  setStorage(changes: readonly (readonly [Hex, Hex | null])[]): Promise<void> {
    const done = this.#building.then(() => {
      this.#storage.write(this.head.number, changes);
      this.#answers.clear();
    });
    this.#building = done;
    return done;
  }

  /** Resolves when all earlier requests to the runtime are answered. */
  answered(): Promise<void> {
    return this.#executor.drained();
  }

  async close(): Promise<void> {
    await this.#building;
    await this.#executor.close();
  }

  #nonce(signer: Hex): number {
    const account = this.state().get(
      `${ACCOUNT}${blake2AsHex(hexToU8a(signer), 128).slice(2)}${signer.slice(2)}` as Hex,
    );
    // AccountInfo starts with the nonce, u32.
    return account === undefined ? 0 : Buffer.from(hexToU8a(account)).readUInt32LE();
  }

  #nextTime(now: number): number {
    return Math.max(timeIn(this.state()) + this.slotDuration, now);
  }

  async #build(now: number): Promise<void> {
    const pooled = this.pool.ready((signer) => this.#nonce(signer));
    const parent = { ...this.head, state: this.state() };
    const { block, changes, taken } = await this.#builder.build(parent, this.#nextTime(now), pooled);
    for (const gone of pooled) this.pool.remove(gone);
    const included = this.#append(block, changes, true);
    this.#unfinalized = [...this.#unfinalized, ...taken.map((pooled) => ({ block: included, pooled }))];
    for (const one of pooled) tell(one, taken.includes(one) ? { inBlock: block.hash } : "invalid");
  }

  async #buildEmpty(count: number): Promise<void> {
    const time = this.#nextTime(0);
    const storage = this.state();
    // All of them use one storage, with the pulses up to the time of the last block.
    const state = this.#pulses?.in(storage, time + (count - 1) * this.slotDuration) ?? storage;
    const { blocks, changes } = await this.#builder.buildEmpty({ ...this.head, state }, time, count);
    for (const block of blocks) {
      const isLast = block === blocks.at(-1);
      this.#append(block, isLast ? changes : [], isLast);
    }
  }

  #append(built: Block, changes: Iterable<readonly [Hex, Hex | null]>, hasState: boolean): BlockHeader {
    const block: BlockHeader = { ...built, hasState };
    this.#storage.forget(Math.max(0, block.number - RETENTION));
    this.#storage.write(block.number, changes);
    this.#blocks.push(block);
    this.#numbers.set(block.hash, block.number);
    for (const listener of [...this.#onBlock]) listener(block);
    if (block.number >= FINALITY_BLOCKS) this.#finalize(this.finalized);
    return block;
  }

  #finalize(final: BlockHeader): void {
    for (const listener of [...this.#onFinalized]) listener(final);
    const settled = this.#unfinalized.filter(({ block }) => block === final);
    this.#unfinalized = this.#unfinalized.filter(({ block }) => block !== final);
    for (const { block, pooled } of settled) tell(pooled, { finalized: block.hash });
  }
}

const tell = ({ watchers }: Pooled, status: PoolStatus): void => {
  for (const notify of watchers) notify(status);
};

/** Milliseconds since the epoch, by the clock in a state. */
const timeIn = (state: StorageView): number => Number(Buffer.from(hexToU8a(state.get(TIMESTAMP))).readBigUInt64LE());

import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type MinerConfig, minerSettings } from "#miner/config.js";
import { type Genesis, storeGenesis } from "#owner/genesis/genesis.js";
import { sealText } from "#owner/seal/seal.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { setCommitment } from "#shared/chain/call.js";
import { type Clock, systemClock } from "#shared/chain/clock.js";
import { connectDevchain, type DevchainClient } from "#shared/chain/devchain/client.js";
import type { DrandSetting, GenesisSpec } from "#shared/chain/devchain/genesis.js";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import type { Parameters } from "#shared/model/parameters.js";
import { joinNetwork } from "#shared/participant/join.js";
import type { Participant } from "#shared/participant/participant.js";
import { type BlockRange, cycleLength, type Phase, phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import type { CycleSource } from "#shared/replay/source.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { type DevchainServer, startDevchain } from "#shared/simulators/devchain/start.js";
import { createHotkey } from "#shared/wallet/index.js";
import { type ValidatorConfig, validatorSettings } from "#validator/config.js";
import { type Scope, temporaryFolder } from "../shared/artifact/temporary.js";
import { collectingLog, TOKEN } from "../shared/chain/support.js";
import { NETUID, parameters, template } from "./micro-network.js";

export interface SubnetOptions {
  /** Tokens staked by name; the first is uid 1. Two with the same stake unless given. */
  readonly validators?: Readonly<Record<string, number>>;
  /** They follow the validators. */
  readonly miners?: readonly string[];
  readonly network?: Partial<typeof template>;
  /** Of the genesis model; random ones of the micro network unless given. */
  readonly genesis?: Parameters;
  /** Blocks whose state the chain keeps; its default unless given. */
  readonly retention?: number;
  /** A group's evaluation text, an envelope for every two blocks from the end of cycle 0 on. */
  readonly sealed?: {
    readonly group: string;
    readonly documents: readonly string[];
    readonly envelopeBytes: number;
    /** So many random bytes; the system's unless given. */
    readonly random?: (bytes: number) => Uint8Array;
  };
}

/** The beacon of a chain whose network names one or has sealed text: a round a block, whose times lie a second apart. */
export const BEACON: DrandSetting = { seed: "5e".repeat(32), genesisTime: 0, period: 1 };
const SPACING = 2;

/** A test, or another scope that can be cut short. */
export interface Living extends Scope {
  readonly signal: AbortSignal;
}

export type Flags = Readonly<Record<string, string | number | boolean>>;
type Lines = ReturnType<typeof collectingLog>["lines"];

/** A participant of the real program, what it logged, and its end. */
export type Joined = Participant & { readonly lines: Lines; abort(): void };

/** A devchain whose owner has published a micro network, at the last block before cycle 1; blocks come only when asked for. */
export interface Subnet extends Genesis {
  /** Names, by ascending uid. */
  readonly validators: readonly string[];
  readonly node: DevchainServer;
  readonly chainGenesis: GenesisSpec;
  /** A connection of nobody in particular. */
  readonly chain: DevchainClient;
  /** The owner's blob server, and the store behind it: the genesis model and the network file are in it. */
  readonly location: string;
  readonly store: BlobStore;
  readonly home: string;
  signer(name: string): LocalKey;
  uid(name: string): number;
  minerConfig(name: string, flags?: Flags): MinerConfig;
  validatorConfig(name: string, flags?: Flags): ValidatorConfig;
  join(name: string, flags?: Flags): Promise<Joined>;
  window(cycle: number, phase: Phase): BlockRange;
  /** Builds blocks until the head is this one, and waits until everybody who joined has seen it. */
  to(block: number): Promise<void>;
  /** Waits until a hotkey has sent so many extrinsics since the beginning, the last of them perhaps not in a block yet. */
  sent(name: string, total: number): Promise<void>;
  /** A file of the owner's store. */
  fetch: CycleSource["fetch"];
  /** Builds one block that holds these records, by name. */
  record(records: Readonly<Record<string, string>>): Promise<void>;
}

/** The seed of a name's hotkey, 32 bytes. */
export const hotkeySeed = (name: string): Uint8Array => createHash("sha256").update(name).digest();

/** Asks again and again until it is so, or the test is over; also where the chain has no time to say. */
export const until = async (t: Pick<Living, "signal">, condition: () => boolean | Promise<boolean>): Promise<void> => {
  const isSo = async (): Promise<boolean> => {
    try {
      return await condition();
    } catch (thrown) {
      if (hasCode(thrown, "CHAIN_TIMEOUT")) return false;
      throw thrown;
    }
  };
  while (!(await isSo())) {
    t.signal.throwIfAborted();
    await pause(1);
  }
};

/** The same of what a fault of a player makes impossible: it ends with what the player logged of that, not with the guard against hanging. */
export const untilOrFault = (
  t: Pick<Living, "signal">,
  {
    player: { participant },
    fault,
  }: { readonly player: { readonly participant: Pick<Joined, "lines"> }; readonly fault: RegExp },
  condition: () => boolean | Promise<boolean>,
): Promise<void> =>
  until(t, async () => {
    if (await condition()) return true;
    const faults = participant.lines.filter(({ message }) => fault.test(message));
    if (faults.length > 0) throw new Error(`what is waited for will never be: ${JSON.stringify(faults)}`);
    return false;
  });

/** Lets a block pass once somebody has asked in vain for a file, who asks again at the next block. */
export const askedInVain = async (t: Living, { node, to }: Subnet, { lines }: Joined, since: number): Promise<void> => {
  await until(t, () => lines.slice(since).some(({ message }) => message === "blob not fetched"));
  await to(node.head.number + 1);
};

/** Time stands still, so a block is a millisecond after the one before: no pace that a participant could take for a clock's. */
const stopped = (): Clock => {
  const now = Date.now();
  return { ...systemClock, now: () => now };
};

/** A second passes from one look at it to the next. It is so far in the past that no participant takes it for the time. */
const secondsApart = (): Clock => {
  let now = 0;
  return {
    ...systemClock,
    now: () => {
      now += 1000;
      return now;
    },
  };
};

const withSealedText = async (
  store: BlobStore,
  network: typeof template,
  text: SubnetOptions["sealed"],
): Promise<typeof template> => {
  const group = text && network.groups[text.group];
  if (!group) return network;
  const sealed = await sealText(store, {
    ...text,
    beacon: publicBeacon(BEACON),
    firstRound: cycleLength(network.phases),
    spacing: SPACING,
  });
  return { ...network, groups: { ...network.groups, [text.group]: { ...group, sealed } } };
};

export const openSubnet = async (t: Living, options: SubnetOptions = {}): Promise<Subnet> => {
  const { validators = { vera: 2000, vito: 2000 }, miners = ["ann", "bob"] } = options;
  const home = temporaryFolder(t);
  const wallet = { path: join(home, "wallets"), name: "test" };
  const names = ["owner", ...Object.keys(validators), ...miners];
  const signers = new Map<string, LocalKey>();
  for (const hotkey of names)
    signers.set(hotkey, await createHotkey({ ...wallet, hotkey }, { seed: hotkeySeed(hotkey) }));
  const signer = (name: string) => signers.get(name)!;

  const store = directoryStore(join(home, "owner"));
  const { log } = collectingLog();
  // All who take part come from one address, and wait for their places.
  const limits = { maxAnswersEach: Number.POSITIVE_INFINITY };
  const server = await startBlobServer({ host: "127.0.0.1", port: 0, store, visible: () => true, log, ...limits });
  t.after(() => server.close());
  const network = await withSealedText(store, { ...template, ...options.network }, options.sealed);
  const genesis = await storeGenesis(store, network, options.genesis ?? parameters);
  const { phases } = genesis.network;

  const chainGenesis: GenesisSpec = {
    sudo: signer("owner").address,
    drand: options.sealed || network.beacon ? BEACON : null,
    subnets: [
      {
        netuid: NETUID,
        ownerHotkey: signer("owner").address,
        neurons: names.slice(1).map((name) => signer(name).address),
        stakes: Object.fromEntries(
          Object.entries(validators).map(([name, tokens]) => [signer(name).address, String(BigInt(tokens) * TOKEN)]),
        ),
        hyperParameters: {
          tempo: cycleLength(phases) - 1,
          weightsRateLimit: phases.merge,
          stakeThreshold: String(1000n * TOKEN),
        },
      },
    ],
  };
  const node = await startDevchain({
    home: join(home, "chain"),
    port: 0,
    blockTimeMs: 0,
    genesis: chainGenesis,
    clock: chainGenesis.drand ? secondsApart() : stopped(),
    ...(options.retention !== undefined && { retention: options.retention }),
  });
  t.after(() => node.close());
  const chain = await connectDevchain({ endpoint: node.endpoint });
  t.after(() => chain.close());
  const present = new Set<Joined>();
  /** Who comes back serves where it served before, as its records on chain say. */
  const ports = new Map<string, number>();

  const build = async (blocks: number) => {
    const { number } = node.newBlocks(blocks);
    await Promise.all([...present].map(({ clock, signal }) => clock.reach(number, signal)));
  };
  const common = (hotkey: string): Flags => ({
    chain_endpoint: node.endpoint,
    netuid: NETUID,
    "wallet.path": wallet.path,
    "wallet.name": wallet.name,
    "wallet.hotkey": hotkey,
    checkpoint_dir: join(home, hotkey),
    allow_private_addresses: true,
    device: "cpu",
    threads: 1,
  });
  const validatorConfig = (name: string, flags: Flags = {}) =>
    loadConfig(validatorSettings, { env: {}, flags: { ...common(name), ...flags } });

  const subnet: Subnet = {
    ...genesis,
    validators: Object.keys(validators),
    node,
    chainGenesis,
    chain,
    location: server.url,
    store,
    home,
    signer,
    uid: (name) => names.indexOf(name),
    validatorConfig,
    minerConfig: (name, flags = {}) =>
      loadConfig(minerSettings, {
        env: {},
        flags: {
          ...common(name),
          expert_group: "math",
          batch_size: 4,
          gradient_accumulation_steps: 1,
          learning_rate: 0.02,
          warmup_steps: 0,
          max_steps: 12,
          ...flags,
        },
      }),
    async join(name, flags) {
      const controller = new AbortController();
      const { log, lines } = collectingLog();
      const config = validatorConfig(name, { "listen.port": ports.get(name) ?? 0, ...flags });
      const participant = await joinNetwork({ config, log, signal: controller.signal });
      ports.set(name, Number(new URL(participant.location).port));
      const leave = async () => {
        present.delete(joined);
        controller.abort();
        await participant.leave();
      };
      const joined: Joined = { ...participant, leave, lines, abort: () => controller.abort() };
      present.add(joined);
      t.after(leave);
      return joined;
    },
    window: (cycle, phase) => phaseWindow(cycle, phase, phases),
    async to(block) {
      const missing = block - node.head.number;
      if (missing < 0) throw new RangeError(`block ${block} is past, the head is ${node.head.number}`);
      if (missing > 0) await build(missing);
    },
    sent: (name, total) => until(t, async () => (await chain.nonce(signer(name).address)) >= total),
    async fetch({ hash }) {
      const bytes = await store.get(hash);
      if (bytes) return bytes;
      throw new BlockZeroError("FETCH_NOT_FOUND", `the owner has no ${hash}`, "put it into its store");
    },
    async record(records) {
      const writes: Promise<unknown>[] = [];
      for (const [name, data] of Object.entries(records)) {
        const nonce = await chain.nonce(signer(name).address);
        writes.push(chain.submit(setCommitment(NETUID, data), signer(name)));
        await subnet.sent(name, nonce + 1);
      }
      await build(1);
      await Promise.all(writes);
    },
  };
  const { networkHash: hash } = genesis;
  await subnet.record({
    owner: encodeRecord({ type: "network", network: shortHash(hash), hash, location: server.url }),
  });
  // The validators have their permits from the epoch of cycle 0.
  await subnet.to(subnet.window(genesis.network.first_cycle, "distribute").start - 1);
  return subnet;
};

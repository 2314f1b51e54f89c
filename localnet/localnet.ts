import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { firstCycle } from "#owner/chain/epoch.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { loadNetworkTemplate, type NetworkTemplate } from "#owner/network/network-template.js";
import { seedBeacon } from "#owner/network/seed-beacon.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import type { Chain, WeightsMode } from "#shared/chain/chain.js";
import type { ConnectOptions } from "#shared/chain/connection/connect-options.js";
import { printJson } from "#shared/cli/json.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { createBlobs } from "#shared/participant/files/blobs.js";
import type { Signer } from "#shared/protocol/signer.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { formatDuration } from "#shared/telemetry/progress.js";
import { pretrain } from "#shared/training/pretrain.js";
import { devchainHost } from "./devchain-host.js";
import { DESCRIPTION, openHome } from "./home.js";
import { forwardTo, type LocalChainHost, publishNetwork, whileBlocksCome } from "./local-chain.js";
import { createObserver } from "./observer.js";
import { freePorts } from "./ports.js";
import { type Supervised, supervise } from "./process.js";
import type { CycleResult, LocalnetResult } from "./result.js";
import {
  type Cheater,
  createLocalnetColdkey,
  createPlayerHotkey,
  type LocalnetEnv,
  type LocalnetParticipant,
  participantConfig,
  roles,
} from "./roles.js";
import { sealPages } from "./sealed-pages.js";
import { cycleTable, summaryTable } from "./table.js";
import { PRETRAINING } from "./training.js";
import { createView } from "./view.js";

export interface LocalnetOptions {
  /** Network template; its groups are the miners' groups. */
  readonly template: string;
  readonly home: string;
  readonly cycles: number;
  readonly seed: number;
  readonly cheater: Cheater;
  /** Stay up after the last cycle, until the signal aborts. */
  readonly keep: boolean;
  /** The file that the result goes to as JSON; true: standard output, in the place of the tables. */
  readonly json: string | true | undefined;
  /** Steps of the genesis model's pretraining. */
  readonly genesisSteps: number;
  /** Milliseconds between blocks; unset, as suits the chain. */
  readonly blockTime: number | undefined;
  /** How the subnet takes weights. */
  readonly weights: WeightsMode;
  /** Groups with endless text are evaluated on sealed pages. */
  readonly sealed: boolean;
  /** WASM of a subtensor runtime to run on; unset, a devchain. */
  readonly runtime: string | undefined;
  readonly signal: AbortSignal;
}

const READY_POLL_MS = 100;
const READY_WITHIN_MS = 60_000;

/** Runs a whole subnet on this machine: chain, validators and miners as processes of their own; the owner is this one. */
export const runLocalnet = async (options: LocalnetOptions): Promise<LocalnetResult> => {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const view = createView();
  const processes: Supervised[] = [];
  const onExit: (() => unknown)[] = [];
  let release = () => {};
  try {
    const stage = { ...options, home: resolve(options.home), signal };
    release = openHome(stage.home);
    return await live(stage, {
      view,
      onExit: (action) => onExit.push(action),
      start: (spec) => {
        const child = supervise(spec, {
          signal,
          pidFile: join(resolve(options.home), "pids", spec.name),
          onDeath: (name, how) => view.print(`! ${name} died (${how}) and is started again`),
          onFatal: (error) => failure.abort(error),
        });
        processes.push(child);
        return child;
      },
    });
  } catch (thrown) {
    // What was under way fails because everything stops; the reason for that is what there is to say.
    throw failure.signal.aborted ? failure.signal.reason : thrown;
  } finally {
    view.close();
    for (const action of onExit.reverse()) await action();
    await Promise.all(processes.map((child) => child.stop()));
    release();
  }
};

interface Stage {
  readonly view: ReturnType<typeof createView>;
  readonly onExit: (action: () => unknown) => void;
  readonly start: (spec: Parameters<typeof supervise>[0]) => Supervised;
}

const live = async (options: LocalnetOptions, stage: Stage): Promise<LocalnetResult> => {
  const { home, seed, cycles, signal } = options;
  const { view, onExit, start } = stage;
  const started = performance.now();
  const templateFile = loadNetworkTemplate(options.template);

  const wallets = join(home, "wallets");
  const owner = await createPlayerHotkey(wallets, String(seed), "owner");
  const log = createLogger({ name: "localnet", level: "warn", format: "pretty" });
  const host = await chooseHost(options, templateFile, owner, { log, signal, timeoutMs: READY_WITHIN_MS });
  const { blockTime = host.blockTime } = options;
  const cast = roles(Object.keys(templateFile.groups), options.cheater);
  const [chainPort, ...ports] = await freePorts(cast.length + 1);
  const players: LocalnetParticipant[] = await Promise.all(
    cast.map(async (role, i) => ({
      ...role,
      address: host.address,
      port: ports[i]!,
      signer: await createPlayerHotkey(wallets, String(seed), role.name),
    })),
  );

  // The chain waits for us while the subnet is set up; once it ticks, a restarted node must tick too.
  let ticking = false;
  start(host.process(chainPort!, () => (ticking ? blockTime : 0)));
  const endpoint = `ws://127.0.0.1:${chainPort}`;
  const local = await host.connect(endpoint);
  const { chain } = local;
  onExit(() => chain.close());

  const parameters = await pretrainGenesis(templateFile, options, stage);
  const { netuid } = await whileBlocksCome(local, () => local.enrol(players));
  const template = { ...templateFile, netuid };
  const first = Math.max(firstCycle((await chain.head()).number, template), host.firstCycle);
  const store = directoryStore(join(home, "owner", "blobs"));
  const { beacon } = host;
  const seeded = {
    ...template,
    first_cycle: first,
    ...(beacon && { beacon: seedBeacon({ beacon, blockTime: blockTime / 1000 }) }),
  };
  const sealed = await sealedTemplate(store, seeded, options, { view, blockTime, host });
  const genesis = await storeGenesis(store, sealed, parameters);
  const server = await startBlobServer({ host: host.address, port: 0, store, visible: () => true, log });
  onExit(() => server.close());
  const published = { hash: genesis.networkHash, location: server.url };
  await whileBlocksCome(local, () => publishNetwork(chain, netuid, published, owner));
  await forwardTo(local, first, template);

  const clock = await startBlockClock(chain, signal);
  const client = createBlobClient({ allowPrivateAddresses: true, log });
  const blobs = await createBlobs(store, client, Number.POSITIVE_INFINITY);
  const observer = await createObserver({ chain, clock, ...genesis, blobs, log, signal });
  const genesisLoss = await observer.losses(genesis.modelHash);
  view.print(`genesis model ${genesis.modelHash.slice(0, 12)} · starting ${players.length} participants`);

  for (const player of players) start(playerProcess(player, { home, endpoint, netuid, seed, beacon: host.beacon }));
  await everybodyJoined(players, signal);
  ticking = true;
  await local.setBlockTime(blockTime);
  view.print(`the subnet lives: a block every ${blockTime} ms, logs in ${join(home, "logs")}`, "");

  const last = first + cycles - 1;
  const uids = await uidsOf(chain, netuid, players);
  describe(home, { endpoint, netuid, first, blockTime, players: uids });
  const results: CycleResult[] = [];
  const heldOut = [genesisLoss];
  view.follow({ clock, network: genesis.network, players, home, first, last, heldOut });
  for (let cycle = first; cycle <= last; cycle++) {
    const result = await observer.cycle(cycle);
    results.push(result);
    heldOut.push(result.valLossAfter);
    if (options.json !== true) view.answer(...cycleTable(result, (uid) => uids.get(uid)));
  }
  const result: LocalnetResult = {
    seconds: Math.round((performance.now() - started) / 100) / 10,
    genesis: { modelHash: genesis.modelHash, valLoss: genesisLoss },
    cycles: results,
    behaviours: Object.fromEntries([...uids].map(([uid, { behaviour }]) => [uid, behaviour])),
  };
  view.rest();
  if (options.json === true) printJson(result);
  else view.answer(...summaryTable(result), "", `${cycles} cycles in ${formatDuration(1000 * result.seconds)}`);
  if (typeof options.json === "string") writeFileAtomic(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.keep) {
    view.print(`staying up: chain at ${endpoint}, configs and logs in ${home}; Ctrl-C ends it`);
    await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
  }
  return result;
};

const chooseHost = async (
  { home, seed, weights, sealed, blockTime, runtime }: LocalnetOptions,
  template: NetworkTemplate,
  hotkey: Signer,
  connection: Omit<ConnectOptions, "endpoint">,
): Promise<LocalChainHost> => {
  const shared = { home, seed, weights, sealed, blockTime };
  if (runtime === undefined) return devchainHost(template, hotkey, shared, connection);
  const { subtensorHost } = await import("./subtensor-host.js");
  const coldkey = await createLocalnetColdkey(join(home, "wallets"), String(seed));
  return subtensorHost(template, { coldkey, hotkey }, { ...shared, runtime: resolve(runtime) }, connection);
};

const pretrainGenesis = async (
  network: NetworkTemplate,
  { genesisSteps, seed, signal }: LocalnetOptions,
  { view }: Stage,
) => {
  const started = performance.now();
  const parameters = await pretrain({
    network,
    device: onnxCpu({ threads: 2 }),
    seed: String(seed),
    steps: genesisSteps,
    ...PRETRAINING,
    signal,
    onStep: (step, loss) =>
      view.progress("pretraining the genesis model", (step + 1) / genesisSteps, `loss ${loss.toFixed(3)}`),
  });
  view.print(`pretrained the genesis model in ${formatDuration(performance.now() - started)}`);
  return parameters;
};

const sealedTemplate = async (
  store: BlobStore,
  template: NetworkTemplate,
  { sealed, cycles }: LocalnetOptions,
  { view, blockTime, host }: Pick<Stage, "view"> & { readonly blockTime: number; readonly host: LocalChainHost },
): Promise<NetworkTemplate> => {
  if (!sealed || !host.beacon) return template;
  const onEnvelope = (done: number, total: number) =>
    view.progress("sealing evaluation text", done / total, `envelope ${done}/${total}`);
  return sealPages(store, template, { beacon: host.beacon, cycles, blockTime, onEnvelope });
};

const playerProcess = (
  player: LocalnetParticipant,
  { home, ...settings }: LocalnetEnv,
): Parameters<typeof supervise>[0] => {
  const config = join(home, "configs", `${player.name}.yaml`);
  writeFileAtomic(config, participantConfig(player, { home, ...settings }));
  return {
    name: player.name,
    program: `${player.program}/main.js`,
    logFile: join(home, "logs", `${player.name}.log`),
    args: () => ["--config", config],
    // Blocks come in time also while everybody trains.
    isPatient: true,
  };
};

/** Leaves a description in the home for people and tools that want to look closer. */
const describe = (
  home: string,
  subnet: {
    endpoint: string;
    netuid: number;
    first: number;
    blockTime: number;
    players: ReadonlyMap<number, LocalnetParticipant>;
  },
): void => {
  const players = [...subnet.players].map(([uid, { name, program, group, behaviour, address, port, signer }]) => ({
    uid,
    name,
    program,
    group,
    behaviour,
    hotkey: signer.address,
    blobs: `http://${address}:${port}`,
  }));
  writeFileAtomic(join(home, DESCRIPTION), `${JSON.stringify({ ...subnet, players }, null, 2)}\n`);
};

/** A participant serves blobs once it has joined. */
const everybodyJoined = async (players: readonly LocalnetParticipant[], signal: AbortSignal): Promise<void> => {
  const until = performance.now() + READY_WITHIN_MS;
  for (const { address, port } of players) {
    while (!(await isUp(address, port)) && performance.now() < until) await delay(READY_POLL_MS, undefined, { signal });
  }
};

const isUp = async (address: string, port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://${address}:${port}/health`)).ok;
  } catch {
    return false;
  }
};

const uidsOf = async (
  chain: Chain,
  netuid: number,
  players: readonly LocalnetParticipant[],
): Promise<Map<number, LocalnetParticipant>> => {
  const { neurons } = await chain.metagraph(netuid);
  return new Map(
    players.map((player) => [neurons.find(({ hotkey }) => hotkey === player.signer.address)!.uid, player]),
  );
};

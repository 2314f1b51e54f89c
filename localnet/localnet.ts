import { join, resolve } from "node:path";
import { firstCycle } from "#owner/chain/epoch.js";
import { checkpointTokenizer, checkTokenizer } from "#owner/genesis/checkpoint-tokenizer.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { type Mixed, seedBeacon } from "#owner/network/seed-beacon.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { printJson } from "#shared/cli/json.js";
import { untilAborted } from "#shared/cli/program.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { createBlobs } from "#shared/participant/files/blobs.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { formatDuration } from "#shared/telemetry/progress.js";
import { readUpcycledConfig } from "#shared/training/upcycle.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { plural } from "#shared/util/plural.js";
import { chooseHost } from "./choose-host.js";
import { showDashboard } from "./dashboard.js";
import { makeGenesis, sealedTemplate } from "./genesis.js";
import { openHome } from "./home.js";
import { forwardTo, publishNetwork, whileBlocksCome } from "./local-chain.js";
import { createObserver } from "./observer.js";
import { type LocalnetOptions, READY_WITHIN_MS, type Stage } from "./options.js";
import { checkNames } from "./participant-settings.js";
import { describe, everybodyJoined, participantProcess, uidsOf } from "./participants.js";
import { freePorts } from "./ports.js";
import { type Supervised, supervise } from "./process.js";
import type { CycleResult, LocalnetResult, SprintCycle } from "./result.js";
import { createLocalnetHotkey, type LocalnetParticipant, roles } from "./roles.js";
import { observeSprint, phasesFor, readCosts, sprintWith } from "./sprint.js";
import { sprintTable } from "./sprint-table.js";
import { cycleTable, LEGEND, summaryTable } from "./table.js";
import { createView } from "./view.js";

/** Cycles for which a file stays that this process looked at. The participants keep their own. */
const OBSERVED_CYCLES = 2;

/** Runs a whole subnet on this machine. Chain, validators and miners are separate processes; this process is the owner. */
export const runLocalnet = async (options: LocalnetOptions): Promise<LocalnetResult> => {
  const failure = new AbortController();
  const ended = new AbortController();
  const { signal } = ended;
  const unjoin = joinSignals(ended, options.signal, failure.signal);
  const view = createView();
  const processes: Supervised[] = [];
  const onExit: (() => unknown)[] = [];
  let release = () => {};
  try {
    const stage = { ...options, home: resolve(options.home), signal };
    release = await openHome(stage.home, view.print, (error) => failure.abort(error));
    const result = await run(stage, {
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
    failure.signal.throwIfAborted();
    return result;
  } catch (thrown) {
    // After an abort, the work in progress fails because everything stops. The reason of the abort is the error to report.
    throw failure.signal.aborted ? failure.signal.reason : thrown;
  } finally {
    view.close();
    for (const action of onExit.reverse()) await action();
    await Promise.all(processes.map((child) => child.stop()));
    release();
    unjoin();
  }
};

const run = async (options: LocalnetOptions, stage: Stage): Promise<LocalnetResult> => {
  const { home, signal } = options;
  const { view } = stage;
  const started = performance.now();
  const prepared = await prepare(options);
  const subnet = await startSubnet(prepared, options, stage);
  const { participants, host, blockTime, log } = prepared;
  const { chain, endpoint, netuid, first, genesis, genesisLoss } = subnet;

  view.print(`genesis model ${genesis.modelHash.slice(0, 12)} · starting ${participants.length} participants`);
  const environment = { ...options, endpoint, netuid, beacon: host.beacon };
  for (const participant of participants) stage.start(participantProcess(participant, environment));
  await everybodyJoined(participants, signal);
  await subnet.letBlocksCome();
  view.print(
    `the subnet lives: chain at ${endpoint}, netuid ${netuid}, a block every ${blockTime} ms, logs in ${join(home, "logs")}`,
    `beside it: blockzero metagraph --chain_endpoint ${endpoint} --netuid ${netuid} --allow-private-addresses`,
    ...LEGEND,
    "",
  );
  await showDashboard({ home, endpoint, netuid, log }, options, stage);

  const uids = await uidsOf(chain, netuid, participants);
  describe(home, { endpoint, netuid, first, blockTime, participants: uids });
  const { cycles, sprints } = await watchCycles({ ...prepared, ...subnet, uids }, options, stage);
  const result: LocalnetResult = {
    seconds: Math.round((performance.now() - started) / 100) / 10,
    genesis: { modelHash: genesis.modelHash, ...genesisLoss },
    cycles,
    ...(options.sprint && { sprints }),
    behaviours: Object.fromEntries([...uids].map(([uid, { behaviour }]) => [uid, behaviour])),
  };
  tell(result, options, stage);
  if (options.keep) {
    view.print(
      `staying up and training on, without further tables: chain at ${endpoint}, configs and logs in ${home}; Ctrl-C ends it`,
      `what it comes to say blockzero model log, explain, audit and dashboard, with --home ${home}`,
    );
    await untilAborted(signal);
  }
  return result;
};

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** The template, who takes part, and which chain: keys are made and ports found, no process is started. */
const prepare = async (options: LocalnetOptions) => {
  const { home, seed, profile, checkpoint, settings, signal } = options;
  const written = loadNetworkTemplate(
    options.template,
    checkpoint && (await readUpcycledConfig(checkpoint)),
    checkpoint && (await checkpointTokenizer(checkpoint.dir)),
  );
  if (checkpoint) await checkTokenizer(checkpoint.dir, written.data.tokenizer);
  const template = options.sprint ? { ...written, phases: phasesFor(profile, written.phases) } : written;

  const wallets = join(home, "wallets");
  const owner = await createLocalnetHotkey(wallets, String(seed), "owner");
  const log = createLogger({ name: "localnet", level: "warn", format: "pretty" });
  const host = await chooseHost(options, template, owner, { log, signal, timeoutMs: READY_WITHIN_MS });
  const { blockTime = host.blockTime } = options;
  const planned = roles(Object.keys(template.groups), options);
  checkNames(
    settings,
    planned.map(({ name }) => name),
  );
  const [chainPort, ...ports] = await freePorts(2 * planned.length + 1);
  const participants: readonly LocalnetParticipant[] = await Promise.all(
    planned.map(async (role, i) => ({
      ...role,
      address: host.address,
      port: ports[i]!,
      metricsPort: ports[planned.length + i]!,
      signer: await createLocalnetHotkey(wallets, String(seed), role.name),
    })),
  );
  return { template, owner, host, chainPort: chainPort!, blockTime, participants, log };
};

type Subnet = Awaited<ReturnType<typeof startSubnet>>;

/** As the owner: the chain, the first model, everybody's registration, and the network file. Blocks stand still until `letBlocksCome`. */
const startSubnet = async (prepared: Prepared, options: LocalnetOptions, stage: Stage) => {
  const { owner, host, chainPort, blockTime, participants, log } = prepared;
  const { home, signal } = options;
  const { view, onExit, start } = stage;
  // The chain builds no blocks by itself during setup. After `ticking`, a restarted node must build them too.
  let ticking = false;
  start(host.process(chainPort, () => (ticking ? blockTime : 0)));
  const endpoint = `ws://127.0.0.1:${chainPort}`;
  const parameters = await makeGenesis(prepared.template, options, stage);
  // After the model is made: meanwhile there is no block, for which the client would connect anew.
  const local = await host.connect(endpoint);
  const { chain } = local;
  onExit(() => chain.close());
  view.print(`registering ${participants.length} participants and publishing the network file`);
  const { netuid } = await whileBlocksCome(local, () => local.enrol(participants));
  const template = {
    ...prepared.template,
    netuid,
    ...(options.sprint && { sprint: sprintWith(options) }),
  };
  const first = Math.max(firstCycle((await chain.head()).number, template), host.firstCycle);
  const store = directoryStore(join(home, "owner", "blobs"));
  const { beacon } = host;
  const seeded = {
    ...template,
    first_cycle: first,
    ...(beacon && {
      beacon: seedBeacon({ beacon, blockTime: blockTime / 1000 }, mixedWith(options, template.phases)),
    }),
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
  const blobs = await createBlobs(directoryStore(join(home, "observer")), client, OBSERVED_CYCLES);
  view.print("measuring the genesis model on held-out text");
  const observer = await createObserver({ chain, clock, ...genesis, blobs, log, signal });
  const genesisLoss = await observer.losses(genesis.modelHash);
  const letBlocksCome = async (): Promise<void> => {
    ticking = true;
    await local.setBlockTime(blockTime);
  };
  return { chain, endpoint, netuid, first, genesis, genesisLoss, clock, blobs, observer, letBlocksCome };
};

interface Watched extends Prepared, Subnet {
  readonly uids: ReadonlyMap<number, LocalnetParticipant>;
}

/** Reads cycle after cycle as anybody can, and shows each. */
const watchCycles = async (watched: Watched, options: LocalnetOptions, { view }: Stage) => {
  const { participants, uids, chain, clock, blobs, log, genesis, genesisLoss, observer, first } = watched;
  const { home, signal } = options;
  const last = first + options.cycles - 1;
  const roleOf = (uid: number) => uids.get(uid);
  const nameOfHotkey = (hotkey: string) =>
    participants.find(({ signer }) => signer.address === hotkey)?.name ?? hotkey.slice(0, 8);
  const cycles: CycleResult[] = [];
  const sprints: SprintCycle[] = [];
  const sprinting = { costs: readCosts(participants, home), known: { sprints: new Map(), duties: new Map() } };
  const heldOut = [genesisLoss];
  view.follow({ clock, network: genesis.network, participants, home, first, last, heldOut });
  for (let cycle = first; cycle <= last; cycle++) {
    const result = await observer.cycle(cycle);
    cycles.push(result);
    heldOut.push({ valLoss: result.valLossAfter, valBpb: result.valBpbAfter });
    if (options.json !== true) view.answer(...cycleTable(result, roleOf));
    if (!options.sprint) continue;
    const sprint = await observeSprint(
      { chain, clock, blobs, log, signal, ...genesis, models: observer.models },
      cycle,
      sprinting,
    );
    if (!sprint) continue;
    sprints.push(sprint);
    if (options.json !== true) view.answer(...sprintTable(sprint, roleOf, nameOfHotkey));
  }
  return { cycles, sprints };
};

/** The result as the options ask for it: a table, or JSON, or both. */
const tell = (result: LocalnetResult, { cycles, json }: LocalnetOptions, { view }: Stage): void => {
  view.rest();
  if (json === true) printJson(result);
  else
    view.answer(...summaryTable(result), "", `${plural(cycles, "cycle")} in ${formatDuration(1000 * result.seconds)}`);
  if (typeof json === "string") writeFileAtomic(json, `${JSON.stringify(result, null, 2)}\n`);
};

/** What the beacon's seeds are mixed with: with Sprints, which miners and validators have reason to steer. */
const mixedWith = (
  { sprint, beaconGroup }: Pick<LocalnetOptions, "sprint" | "beaconGroup">,
  phases: PhaseLengths,
): Mixed | undefined => {
  if (!sprint) return undefined;
  return beaconGroup ? "group" : { contributions: phases };
};

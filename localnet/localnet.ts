import { join, resolve } from "node:path";
import { firstCycle } from "#owner/chain/epoch.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { type Mixed, seedBeacon } from "#owner/network/seed-beacon.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { printJson } from "#shared/cli/json.js";
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
import { describe, everybodyJoined, playerProcess, uidsOf } from "./participants.js";
import { checkNames } from "./player-settings.js";
import { freePorts } from "./ports.js";
import { type Supervised, supervise } from "./process.js";
import type { CycleResult, LocalnetResult, SprintCycle } from "./result.js";
import { createPlayerHotkey, type LocalnetParticipant, roles } from "./roles.js";
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
    const result = await live(stage, {
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

const live = async (options: LocalnetOptions, stage: Stage): Promise<LocalnetResult> => {
  const { home, seed, cycles, signal } = options;
  const { view, onExit, start } = stage;
  const started = performance.now();
  const { checkpoint, profile, training, keepCycles, settings } = options;
  const written = loadNetworkTemplate(options.template, checkpoint && (await readUpcycledConfig(checkpoint)));
  const templateFile = options.sprint ? { ...written, phases: phasesFor(profile, written.phases) } : written;

  const wallets = join(home, "wallets");
  const owner = await createPlayerHotkey(wallets, String(seed), "owner");
  const log = createLogger({ name: "localnet", level: "warn", format: "pretty" });
  const host = await chooseHost(options, templateFile, owner, { log, signal, timeoutMs: READY_WITHIN_MS });
  const { blockTime = host.blockTime } = options;
  const cast = roles(Object.keys(templateFile.groups), options);
  checkNames(
    settings,
    cast.map(({ name }) => name),
  );
  const [chainPort, ...ports] = await freePorts(2 * cast.length + 1);
  const players: LocalnetParticipant[] = await Promise.all(
    cast.map(async (role, i) => ({
      ...role,
      address: host.address,
      port: ports[i]!,
      metricsPort: ports[cast.length + i]!,
      signer: await createPlayerHotkey(wallets, String(seed), role.name),
    })),
  );

  // The chain builds no blocks by itself during setup. After `ticking`, a restarted node must build them too.
  let ticking = false;
  start(host.process(chainPort!, () => (ticking ? blockTime : 0)));
  const endpoint = `ws://127.0.0.1:${chainPort}`;
  const parameters = await makeGenesis(templateFile, options, stage);
  // After the model is made: meanwhile there is no block, for which the client would connect anew.
  const local = await host.connect(endpoint);
  const { chain } = local;
  onExit(() => chain.close());
  view.print(`registering ${players.length} participants and publishing the network file`);
  const { netuid } = await whileBlocksCome(local, () => local.enrol(players));
  const template = {
    ...templateFile,
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
  view.print(`genesis model ${genesis.modelHash.slice(0, 12)} · starting ${players.length} participants`);

  for (const player of players)
    start(
      playerProcess(player, {
        home,
        endpoint,
        netuid,
        seed,
        profile,
        training,
        keepCycles,
        settings,
        beacon: host.beacon,
      }),
    );
  await everybodyJoined(players, signal);
  ticking = true;
  await local.setBlockTime(blockTime);
  view.print(
    `the subnet lives: chain at ${endpoint}, netuid ${netuid}, a block every ${blockTime} ms, logs in ${join(home, "logs")}`,
    `beside it: blockzero metagraph --chain_endpoint ${endpoint} --netuid ${netuid} --allow-private-addresses`,
    ...LEGEND,
    "",
  );
  await showDashboard({ home, endpoint, netuid, log }, options, stage);

  const last = first + cycles - 1;
  const uids = await uidsOf(chain, netuid, players);
  const nameOfHotkey = (hotkey: string) =>
    players.find(({ signer }) => signer.address === hotkey)?.name ?? hotkey.slice(0, 8);
  describe(home, { endpoint, netuid, first, blockTime, players: uids });
  const results: CycleResult[] = [];
  const sprints: SprintCycle[] = [];
  const sprinting = { costs: readCosts(players, home), known: { sprints: new Map(), duties: new Map() } };
  const heldOut = [genesisLoss];
  view.follow({ clock, network: genesis.network, players, home, first, last, heldOut });
  for (let cycle = first; cycle <= last; cycle++) {
    const result = await observer.cycle(cycle);
    results.push(result);
    heldOut.push({ valLoss: result.valLossAfter, valBpb: result.valBpbAfter });
    if (options.json !== true) view.answer(...cycleTable(result, (uid) => uids.get(uid)));
    if (!options.sprint) continue;
    const sprint = await observeSprint(
      { chain, clock, blobs, log, signal, ...genesis, models: observer.models },
      cycle,
      sprinting,
    );
    if (!sprint) continue;
    sprints.push(sprint);
    if (options.json !== true) view.answer(...sprintTable(sprint, (uid) => uids.get(uid), nameOfHotkey));
  }
  const result: LocalnetResult = {
    seconds: Math.round((performance.now() - started) / 100) / 10,
    genesis: { modelHash: genesis.modelHash, ...genesisLoss },
    cycles: results,
    ...(options.sprint && { sprints }),
    behaviours: Object.fromEntries([...uids].map(([uid, { behaviour }]) => [uid, behaviour])),
  };
  view.rest();
  if (options.json === true) printJson(result);
  else
    view.answer(...summaryTable(result), "", `${plural(cycles, "cycle")} in ${formatDuration(1000 * result.seconds)}`);
  if (typeof options.json === "string") writeFileAtomic(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.keep) {
    view.print(
      `staying up and training on, without further tables: chain at ${endpoint}, configs and logs in ${home}; Ctrl-C ends it`,
      `what it comes to say blockzero model log, explain, audit and dashboard, with --home ${home}`,
    );
    await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
  }
  return result;
};

/** What the beacon's seeds are mixed with: with Sprints, which miners and validators have reason to steer. */
const mixedWith = (
  { sprint, beaconGroup }: Pick<LocalnetOptions, "sprint" | "beaconGroup">,
  phases: PhaseLengths,
): Mixed | undefined => {
  if (!sprint) return undefined;
  return beaconGroup ? "group" : { contributions: phases };
};

import { isDrawn } from "#shared/compute/confirmation.js";
import { BLOCKS_TO_COMMIT, idleWindow } from "#shared/compute/idle-window.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { awaitSprintSeed } from "#shared/participant/await-seeds.js";
import { withinBlocks } from "#shared/participant/duty.js";
import { millisecondsUntil } from "#shared/participant/milliseconds-until.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { withCycle } from "#shared/participant/writes/journal.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import {
  confirmedCycle,
  idleSprint,
  MAX_DIFFICULTY,
  MIN_DIFFICULTY,
  type PlayedSprint,
  type Sprint,
} from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { networkSeed } from "#shared/sprint/exact/seeds.js";
import { nextDifficulty } from "#shared/sprint/proof/difficulty.js";
import { encodeWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { totalMemory } from "#shared/util/total-memory.js";
import type { MinerJournal } from "../journal.js";
import { askedDifficulty } from "./asked.js";
import { claimed } from "./claims.js";
import type { Sprinter } from "./context.js";
import { isWithin } from "./hours.js";
import { showSprint } from "./observe-sprint.js";
import { ownHardware } from "./own-hardware.js";
import { createPace } from "./pace.js";
import { type Found, isFree, search } from "./search.js";

/** Part of the machine's memory that a Sprint's network may take. */
const MEMORY_SHARE = 0.5;

type SprintEntry = NonNullable<MinerJournal["cycles"][string]["sprint"]>;

/**
 * One Sprint of a miner: enter, load the network once its seed is known, search while the validators evaluate, commit to the proof, and serve it. In a
 * cycle between two Sprints it waits until it is known whether there is a confirmation, which whoever proved in the last one has entered already; else it
 * proves its idle time, where the network file asks for that: searching on threads of the least priority, and only while nothing else wants the device.
 * What was done before a crash is in the journal and on chain, and is taken up where it stopped.
 */
export const runSprint = (sprinter: Sprinter, cycle: number, sprint: Sprint): Promise<void> => {
  const { participant } = sprinter;
  const { end } = recordWindow("sprint", cycle, participant.network);
  return withinBlocks(
    participant,
    { duty: "sprint", name: `the Sprint of cycle ${cycle}`, until: end + 1 },
    (bounded) => proveIn({ ...sprinter, participant: bounded }, cycle, sprint),
  );
};

const proveIn = async (sprinter: Sprinter, cycle: number, sprint: Sprint): Promise<void> => {
  const { participant, journal } = sprinter;
  const { network, networkHash, location, log } = participant;
  const entryOf = () => journal.value.cycles[cycle]?.sprint;
  const head = { network: shortHash(networkHash), cycle, location };
  const instruments = showSprint(participant.telemetry.instruments);

  const confirms = confirmedCycle(network, cycle);
  let played: PlayedSprint = sprint;
  if (confirms !== null) {
    const asked = await askedIn(sprinter, cycle, { sprint, confirms });
    if (!asked) return;
    played = asked;
  } else if (entryOf()?.entered === undefined) {
    const obstacle = entryOf() === undefined ? obstacleOf(sprinter, cycle, sprint) : null;
    if (obstacle !== null) return log.info("no Sprint", { cycle, reason: obstacle });
    const difficulty = entryOf()?.difficulty ?? difficultyOf(sprinter, sprint);
    markSprint(sprinter, cycle, { difficulty });
    const entered = await participant.commitOnce({
      key: `${cycle}/enter`,
      data: encodeRecord({ type: "enter", ...head, difficulty }),
      window: recordWindow("enter", cycle, network),
    });
    noteSprint(sprinter, cycle, { entered });
    log.info("entered the Sprint", { cycle, difficulty, block: entered });
  }
  instruments.state("entered");
  const { difficulty } = entryOf()!;
  if (entryOf()?.proof === undefined) {
    const found = claimed(sprinter.config.behaviour, await find(sprinter, cycle, { sprint: played, difficulty }));
    const fields = { network: networkHash, cycle, difficulty, ...found, ...(await ownHardware(sprinter)) };
    const proof = await signWinners(fields, participant.signer);
    const bytes = encodeWinners(proof);
    await participant.blobs.put(bytes);
    const stored = { proof: sha256(bytes), wins: found.wins.length, nonces: found.nonces };
    // In one write, before the record is sent: whatever happens to the wait for it, it may be on chain.
    markSprint(sprinter, cycle, stored, confirms === null ? { proven: { cycle, difficulty } } : {});
  }
  const { proof, wins, nonces, committed } = entryOf()!;
  if (committed !== undefined || proof === undefined || wins === undefined || nonces === undefined) return;
  const block = await participant.commitOnce({
    key: `${cycle}/sprint`,
    data: encodeRecord({ type: "sprint", ...head, proof, wins, nonces }),
    window: proofWindow(cycle, played, network),
  });
  noteSprint(sprinter, cycle, { committed: block });
  instruments.state("proven");
  log.info("committed to a proof", { cycle, idle: played.isIdle === true, proof, wins, nonces, difficulty, block });
};

/** The blocks in which the record of a proof counts. */
const proofWindow = (cycle: number, { isIdle }: PlayedSprint, network: Network): BlockRange =>
  isIdle ? idleWindow(cycle, network) : recordWindow("sprint", cycle, network);

const UNPROVEN = "idle time is not proven: a part of the weight does not count";

/**
 * What the miner is asked to show between two Sprints, and can: a confirmation, or idle time; the difficulty is then that of the Sprint before. Null if
 * nothing.
 */
const askedIn = async (
  sprinter: Sprinter,
  cycle: number,
  { sprint, confirms }: { readonly sprint: Sprint; readonly confirms: number },
): Promise<PlayedSprint | null> => {
  const { participant, journal, config } = sprinter;
  const { log } = participant;
  const isBegun = journal.value.cycles[cycle]?.sprint !== undefined;
  const difficulty = isBegun ? null : await askedDifficulty(sprinter, { cycle, confirms });
  if (!isBegun && (difficulty === null || (difficulty === undefined && config.compute.max_share === 0))) return null;
  const drawn =
    sprint.confirmations !== undefined &&
    isDrawn(await awaitSprintSeed(participant, { cycle, purpose: "sprint-confirmation" }), cycle, sprint);
  const played: PlayedSprint | undefined = drawn ? sprint : idleSprint(sprint);
  if (!played) return null;
  if (played.isIdle && participant.clock.head.number >= idleWindow(cycle, participant.network).end - 1) {
    log.info(UNPROVEN, { cycle, confirms, reason: "its window is over" });
    return null;
  }
  if (isBegun) return played;
  if (difficulty === undefined) {
    log.warn(
      `${drawn ? "a confirmation was drawn" : "idle time is to be proven"}, and neither the chain's state nor the journal says whether it asks this miner`,
      {
        ...{ cycle, confirms, hint: "use a chain endpoint that keeps the state of the last Sprint" },
      },
    );
    return null;
  }
  const obstacle = limitOf(sprinter, sprint);
  if (obstacle !== null) {
    if (drawn)
      log.warn("a confirmation is missed: no weight counts until the next Sprint", {
        cycle,
        confirms,
        reason: obstacle,
      });
    else log.info(UNPROVEN, { cycle, confirms, reason: obstacle });
    return null;
  }
  markSprint(sprinter, cycle, { difficulty: difficulty! });
  log.info(drawn ? "a confirmation was drawn" : "idle time is proven", { cycle, confirms, difficulty });
  return played;
};

/** Why the miner does not enter a Sprint. Null if it does. */
const obstacleOf = (sprinter: Sprinter, cycle: number, sprint: Sprint): string | null => {
  const { clock, network } = sprinter.participant;
  const isOver = clock.head.number >= recordWindow("enter", cycle, network).end - 1;
  return limitOf(sprinter, sprint) ?? (isOver ? "the distribute phase is over" : null);
};

/** What the operator's limits or the machine say against a Sprint now. Null if nothing. */
const limitOf = ({ config }: Pick<Sprinter, "config">, sprint: Sprint): string | null => {
  if (config.compute.max_share === 0) return "compute.max_share is 0";
  if (!isWithin(config.compute.hours, Date.now())) return "it is outside of compute.hours";
  const bytes = 4 * profileOf(sprint).size(sprint.dials).parameters;
  const most = MEMORY_SHARE * totalMemory();
  return bytes > most ? `its network takes ${bytes} bytes, more than half of this machine's memory` : null;
};

/** By the count of the last Sprint with the same network, else by what the operator expects. */
const difficultyOf = ({ journal, config }: Sprinter, { dials }: Sprint): number => {
  const last = journal.value.sprinted;
  const expected = last?.dials === dials ? last.nonces : (config.compute.expected_nonces ?? 0);
  return Math.min(MAX_DIFFICULTY, Math.max(MIN_DIFFICULTY, nextDifficulty(expected)));
};

interface Finding {
  readonly sprint: PlayedSprint;
  readonly difficulty: number;
}

/** Loads the Sprint's network and searches it. A Sprint and a confirmation are work of the device, before which idle time gives way. */
const find = (sprinter: Sprinter, cycle: number, finding: Finding): Promise<Found> =>
  finding.sprint.isIdle
    ? searchIn(sprinter, cycle, finding)
    : sprinter.gate.work(() => searchIn(sprinter, cycle, finding));

const searchIn = async (
  { participant, journal, config, arithmetic, metrics, power, timer, gate }: Sprinter,
  cycle: number,
  { sprint, difficulty }: Finding,
): Promise<Found> => {
  const isIdle = sprint.isIdle === true;
  const { clock, signer, signal, log, telemetry } = participant;
  const show = showSprint(telemetry.instruments);
  const seed = await awaitSprintSeed(participant, { cycle, purpose: "sprint-network" });
  show.state("loading");
  const begun = performance.now();
  const prover = await profileOf(sprint).open({
    ...(await arithmetic()),
    dials: sprint.dials,
    seed: networkSeed(seed),
    yields: isIdle,
    signal,
  });
  try {
    const loading = (performance.now() - begun) / 1000;
    show.took("load", loading);
    log.info("loaded the Sprint's network", { cycle, dials: sprint.dials, seconds: Number(loading.toFixed(2)) });
    const inputs = await awaitSprintSeed(participant, { cycle, purpose: "sprint-inputs" });
    const { max_share: share, max_watts: maxWatts } = config.compute;
    const pace = createPace({ share, maxWatts }, power);
    const started = performance.now();
    const last = proofWindow(cycle, sprint, participant.network).end - BLOCKS_TO_COMMIT;
    let computing = 0;
    show.state("searching");
    const found = await untilBlock(clock, last, signal, (over) =>
      search({
        prover,
        task: { publicKey: signer.publicKey, inputs, difficulty },
        pace: {
          async rest(computed, until) {
            show.state("resting");
            await pace.rest(computed, until);
            show.state("searching");
          },
        },
        ...(isIdle && { turn: () => isFree(gate, over) }),
        left: () => millisecondsUntil(clock, last, timer),
        signal,
        onBatch: ({ nonces, wins, milliseconds }) => {
          computing += milliseconds / 1000;
          show.found(nonces, wins);
        },
      }),
    );
    const searched = (performance.now() - started) / 1000;
    show.took("search", computing);
    show.took("rest", searched - computing);
    if (pace.watts !== null) show.watts(pace.watts);
    if (!isIdle) journal.note((value) => ({ ...value, sprinted: { dials: sprint.dials, nonces: found.nonces } }));
    metrics.write({
      cycle,
      "sprint/nonces": found.nonces,
      "sprint/wins": found.wins.length,
      "sprint/difficulty": difficulty,
      "sprint/load_seconds": loading,
      "sprint/search_seconds": computing,
    });
    log.info("searched", {
      cycle,
      idle: isIdle,
      nonces: found.nonces,
      wins: found.wins.length,
      seconds: Number(computing.toFixed(2)),
      restedSeconds: Number((searched - computing).toFixed(2)),
      share,
      watts: pace.watts ?? "cannot be read here",
      block: clock.head.number,
    });
    return found;
  } finally {
    await prover.dispose();
  }
};

type Fields = Partial<SprintEntry>;

/** Writes down how far a Sprint came, and what else is to be known from then on, before what depends on it. */
const markSprint = (
  { journal }: Pick<Sprinter, "journal">,
  cycle: number,
  fields: Fields,
  beside: Pick<MinerJournal, "proven"> = {},
): void => journal.update((value) => ({ ...withFields(cycle, fields)(value), ...beside }));

/** The same for what the chain can tell again. */
const noteSprint = ({ journal }: Pick<Sprinter, "journal">, cycle: number, fields: Fields): void =>
  journal.note(withFields(cycle, fields));

const withFields = (cycle: number, fields: Fields) =>
  withCycle<MinerJournal["cycles"][string]>(cycle, (entry) => ({
    ...entry,
    sprint: { ...entry?.sprint, ...fields } as SprintEntry,
  }));

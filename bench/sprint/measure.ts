import { createHash } from "node:crypto";
import type { Device } from "#shared/engine/device.js";
import { openDeviceNetwork } from "#shared/sprint/exact/device-network.js";
import { flopsOf } from "#shared/sprint/exact/dials.js";
import type { Way } from "#shared/sprint/exact/faster-way.js";
import { openProcessorNetwork } from "#shared/sprint/exact/processor-network.js";
import type { SprintNetwork } from "#shared/sprint/exact/sprint-network.js";
import { median } from "../median.js";
import { type Dropped, isDropped, orDropped } from "../step/dropped.js";
import { COMPARED, NODE, SEED, type SprintCase, writeMaterial } from "./cases.js";
import { openNetworkAlone } from "./network-alone.js";
import type { SprintPeer, Turn } from "./peer.js";

export interface Contestant {
  readonly name: string;
  /** Nonces a second: the median of the turns. */
  readonly rate: number;
  /** How many times as fast ours is, and by nonces a second of processor time. */
  readonly ratio: number;
  readonly byProcessor: number;
  /** Whether its outputs are ours. */
  readonly agrees: boolean;
}

export interface SprintMeasurement {
  readonly name: string;
  readonly layers: number;
  /** Seconds in which our threads' network is loaded: drawn and packed. */
  readonly loading: number;
  /** How our threads compute it: the faster way here. */
  readonly way: Way;
  /** Nonces a second of our network alone. */
  readonly rate: number;
  /** Nonces a second of our search, with inputs and hashes, by the threads and by the engine's graph. */
  readonly search: number;
  readonly engine: number;
  /** Whether threads and engine give the same outputs. */
  readonly agrees: boolean;
  /** The peers' network alone. */
  readonly peers: readonly (Contestant | Dropped)[];
  /** Operations of the matrix products of our network alone a second. */
  readonly flopsPerSecond: number;
  /** How many times as fast as the fastest peer. Absent without one. */
  readonly ratio?: number;
  /** Seconds in which all 400 wins of a proof are checked, and in which they are found. */
  readonly checking: number;
  readonly proving: number;
}

const SECONDS = 1.5;
/** Wins that a proof has where its difficulty is right: below 459 all are checked. */
const WINS = 400;

/** Measures a case by turns on our threads, our engine and the peers. @param rounds turns of each */
export const measureSprint = async (
  sprintCase: SprintCase,
  {
    device,
    threads,
    peers,
    folder,
    rounds,
  }: {
    readonly device: Device;
    readonly threads: number;
    readonly peers: readonly SprintPeer[];
    readonly folder: string;
    readonly rounds: number;
  },
): Promise<SprintMeasurement> => {
  const { name, dials, nonces, difficulty } = sprintCase;
  await writeMaterial(sprintCase, folder);
  const begin = performance.now();
  const network = await openProcessorNetwork({ dials, seed: SEED, threads });
  const loading = (performance.now() - begin) / 1000;
  const engine = await openDeviceNetwork({ dials, seed: SEED, device });
  const alone = await openNetworkAlone(dials, threads);
  try {
    const expected = await digestOf(network);
    let first = 0;
    const search = async (of: SprintNetwork, count: number) => {
      const started = performance.now();
      await of.search(NODE, { first, count }, difficulty);
      first += count;
      return (1000 * count) / (performance.now() - started);
    };
    /** As many whole runs as take about as long as ours. */
    const fewer = engine.batch * Math.max(1, Math.round(nonces / engine.batch / 4));
    const agrees = (await digestOf(engine)) === expected;
    const entrants: (Dropped | { name: string; agrees: boolean; turns: Turn[]; turn: () => Promise<Turn> })[] = [];
    for (const peer of peers) {
      const prepared = await orDropped(peer.name, () => peer.prepare(sprintCase, folder));
      entrants.push(
        isDropped(prepared)
          ? prepared
          : {
              name: `${peer.name}, batch ${prepared.batch}`,
              agrees: prepared.sha256 === expected,
              turns: [],
              turn: () => peer.run(SECONDS),
            },
      );
    }
    const ours = { alone: [] as Turn[], search: [] as number[], engine: [] as number[] };
    await alone.run(SECONDS);
    await search(network, nonces);
    for (let round = 0; round < rounds; round++) {
      ours.alone.push(await alone.run(SECONDS));
      for (const [place, entrant] of entrants.entries()) {
        if (isDropped(entrant)) continue;
        const turn = await orDropped(entrant.name, entrant.turn);
        if (isDropped(turn)) entrants[place] = turn;
        else entrant.turns.push(turn);
      }
      ours.search.push(await search(network, nonces));
      ours.engine.push(await search(engine, fewer));
    }
    const middle = (turns: readonly Turn[], of: keyof Turn) => median(turns.map(({ [of]: value }) => value));
    const rate = middle(ours.alone, "rate");
    const results = entrants.map((entrant): Contestant | Dropped => {
      if (isDropped(entrant)) return entrant;
      const { name: entrantName, agrees: same, turns } = entrant;
      const theirs = middle(turns, "rate");
      const byProcessor = middle(ours.alone, "processor") / middle(turns, "processor");
      return { name: entrantName, rate: theirs, ratio: rate / theirs, byProcessor, agrees: same };
    });
    const ratios = results.flatMap((one) => (isDropped(one) ? [] : [one.ratio]));
    return {
      name,
      layers: dials.layers,
      loading,
      way: alone.way,
      rate,
      search: median(ours.search),
      engine: median(ours.engine),
      agrees,
      peers: results,
      flopsPerSecond: rate * flopsOf(dials),
      ...(ratios.length > 0 && { ratio: Math.min(...ratios) }),
      checking: await checkingTime(network),
      proving: (WINS * difficulty) / median(ours.search),
    };
  } finally {
    await alone.close();
    await network.dispose();
    await engine.dispose();
  }
};

/** Seconds in which a proof's wins are checked. */
const checkingTime = async (network: SprintNetwork): Promise<number> => {
  const claimed = Array.from({ length: WINS }, (_, i) => 977 * i);
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    await network.losers(NODE, claimed, 1);
    times.push((performance.now() - started) / 1000);
  }
  return median(times);
};

const digestOf = async (network: SprintNetwork): Promise<string> => {
  const made = createHash("sha256");
  for (const output of await network.outputs(
    NODE,
    Array.from({ length: COMPARED }, (_, i) => i),
  )) {
    made.update(output);
  }
  return made.digest("hex");
};

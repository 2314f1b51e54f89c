import { idleWindow } from "#shared/compute/idle-window.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { awaitSprintSeed, isSeedInForce } from "#shared/participant/await-seeds.js";
import { millisecondsUntil } from "#shared/participant/milliseconds-until.js";
import { seedReplaced } from "#shared/participant/seed-replaced.js";
import { untilBlock } from "#shared/participant/until-block.js";
import type { Network } from "#shared/protocol/network.js";
import { BLOCKS_TO_RECORD, type BlockRange } from "#shared/protocol/phases.js";
import { prefixWindows } from "#shared/protocol/prefix-windows.js";
import type { PlayedSprint } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { networkSeed } from "#shared/sprint/exact/seeds.js";
import type { Sprinter } from "./context.js";
import { reportSearch, showSprint } from "./observe-sprint.js";
import { createPace } from "./pace.js";
import { proveNonces } from "./prove-nonces.js";
import { proveWins } from "./prove-wins.js";
import type { Proving } from "./proving.js";
import { type Found, isFree, search } from "./search.js";

/**
 * The blocks in which the record of a proof counts. With the float profile those after the second record of first nonces, which must stand on chain
 * until then.
 */
export const proofWindow = (cycle: number, { profile, isIdle }: PlayedSprint, network: Network): BlockRange => {
  if (isIdle) return idleWindow(cycle, network);
  const window = recordWindow("sprint", cycle, network);
  return profile === "float" ? { ...window, start: prefixWindows(cycle, network)[1].end } : window;
};

interface Finding {
  readonly sprint: PlayedSprint;
  readonly difficulty: number;
}

/** Makes a proof of what was found. */
type Prove = (found: Found, proving: Proving) => Promise<void>;

/**
 * Loads the Sprint's network, searches it, and gives what was found to `prove`. A Sprint and a confirmation are work of the device, before which idle
 * time gives way.
 *
 * @throws BlockZeroError SPRINT_SEED_REPLACED if a fork made other seeds meanwhile
 */
export const find = (sprinter: Sprinter, cycle: number, finding: Finding, prove: Prove): Promise<void> =>
  finding.sprint.isIdle
    ? searchIn(sprinter, cycle, finding, prove)
    : sprinter.gate.work(() => searchIn(sprinter, cycle, finding, prove));

const searchIn = async (
  sprinter: Sprinter,
  cycle: number,
  { sprint, difficulty }: Finding,
  prove: Prove,
): Promise<void> => {
  const { participant, journal, config, arithmetic, power, timer, gate } = sprinter;
  const isIdle = sprint.isIdle === true;
  const { clock, signer, signal, log, telemetry } = participant;
  const show = showSprint(telemetry.instruments);
  const seed = await awaitSprintSeed(participant, { cycle, purpose: "sprint-network" });
  show.state("loading");
  const begun = performance.now();
  const prover = await profileOf(sprint).open({
    ...(await arithmetic()),
    sprint,
    seed: networkSeed(seed),
    ...(isIdle && { nice: config.compute.idle_nice }),
    signal,
  });
  try {
    const loading = (performance.now() - begun) / 1000;
    show.took("load", loading);
    log.info("loaded the Sprint's network", { cycle, dials: sprint.dials, seconds: Number(loading.toFixed(2)) });
    const inputs = await awaitSprintSeed(participant, { cycle, purpose: "sprint-inputs" });
    const pace = createPace({ share: config.compute.max_share, maxWatts: config.compute.max_watts }, power);
    const started = performance.now();
    const last = proofWindow(cycle, sprint, participant.network).end - BLOCKS_TO_RECORD;
    const task = { publicKey: signer.publicKey, inputs, difficulty };
    const proving = (sprint.profile === "float" ? proveNonces : proveWins)(sprinter, { cycle, difficulty, inputs });
    let computing = 0;
    show.state("searching");
    const recording = proving.record();
    // Its fault ends the search, and is thrown after it.
    recording.catch(() => {});
    try {
      const found = await untilBlock(clock, last, signal, (until) =>
        search({
          batch: prover.batch,
          compute: proving.computing((range) => prover.search(task, range)),
          begun: proving.begun,
          most: proving.most,
          pace: {
            async rest(computed, signal, most) {
              show.state("resting");
              await pace.rest(computed, signal, most);
              show.state("searching");
            },
          },
          ...(isIdle && { turn: () => isFree(gate, until) }),
          left: () => millisecondsUntil(clock, last, timer),
          signal,
          until,
          onBatch: (batch, { nonces, wins, milliseconds }) => {
            proving.take(batch);
            computing += milliseconds / 1000;
            show.found(nonces, wins);
          },
        }),
      );
      await recording;
      const resting = (performance.now() - started) / 1000 - computing;
      const { profile, dials } = sprint;
      if (!isIdle) journal.note((value) => ({ ...value, sprinted: { profile, dials, nonces: found.nonces } }));
      reportSearch(sprinter, cycle, { ...found, isIdle, difficulty, loading, computing, resting, watts: pace.watts });
      for (const [purpose, used] of [
        ["sprint-network", seed],
        ["sprint-inputs", inputs],
      ] as const)
        if (!(await isSeedInForce(participant, { cycle, purpose }, used))) throw seedReplaced(cycle, purpose);
      await prove(found, proving);
    } finally {
      proving.close();
      // Whoever begins again would send a second time what is on its way to the chain.
      await recording.catch(() => {});
    }
  } finally {
    await prover.dispose();
  }
};

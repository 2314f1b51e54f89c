import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { againAtBlocks, isTimeLeft } from "#shared/participant/at-every-block.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import type { Participant } from "#shared/participant/participant.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { waitForFiles } from "#shared/participant/waiting.js";
import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import { note } from "#shared/participant/writes/journal.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { agreedCycles } from "#shared/replay/lineage.js";
import type { FileRequest } from "#shared/replay/source.js";
import { readModelManifest } from "#shared/replay/whole-model.js";
import { cycleWeights } from "#shared/rewards/cycle-weights.js";
import { scoreUnder } from "#shared/scoring/score-under.js";
import type { Validator } from "./context.js";
import { knownPayParts } from "./sprint/known-gate.js";

/** Share of the merge phase in which a manifest that says which cycles counts is asked for. */
const FETCH_SHARE = 1 / 3;

/**
 * Sets the cycle's weights, once. A chain that does not answer is asked again at the next block, and so are servers. Any other failure is only
 * logged: the next cycle's weights replace these anyway.
 *
 * @param base hash of the model that the cycle started from
 */
export const setWeights = async (validator: Validator, cycle: number, base: string): Promise<void> => {
  const { participant, journal } = validator;
  const { chain, network, signal, telemetry, log } = participant;
  const { instruments, duties } = telemetry;
  if (journal.value.cycles[cycle]?.weighted !== undefined) return;
  try {
    const window = phaseWindow(cycle, "merge", network.phases);
    const limit = { name: `the weights of cycle ${cycle}`, deadline: window.end };
    const late = window.start + Math.ceil((window.end - window.start) * FETCH_SHARE);
    const manifest = askedUntil(participant, late);
    const set = async () => {
      const parts = await knownPayParts(validator, cycle);
      const { history, progress } = journal.value;
      const isAgreed = await agreedCycles({ manifest }, base, cycle - network.scoring.window + 1, signal);
      const settled = progress.map((past) => ({ ...past, isAgreed: past.cycle < cycle ? isAgreed(past.cycle) : null }));
      const holders = await chain.metagraph(network.netuid);
      const { exponent: to } = network.scoring;
      const scores = history.map(({ exponent: from = to, ...entry }) => ({
        ...entry,
        score: scoreUnder(entry.score, { from, to }),
      }));
      const self = holders.neurons.find(({ hotkey }) => hotkey === participant.signer.address)?.uid;
      const facts = { history: scores, progress: settled };
      const weights = cycleWeights(network, holders, facts, cycle, { ...parts, self });
      const block = await setWeightsOnce(validator.weights, { key: String(window.start), weights, window });
      return { weights, block };
    };
    const { weights, block } = await throughFaults(participant, limit, set, isFetchFault);
    note(validator, cycle, { weighted: block });
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
    instruments.replace(
      "blockzero_miner_weight_ratio",
      weights.map(([uid, weight]) => [{ uid }, weight / total]),
    );
    log.info("set weights", { cycle, weights: weights.map(([uid, weight]) => `${uid}:${weight}`).join(" "), block });
  } catch (thrown) {
    participant.signal.throwIfAborted();
    instruments.add("blockzero_windows_missed_total", 1, { record: "weights" });
    duties.failed("weights", reasonOf(thrown));
    log.error("missed weights", { cycle, ...faultFields(thrown) });
  }
};

/** Reads a model's manifest, which is asked for at every block before `late`, and from then on for one more: what is here is read also then. */
const askedUntil =
  (participant: Participant, late: number): Participant["models"]["manifest"] =>
  (hash, asked) =>
    waitForFiles({ ...participant, signal: asked }, { deadline: late }, (wait) => {
      const fetch = (file: FileRequest) => wait.source.fetch({ ...file, what: `the model ${hash}` });
      const mayCome = (thrown: unknown, tried: number) => isFetchFault(thrown) && isTimeLeft(wait, tried);
      return againAtBlocks(participant, mayCome, () => readModelManifest({ fetch }, hash));
    });

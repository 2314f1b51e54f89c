import { timeOfRound } from "#shared/chain/timelock/beacon.js";
import type { DocumentSource } from "#shared/data/source.js";
import { reasonOf } from "#shared/errors/error.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import type { SealedText } from "#shared/protocol/expert-group.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { cycleLength, phaseWindow } from "#shared/protocol/phases.js";
import { roundOf } from "#shared/protocol/sealed-text.js";
import { beaconOf, envelopeReader, openEvaluationText } from "#shared/replay/evaluation-text.js";

/** Share of all envelopes left below which the validator warns that the text will run out. */
const LITTLE_LEFT = 0.1;

/** Share of the evaluate phase in which the validator waits for text. The rest is for computing and reporting. */
const TEXT_SHARE = 1 / 2;

/** The text that each group is evaluated on: opened sealed text, null for public text, or the reason why there is none. */
export type EvaluationTexts = ReadonlyMap<string, Parsed<DocumentSource | null>>;

/**
 * Opens the sealed text of every group that has some, from the first block of the evaluate phase on. The pulse may take some blocks to
 * reach the chain, and the files take time to arrive. The validator waits for both until half of the phase has passed. If it does not get
 * the text, this is its own failure.
 */
export const evaluationTexts = async (participant: Participant, cycle: number): Promise<EvaluationTexts> => {
  const { clock, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  await clock.reach(start, signal);
  const deadline = Math.max(start + Math.floor((end - start) * TEXT_SHARE), clock.head.number + 1);
  return untilBlock(clock, deadline, signal, async (until) => {
    const texts = Object.keys(network.groups).map(
      async (group) => [group, await openText(participant, { cycle, group, until })] as const,
    );
    return new Map(await Promise.all(texts));
  });
};

interface Wanted {
  readonly cycle: number;
  readonly group: string;
  readonly until: AbortSignal;
}

const openText = async (
  participant: Participant,
  { cycle, group, until }: Wanted,
): Promise<Parsed<DocumentSource | null>> => {
  const { chain, clock, log, network, signal } = participant;
  const sealed = network.groups[group]?.sealed;
  if (!sealed) return accepted(null);
  const waitForPulse = async (round: number): Promise<Uint8Array | null> => {
    for (;;) {
      const signature = await chain.pulse(round);
      if (signature || until.aborted) return signature;
      await clock.reach(clock.head.number + 1, signal);
    }
  };
  try {
    const source = cycleSource(participant, { until });
    const text = await openEvaluationText(source, { cycle, group, pulse: waitForPulse });
    if (!text) return accepted(null);
    const { documents, envelope, left } = text;
    void fetchAhead({ ...participant, signal: participant.presence }, { cycle, sealed, envelope }).catch(
      (thrown: unknown) => {
        log.debug("an envelope of the next cycle is not here yet", { group, reason: reasonOf(thrown) });
      },
    );
    const lastsUntil = new Date(timeOfRound(roundOf(sealed, sealed.envelopes - 1), beaconOf(sealed))).toISOString();
    const fields = { cycle, group, envelope, left, until: lastsUntil };
    if (left < sealed.envelopes * LITTLE_LEFT) log.warn("sealed text comes to its end", fields);
    else log.info("opened sealed text", fields);
    return accepted(documents);
  } catch (thrown) {
    signal.throwIfAborted();
    log.error("no text to evaluate on", { cycle, group, reason: reasonOf(thrown) });
    return refused(reasonOf(thrown));
  }
};

/** Greatest distance to the next cycle's envelope, as a multiple of the distance expected from this cycle's reveal phase. */
const FURTHEST = 1.5;

/** Fetches everything that the next cycle may use, so that no server has to be up at one certain moment. */
const fetchAhead = async (
  participant: Participant,
  { cycle, sealed, envelope }: { readonly cycle: number; readonly sealed: SealedText; readonly envelope: number },
): Promise<void> => {
  const { chain, network } = participant;
  const { start, end } = phaseWindow(cycle, "reveal", network.phases);
  const [from, to] = await Promise.all([chain.timestamp(start), chain.timestamp(end)]);
  const cycleSeconds = ((to - from) / 1000 / (end - start)) * cycleLength(network.phases);
  const ahead = Math.ceil((FURTHEST * cycleSeconds) / (sealed.beacon.period * sealed.spacing));
  const last = Math.min(envelope + ahead, sealed.envelopes - 1);
  const fetchEnvelope = await envelopeReader(cycleSource(participant), sealed);
  for (let next = envelope + 1; next <= last; next++) await fetchEnvelope(next);
};

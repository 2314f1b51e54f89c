import { isChainFault } from "#shared/chain/chain-fault.js";
import { drandBeacon, timeOfRound } from "#shared/chain/timelock/beacon.js";
import type { DocumentSource } from "#shared/data/source.js";
import { reasonOf } from "#shared/errors/error.js";
import { askAtEveryBlock } from "#shared/participant/at-every-block.js";
import type { Participant } from "#shared/participant/participant.js";
import { type FileWait, waitForFiles } from "#shared/participant/waiting.js";
import type { SealedText } from "#shared/protocol/expert-group.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { cycleLength, phaseWindow } from "#shared/protocol/phases.js";
import { roundOf } from "#shared/protocol/sealed-text.js";
import { envelopeReader, openEvaluationText } from "#shared/replay/evaluation-text.js";
import type { CycleSource } from "#shared/replay/source.js";

/** Share of all envelopes left below which the validator warns that the text will run out. */
const LITTLE_LEFT = 0.1;

/** Share of the evaluate phase in which the validator waits for text. The rest is for computing and reporting. */
const TEXT_SHARE = 1 / 2;

/** The text that each group is evaluated on: opened sealed text, null for public text, or the reason why there is none. */
export type EvaluationTexts = ReadonlyMap<string, Parsed<DocumentSource | null>>;

/**
 * Opens the sealed text of every group that has some, from the first block of the evaluate phase on. The pulse may take some blocks to
 * reach the chain, and the files take time to arrive. The validator waits for both, and asks for them at every block, until half of the
 * phase has passed. If it does not get the text, this is its own failure.
 */
export const evaluationTexts = async (participant: Participant, cycle: number): Promise<EvaluationTexts> => {
  const { clock, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  await clock.reach(start, signal);
  const deadline = start + Math.floor((end - start) * TEXT_SHARE);
  return waitForFiles(participant, { deadline }, async (wait) => {
    const texts = Object.keys(network.groups).map(
      async (group) => [group, await openText(participant, { cycle, group }, wait)] as const,
    );
    return new Map(await Promise.all(texts));
  });
};

interface Wanted {
  readonly cycle: number;
  readonly group: string;
}

const openText = async (
  participant: Participant,
  { cycle, group }: Wanted,
  wait: FileWait,
): Promise<Parsed<DocumentSource | null>> => {
  const { log, network, signal } = participant;
  const sealed = network.groups[group]?.sealed;
  if (!sealed) return accepted(null);
  const pulse = waitForPulse(participant, wait.until);
  try {
    const asked = await askAtEveryBlock(participant, wait, () =>
      openEvaluationText(wait.source, { cycle, group, pulse }),
    );
    if ("reason" in asked) return withoutText(log, { cycle, group, reason: asked.reason });
    if (!asked.value) return accepted(null);
    const { documents, envelope, left } = asked.value;
    void fetchAhead({ ...participant, signal: participant.presence }, { cycle, group, sealed, envelope });
    const lastsUntil = new Date(
      timeOfRound(roundOf(sealed, sealed.envelopes - 1), drandBeacon(sealed.beacon)),
    ).toISOString();
    const fields = { cycle, group, envelope, left, until: lastsUntil };
    if (left < sealed.envelopes * LITTLE_LEFT) log.warn("sealed text comes to its end", fields);
    else log.info("opened sealed text", fields);
    return accepted(documents);
  } catch (thrown) {
    signal.throwIfAborted();
    return withoutText(log, { cycle, group, reason: reasonOf(thrown) });
  }
};

const withoutText = (
  log: Participant["log"],
  fields: { readonly cycle: number; readonly group: string; readonly reason: string },
): Parsed<DocumentSource | null> => {
  log.error("no text to evaluate on", fields);
  return refused(fields.reason);
};

/** Waits for a round's pulse, once however often it is asked for. Null if it is not there in time. */
const waitForPulse = ({ chain, clock, signal }: Participant, until: AbortSignal) => {
  const wait = async (round: number): Promise<Uint8Array | null> => {
    for (;;) {
      const signature = await chain.pulse(round).catch((thrown: unknown) => {
        signal.throwIfAborted();
        if (isChainFault(thrown)) return null;
        throw thrown;
      });
      if (signature || until.aborted) return signature;
      await clock.reach(clock.head.number + 1, signal);
    }
  };
  let waiting: ReturnType<typeof wait> | undefined;
  return (round: number) => {
    waiting ??= wait(round);
    return waiting;
  };
};

/** Greatest distance to the next cycle's envelope, as a multiple of the distance expected from this cycle's reveal phase. */
const FURTHEST = 1.5;

interface Ahead {
  readonly cycle: number;
  readonly group: string;
  readonly sealed: SealedText;
  /** The one that this cycle took. */
  readonly envelope: number;
}

/**
 * Fetches everything that the next cycle may use, so that no server has to be up at one certain moment. What does not come is asked for at every
 * block until then. Never throws.
 */
const fetchAhead = async (participant: Participant, ahead: Ahead): Promise<void> => {
  const { log, network } = participant;
  const { cycle, group } = ahead;
  const deadline = phaseWindow(cycle + 1, "evaluate", network.phases).start;
  try {
    const asked = await waitForFiles(participant, { deadline }, (wait) =>
      askAtEveryBlock(participant, wait, () => fetchEnvelopes(participant, ahead, wait.source)),
    );
    if ("reason" in asked) log.debug("an envelope of the next cycle is not here yet", { group, reason: asked.reason });
  } catch (thrown) {
    log.debug("an envelope of the next cycle is not here yet", { group, reason: reasonOf(thrown) });
  }
};

const fetchEnvelopes = async (
  { chain, network }: Participant,
  { cycle, sealed, envelope }: Ahead,
  source: CycleSource,
): Promise<void> => {
  const { start, end } = phaseWindow(cycle, "reveal", network.phases);
  const [from, to] = await Promise.all([chain.timestamp(start), chain.timestamp(end)]);
  const cycleSeconds = ((to - from) / 1000 / (end - start)) * cycleLength(network.phases);
  const ahead = Math.ceil((FURTHEST * cycleSeconds) / (sealed.beacon.period * sealed.spacing));
  const last = Math.min(envelope + ahead, sealed.envelopes - 1);
  const fetchEnvelope = await envelopeReader(source, sealed);
  for (let next = envelope + 1; next <= last; next++) await fetchEnvelope(next);
};

import { drandBeacon, roundAt } from "#shared/chain/timelock/beacon.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import { decryptTimelock } from "#shared/chain/timelock/timelock.js";
import { type DocumentSource, listedDocuments } from "#shared/data/source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { SealedText } from "#shared/protocol/expert-group.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import {
  envelopeHash,
  envelopeOf,
  indexBytes,
  MAX_ENVELOPE_BYTES,
  parseDocuments,
  roundOf,
} from "#shared/protocol/sealed-text.js";
import type { CycleSource } from "./source.js";

/** The sealed text of one cycle. */
export interface OpenedText {
  readonly documents: DocumentSource;
  /** The envelope's number, from 0, and the number of envelopes after it. */
  readonly envelope: number;
  readonly left: number;
}

export interface EvaluationTextOptions {
  readonly group: string;
  readonly cycle: number;
  /** The beacon's signature of a round. Default: the one that the chain has now, or had at the end of the evaluate phase. */
  readonly pulse?: (round: number) => Promise<Uint8Array | null>;
}

/**
 * The text on which a cycle evaluates a group in place of the held-out part of its documents: the envelope that opened between the close of
 * commits and the start of evaluation, by the timestamps of two blocks. Null if the group has no sealed text.
 *
 * @throws BlockZeroError SEALED_TEXT_NONE, SEALED_TEXT_PULSE_MISSING, SEALED_TEXT_PULSE_INVALID, SEALED_TEXT_MALFORMED, and what the
 *         source throws
 */
export const openEvaluationText = async (
  source: Pick<CycleSource, "chain" | "network" | "fetch">,
  { group, cycle, pulse }: EvaluationTextOptions,
): Promise<OpenedText | null> => {
  const { chain, network } = source;
  const sealed = network.groups[group]?.sealed;
  if (!sealed) return null;
  const commit = phaseWindow(cycle, "commit", network.phases);
  const evaluate = phaseWindow(cycle, "evaluate", network.phases);
  const [closed, begun] = await Promise.all([chain.timestamp(commit.end), chain.timestamp(evaluate.start)]);
  const beacon = drandBeacon(sealed.beacon);
  const time = { after: roundAt(closed, beacon), until: roundAt(begun, beacon) };
  const envelope = envelopeOf(sealed, time);
  if (envelope === null) throw noText(group, sealed, time);
  const round = roundOf(sealed, envelope);
  const kept = async () => (await chain.pulse(round)) ?? chain.pulse(round, evaluate.end - 1);
  const [ciphertext, signature] = await Promise.all([
    envelopeReader(source, sealed).then((read) => read(envelope)),
    pulse ? pulse(round) : kept(),
  ]);
  if (!signature) throw noPulse(round);
  const documents = openEnvelope(ciphertext, { sealed, envelope, signature });
  return {
    documents: listedDocuments(`sealed text of ${group}`, documents),
    envelope,
    left: sealed.envelopes - 1 - envelope,
  };
};

/**
 * Reads envelopes as they were sealed, by number.
 * @throws BlockZeroError SEALED_TEXT_MALFORMED, and what the source throws
 */
export const envelopeReader = async (
  { fetch }: Pick<CycleSource, "fetch">,
  sealed: SealedText,
): Promise<(envelope: number) => Promise<Uint8Array>> => {
  const index = await fetch({ hash: sealed.index, maxBytes: indexBytes(sealed) });
  if (index.length !== indexBytes(sealed)) throw malformed(`its index has ${index.length} bytes`);
  return (envelope) => fetch({ hash: envelopeHash(index, envelope), maxBytes: MAX_ENVELOPE_BYTES });
};

/** The documents of one envelope. @throws BlockZeroError SEALED_TEXT_PULSE_INVALID, SEALED_TEXT_MALFORMED */
export const openEnvelope = (
  ciphertext: Uint8Array,
  {
    sealed,
    envelope,
    signature,
  }: { readonly sealed: SealedText; readonly envelope: number; readonly signature: Uint8Array },
): readonly string[] => {
  const round = roundOf(sealed, envelope);
  if (!verifyPulse(sealed.beacon.public_key, round, signature)) throw wrongPulse(round);
  const documents = parseDocuments(opened(ciphertext, signature, envelope));
  if (!documents.ok) throw malformed(`envelope ${envelope} holds no documents: ${documents.problem}`);
  return documents.value;
};

const opened = (ciphertext: Uint8Array, signature: Uint8Array, envelope: number): Uint8Array => {
  try {
    return decryptTimelock(ciphertext, signature);
  } catch (cause) {
    if (cause instanceof BlockZeroError) throw malformed(`envelope ${envelope}: ${cause.message}`, cause);
    throw cause;
  }
};

const noText = (
  group: string,
  sealed: SealedText,
  { after, until }: { readonly after: number; readonly until: number },
): BlockZeroError => {
  const last = roundOf(sealed, sealed.envelopes - 1);
  const why = last <= after ? `the last one opened with round ${last}` : `they open every ${sealed.spacing} rounds`;
  return new BlockZeroError(
    "SEALED_TEXT_NONE",
    `group "${group}" has no envelope that opens after round ${after} and with round ${until} at the latest: ${why}`,
    "as the subnet's owner, seal more text with `blockzero seal`, and closer together where the reveal phase is shorter",
  );
};

const noPulse = (round: number): BlockZeroError =>
  new BlockZeroError(
    "SEALED_TEXT_PULSE_MISSING",
    `the chain does not have the beacon's round ${round}`,
    "use an endpoint that has it; runtimes keep about a week of rounds",
  );

const wrongPulse = (round: number): BlockZeroError =>
  new BlockZeroError(
    "SEALED_TEXT_PULSE_INVALID",
    `what the chain says of round ${round} was not signed by the beacon of the sealed text`,
    "check that the network file names the beacon that the chain follows",
  );

const malformed = (what: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError("SEALED_TEXT_MALFORMED", `sealed text: ${what}`, "ask the subnet's owner to seal it again", {
    cause,
  });

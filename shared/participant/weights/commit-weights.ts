import type { ChainCall } from "#shared/chain/call.js";
import type { HyperParameters, PendingWeights } from "#shared/chain/chain.js";
import { encryptTimelock } from "#shared/chain/timelock/timelock.js";
import { ciphertextHash, encodeTimelockPayload, weightsCommitHash } from "#shared/chain/weights/payload.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { isBeaconSilent } from "./beacon-silence.js";
import { ownEpoch, revealRound } from "./reveal-round.js";
import type { Weights, WeightsContext } from "./weights-context.js";
import {
  addCommitment,
  changeCommitments,
  type HashCommitment,
  type TimelockCommitment,
  type WeightsCommitment,
} from "./weights-journal.js";

/** u16 words, as in Bittensor's clients. */
const SALT_WORDS = 8;

/** Weights, the window of blocks, and the weights' key in the journal. */
export interface WeightsWrite {
  readonly key: string;
  readonly weights: Weights;
  readonly window: BlockRange;
}

/** The commitment of the weights for the next block. It is made once per key, and written to the journal before it is returned. */
export const commitmentFor = async (
  context: WeightsContext,
  parameters: HyperParameters,
  write: WeightsWrite,
): Promise<WeightsCommitment> => {
  const { clock, journal } = context;
  const known = journal.value.commitments.findLast(
    ({ key, mode, sendUntil }) =>
      key === write.key && (mode === parameters.weightsMode || mode === "hash") && sendUntil > clock.head.number,
  );
  if (known) return known;
  const isByHash = parameters.weightsMode === "hash" || (await isBeaconSilent(context, parameters));
  const make = isByHash ? hashCommitment : timelockCommitment;
  const commitment = await make(context, parameters, write);
  addCommitment(journal, commitment);
  return commitment;
};

export const commitCall = (netuid: number, commitment: WeightsCommitment): ChainCall =>
  commitment.mode === "hash"
    ? { name: "commitWeights", args: { netuid, commit: commitment.hash } }
    : {
        name: "commitTimelockedWeights",
        args: { netuid, commit: commitment.ciphertext, revealRound: commitment.round },
      };

/** Writes to the journal which of this participant's commitments the chain has. */
export const noteCommitted = ({ journal }: WeightsContext, pending: readonly PendingWeights[]): void => {
  const news = new Map(pending.map((entry) => [entry.hash, entry]));
  const isNews = ({ hash, committed }: WeightsCommitment) => committed === undefined && news.has(hash);
  if (!journal.value.commitments.some(isNews)) return;
  changeCommitments(journal, (commitment) => {
    if (!isNews(commitment)) return commitment;
    const { block, reveal } = news.get(commitment.hash)!;
    return commitment.mode === "hash" && "first" in reveal
      ? { ...commitment, committed: block, reveal }
      : { ...commitment, committed: block };
  });
};

const hashCommitment = async (
  { netuid, signer, random }: WeightsContext,
  { weightsVersion: versionKey }: HyperParameters,
  { key, weights, window }: WeightsWrite,
): Promise<HashCommitment> => {
  const bytes = Buffer.from(random(SALT_WORDS * 2));
  const salt = Array.from({ length: SALT_WORDS }, (_, i) => bytes.readUInt16LE(i * 2));
  return {
    mode: "hash",
    key,
    hash: weightsCommitHash({ hotkey: signer.publicKey, netuid, ...columns(weights), salt, versionKey }),
    weights,
    versionKey,
    salt,
    sendUntil: window.end - 1,
    state: "open",
  };
};

const timelockCommitment = async (
  { chain, clock, netuid, signer, random, beacon, blockTime, signal }: WeightsContext,
  parameters: HyperParameters,
  { key, weights, window }: WeightsWrite,
): Promise<TimelockCommitment> => {
  const { weightsVersion: versionKey, timelockPayload } = parameters;
  const interval = await blockTime.measured(signal);
  const nextEpoch = await chain.nextEpoch(netuid);
  const when = { ...parameters, head: clock.head, blockTime: interval, nextEpoch, beacon };
  const round = revealRound(when);
  const payload = encodeTimelockPayload(
    { ...columns(weights), versionKey },
    timelockPayload === "hotkey" ? signer.publicKey : undefined,
  );
  const ciphertext = encryptTimelock(payload, { round, publicKey: beacon.publicKey, random });
  return {
    mode: "timelock",
    key,
    hash: ciphertextHash(ciphertext),
    weights,
    versionKey,
    ciphertext: Buffer.from(ciphertext).toString("hex"),
    round,
    sendUntil: Math.min(ownEpoch(when), window.end) - 1,
    state: "open",
  };
};

export const columns = (weights: Weights) => ({
  uids: weights.map(([uid]) => uid),
  values: weights.map(([, value]) => value),
});

import { decodeAddress } from "@polkadot/util-crypto";
import { weightsCommitHash } from "#shared/chain/weights/payload.js";
import { isEpoch, tempoIndex, tempoStart } from "../epochs.js";
import { ensure, Fault } from "../fault.js";
import {
  type ChainState,
  type HashedWeights,
  type SubnetState,
  uidOf,
  withEntry,
  withoutEntry,
  withSubnet,
} from "../state.js";
import type { Args, Origin } from "./origin.js";
import { ensureStake, placeWeights, weightsAllowed } from "./weights.js";

/** Greatest number of unrevealed commitments of one hotkey. */
const MOST_UNREVEALED = 10;

export const commitWeights = (
  state: ChainState,
  { netuid, commit }: Args<"commitWeights">,
  origin: Origin,
): ChainState => {
  const { signer, block } = origin;
  const subnet = committableSubnet(state, netuid, origin);
  const uid = committer(subnet, origin);
  const waiting = (subnet.hashedWeights.get(signer) ?? []).filter((weights) => !isExpired(subnet, weights, block));
  ensureFew(waiting.length, signer);
  return withSubnet(state, {
    ...subnet,
    neurons: subnet.neurons.with(uid, { ...subnet.neurons[uid]!, lastUpdate: block }),
    hashedWeights: withEntry(subnet.hashedWeights, signer, [...waiting, { hash: commit, block }]),
  });
};

export const revealWeights = (state: ChainState, args: Args<"revealWeights">, origin: Origin): ChainState => {
  const { netuid, uids, values, salt, versionKey } = args;
  const { signer, block } = origin;
  const subnet = committableSubnet(state, netuid, origin);
  const committed = subnet.hashedWeights.get(signer) ?? [];
  const waiting = committed.filter((weights) => !isExpired(subnet, weights, block));
  const hotkey = decodeAddress(signer);
  const hash = weightsCommitHash({ hotkey, netuid, uids, values, salt, versionKey });
  const at = waiting.findIndex((weights) => weights.hash === hash);
  if (at < 0) {
    const isLate = committed.some((weights) => weights.hash === hash);
    ensure(!isLate, "ExpiredWeightCommit", "the blocks in which this commitment could be revealed are over");
    ensure(waiting.length > 0, "NoWeightsCommitFound", `${signer} has committed no weights on subnet ${netuid}`);
    throw new Fault("InvalidRevealCommitHashNotMatch", "what is revealed is not what was committed");
  }
  const { first, last } = revealBlocks(subnet, waiting[at]!.block);
  ensure(block >= first, "RevealTooEarly", `reveal it in the blocks ${first} to ${last}`);
  const left = waiting.slice(at + 1);
  const revealed = placeWeights(subnet, { uids, values, versionKey }, origin);
  return withSubnet(state, {
    ...revealed,
    hashedWeights:
      left.length > 0 ? withEntry(subnet.hashedWeights, signer, left) : withoutEntry(subnet.hashedWeights, signer),
  });
};

export const commitTimelockedWeights = (
  state: ChainState,
  { netuid, commit, revealRound }: Args<"commitTimelockedWeights">,
  origin: Origin,
): ChainState => {
  const { signer, block } = origin;
  const subnet = committableSubnet(state, netuid, origin);
  const uid = committer(subnet, origin);
  // The epoch of this block has already run.
  const epoch = tempoIndex(subnet, block) + (isEpoch(netuid, subnet.hyperParameters.tempo, block) ? 1 : 0);
  const waiting = subnet.timelockedWeights.get(epoch) ?? [];
  ensureFew(waiting.filter(({ hotkey }) => hotkey === signer).length, signer);
  const weights = { hotkey: signer, ciphertext: commit, round: revealRound, block };
  return withSubnet(state, {
    ...subnet,
    neurons: subnet.neurons.with(uid, { ...subnet.neurons[uid]!, lastUpdate: block }),
    timelockedWeights: withEntry(subnet.timelockedWeights, epoch, [...waiting, weights]),
  });
};

/** First and last block in which weights committed at a block can be revealed. */
export const revealBlocks = (subnet: SubnetState, block: number): { readonly first: number; readonly last: number } => {
  const { tempo, revealPeriod } = subnet.hyperParameters;
  const first = tempoStart(subnet, tempoIndex(subnet, block) + revealPeriod);
  return { first, last: first + tempo };
};

export const isExpired = (subnet: SubnetState, { block: committed }: HashedWeights, block: number): boolean =>
  tempoIndex(subnet, block) > tempoIndex(subnet, committed) + subnet.hyperParameters.revealPeriod;

const committableSubnet = (state: ChainState, netuid: number, { signer }: Origin): SubnetState => {
  ensureStake(state, netuid, signer);
  const subnet = state.subnets.get(netuid);
  ensure(
    subnet?.hyperParameters.commitReveal === true,
    "CommitRevealDisabled",
    `subnet ${netuid} does not take weights by commitment`,
  );
  return subnet;
};

/** The uid of the signer. */
const committer = (subnet: SubnetState, { signer, block }: Origin): number => {
  const uid = uidOf(subnet, signer);
  ensure(uid !== undefined, "HotKeyNotRegisteredInSubNet", `${signer} is not registered on subnet ${subnet.netuid}`);
  const allowed = weightsAllowed(subnet, uid, block);
  ensure(
    allowed.now,
    "CommittingWeightsTooFast",
    `uid ${uid} committed weights or registered at block ${subnet.neurons[uid]!.lastUpdate}; retry at block ${allowed.from}`,
  );
  return uid;
};

const ensureFew = (waiting: number, hotkey: string): void =>
  ensure(
    waiting < MOST_UNREVEALED,
    "TooManyUnrevealedCommits",
    `${hotkey} has ${waiting} commitments that wait for their revelation`,
  );

import { tempoIndex, tempoStart } from "../epochs.js";
import { ensure } from "../fault.js";
import { type ChainState, type SubnetState, uidOf, withEntry, withSubnet } from "../state.js";
import type { Args, Origin } from "./origin.js";

/** Least number of bytes by which a commitment reduces the space of a tempo. */
const LEAST_SPACE = 100;

/** Bytes that a hotkey has written in the tempo of a block. */
export const usedSpace = (subnet: SubnetState, hotkey: string, block: number): number => {
  const last = subnet.commitments.get(hotkey)?.space;
  return last?.epoch === tempoIndex(subnet, block) ? last.used : 0;
};

/** Block from which a hotkey has its whole space again. */
export const spaceRenewal = (subnet: SubnetState, block: number): number =>
  tempoStart(subnet, tempoIndex(subnet, block) + 1);

export const setCommitment = (
  state: ChainState,
  { netuid, data }: Args<"setCommitment">,
  { signer, block }: Origin,
): ChainState => {
  const subnet = state.subnets.get(netuid);
  ensure(
    subnet !== undefined && uidOf(subnet, signer) !== undefined,
    "AccountNotAllowedCommit",
    `${signer} is not registered on subnet ${netuid}`,
  );
  const used = usedSpace(subnet, signer, block) + Math.max(LEAST_SPACE, Buffer.byteLength(data));
  ensure(
    used <= state.genesis.commitmentSpace,
    "SpaceLimitExceeded",
    `${signer} has used its ${state.genesis.commitmentSpace} bytes of this tempo; retry at block ${spaceRenewal(subnet, block)}`,
  );
  const space = { epoch: tempoIndex(subnet, block), used };
  return withSubnet(state, {
    ...subnet,
    commitments: withEntry(subnet.commitments, signer, { data, block, space }),
  });
};

import type { Call } from "#shared/chain/devchain/calls.js";
import { EXTRINSIC_BYTES, extrinsicPayloadSchema } from "#shared/chain/devchain/extrinsic.js";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { type Parsed, refused } from "#shared/protocol/parsed.js";
import type { Purpose } from "#shared/protocol/signer.js";
import type { ExtrinsicStatement } from "../statement.js";
import { type DecodedCall, extrinsicStatement } from "./call.js";

/** Reads the devchain's signing payload. Never throws. */
export const readDevchainExtrinsic = (
  message: Uint8Array,
  hotkey: string,
  purpose: Purpose | undefined,
): Parsed<ExtrinsicStatement> => {
  const parsed = parseCanonical(message, extrinsicPayloadSchema, EXTRINSIC_BYTES);
  if (!parsed.ok) return refused(`no extrinsic: ${parsed.problem}`);
  const { genesis, signer, call } = parsed.value;
  if (signer !== hotkey) return refused("an extrinsic of another account");
  const decoded = decode(call);
  return decoded === null
    ? refused(`call ${call.name}, which no hotkey signs`)
    : extrinsicStatement(genesis, decoded, purpose);
};

/** By the names of subtensor's calls. */
const decode = ({ name, args }: Call): DecodedCall | null => {
  switch (name) {
    case "setCommitment":
      return { method: "commitments.setCommitment", netuid: args.netuid, commitment: args.data };
    case "setWeights":
      return weights(name, args.netuid, { dests: args.dests, weights: args.weights });
    case "commitWeights":
      return weights(name, args.netuid, { commit: args.commit });
    case "commitTimelockedWeights":
      return weights(name, args.netuid, { commit: args.commit, round: String(args.revealRound) });
    case "revealWeights":
    case "serveAxon":
    case "burnedRegister":
    case "addStake":
      return { method: `subtensorModule.${name}`, netuid: args.netuid };
    case "sudo":
      return null;
  }
};

const weights = (name: string, netuid: number, said: object): DecodedCall => ({
  method: `subtensorModule.${name}`,
  netuid,
  weights: said,
});

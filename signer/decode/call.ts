import { hashJson } from "#shared/protocol/hash-json.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { parseRecord } from "#shared/protocol/records.js";
import type { Purpose } from "#shared/protocol/signer.js";
import type { ExtrinsicStatement, Slot } from "../statement.js";

/** A call as its chain's decoder gives it. */
export interface DecodedCall {
  readonly method: string;
  readonly netuid: number;
  /** The text of a commitment. */
  readonly commitment?: string;
  /** Of calls that set or commit weights: what they say of the neurons. */
  readonly weights?: object;
}

/** The calls that a signer may be told to allow. */
export const UNDERSTOOD_CALLS = [
  "commitments.setCommitment",
  "subtensorModule.setWeights",
  "subtensorModule.commitWeights",
  "subtensorModule.revealWeights",
  "subtensorModule.commitTimelockedWeights",
  "subtensorModule.commitCrv3Weights",
  "subtensorModule.serveAxon",
  "subtensorModule.burnedRegister",
  "subtensorModule.addStake",
] as const;

/** What an extrinsic states on the chain of a genesis hash. */
export const extrinsicStatement = (
  genesis: string,
  { method, netuid, commitment, weights }: DecodedCall,
  purpose: Purpose | undefined,
): Parsed<ExtrinsicStatement> => {
  const place = `${genesis.slice(0, 16)}/${netuid}`;
  const said = { kind: "extrinsic", genesis, method, netuid } as const;
  if (commitment !== undefined) {
    const record = parseRecord(commitment);
    if (!record.ok) return refused(`a commitment that is no record of this version: ${record.problem}`);
    const { type, network } = record.value;
    const slot: Slot | null =
      "cycle" in record.value
        ? {
            family: `record/${place}/${network}/${type}`,
            cycle: record.value.cycle,
            part: record.value.type === "prefix" ? `${record.value.thirds}` : "",
            content: hashJson(commitment),
          }
        : null;
    return accepted({ ...said, record: type, network, slot });
  }
  if (weights === undefined) return accepted({ ...said, record: null, network: null, slot: null });
  if (purpose === undefined) return refused(`${method} without the network and the cycle that it is for`);
  const { network, cycle, write } = purpose;
  const slot = { family: `weights/${place}/${network}/${method}`, cycle, part: write, content: hashJson(weights) };
  return accepted({ ...said, record: null, network, slot });
};

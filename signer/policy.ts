import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { shortHash } from "#shared/protocol/records.js";
import type { Statement } from "./statement.js";

/** What a signer may sign. An unset list allows everything of its kind that is understood. */
export interface Policy {
  /** `pallet.method` */
  readonly calls: readonly string[];
  /** Types of records in commitments. */
  readonly records: readonly string[];
  readonly documents: readonly string[];
  /** Hashes of block 0, 64 hex digits. */
  readonly chains?: readonly string[] | undefined;
  readonly netuids?: readonly number[] | undefined;
  /** Hashes of network files, 8 to 64 hex digits; the first 8 count, which is what records hold. */
  readonly networks?: readonly string[] | undefined;
}

/** Whether the statement may be signed, and if not, why. */
export const permits = (policy: Policy, statement: Statement): Parsed<Statement> => {
  const problem = problemOf(policy, statement);
  return problem === null ? accepted(statement) : refused(`${problem} is not allowed here`);
};

const problemOf = (policy: Policy, statement: Statement): string | null => {
  if (statement.kind === "request" || statement.kind === "draw") return null;
  const { network } = statement;
  const isKnown = network === null || policy.networks === undefined;
  if (!isKnown && !policy.networks.some((hash) => shortHash(hash) === network)) return `network ${network}`;
  if (statement.kind === "document")
    return policy.documents.includes(statement.document) ? null : `a document of kind ${statement.document}`;
  const { method, genesis, netuid, record } = statement;
  if (policy.chains !== undefined && !policy.chains.includes(genesis)) return `chain ${genesis.slice(0, 16)}`;
  if (!policy.calls.includes(method)) return method;
  if (policy.netuids !== undefined && !policy.netuids.includes(netuid)) return `subnet ${netuid}`;
  return record === null || policy.records.includes(record) ? null : `a ${record} record`;
};

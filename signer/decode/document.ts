import { z } from "zod";
import { MAX_RECEIPT_BYTES, parseReceipt } from "#miner/receipts/receipt.js";
import { parseContribution } from "#shared/beacon/contributions/contribution.js";
import { GROUP_KINDS, parseGroupDocument } from "#shared/beacon/group/documents.js";
import { parseDutyAnswers } from "#shared/duty/answers-document.js";
import { parseDutyDocument } from "#shared/duty/duty-document.js";
import { parsePlantedDocument } from "#shared/duty/planted-document.js";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { parseChecks } from "#shared/protocol/checks.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { parseUpdateManifest } from "#shared/protocol/manifest.js";
import { networkHash } from "#shared/protocol/network.js";
import { accepted, type Parsed, quote, refused } from "#shared/protocol/parsed.js";
import { shortHash } from "#shared/protocol/records.js";
import { parseReport } from "#shared/protocol/report.js";
import { parseNonces } from "#shared/sprint/proof/all-nonces.js";
import { parseWinners } from "#shared/sprint/proof/winners.js";
import type { DocumentStatement } from "../statement.js";

/** What the signer must know of a document. */
interface Head {
  /** Whose statement it is, SS58. */
  readonly author: string;
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
}

interface DocumentKind {
  /** Whether a second one of a cycle that says something else is refused. */
  readonly isOnce: boolean;
  /** Reads the document with a signature, whosever it is. */
  readonly read: (signed: Uint8Array) => Parsed<Head>;
}

type Named = Omit<Head, "author"> & ({ readonly hotkey: string } | { readonly validator: string });

const reader =
  <T extends Named>(parse: (bytes: Uint8Array) => Parsed<T>) =>
  (signed: Uint8Array): Parsed<Head> => {
    const parsed = parse(signed);
    if (!parsed.ok) return parsed;
    const { network, cycle } = parsed.value;
    return accepted({
      author: "hotkey" in parsed.value ? parsed.value.hotkey : parsed.value.validator,
      network,
      cycle,
    });
  };

const readReceipt = (signed: Uint8Array): Parsed<Head> => {
  const parsed = parseReceipt(signed);
  if (!parsed.ok) return parsed;
  const { hotkey, network, cycle } = parsed.value;
  return accepted({ author: hotkey, network: networkHash(network), cycle });
};

/**
 * The documents that hotkeys sign. A report is a validator's word on a cycle: there is one. Of most others the one counts whose hash a record
 * commits to, and of that record there is one. A receipt is a note of what others said, which grows with what they say.
 */
const KINDS: Readonly<Record<string, DocumentKind>> = {
  update: { isOnce: false, read: reader(parseUpdateManifest) },
  report: { isOnce: true, read: reader(parseReport) },
  receipt: { isOnce: false, read: readReceipt },
  checks: { isOnce: false, read: reader(parseChecks) },
  winners: { isOnce: false, read: reader(parseWinners) },
  nonces: { isOnce: false, read: reader(parseNonces) },
  contribution: { isOnce: false, read: reader(parseContribution) },
  duty: { isOnce: false, read: reader(parseDutyDocument) },
  "duty-answers": { isOnce: false, read: reader(parseDutyAnswers) },
  planted: { isOnce: false, read: reader(parsePlantedDocument) },
  ...Object.fromEntries(
    GROUP_KINDS.map((kind) => [
      kind,
      { isOnce: false, read: reader((bytes: Uint8Array) => parseGroupDocument(kind, bytes)) },
    ]),
  ),
};

/** The documents that a signer may be told to allow. */
export const UNDERSTOOD_DOCUMENTS: readonly string[] = Object.keys(KINDS);

/** In the place of the signature that is asked for: readers want one. */
const NO_SIGNATURE = "0".repeat(128);

const objectSchema = z.record(z.string(), z.unknown());

/** Reads a document that is to be signed. Never throws. */
export const readDocument = (message: Uint8Array, hotkey: string): Parsed<DocumentStatement> => {
  const parsed = parseCanonical(message, objectSchema, MAX_RECEIPT_BYTES);
  if (!parsed.ok) return refused(`no document: ${parsed.problem}`);
  const { kind } = parsed.value;
  if (Object.hasOwn(parsed.value, "signature")) return refused("a document that has a signature already");
  if (typeof kind !== "string" || !Object.hasOwn(KINDS, kind))
    return refused(`a document of kind ${quote(String(kind))}, which is not understood`);
  const { isOnce, read } = KINDS[kind]!;
  const head = read(canonicalBytes({ ...parsed.value, signature: NO_SIGNATURE }));
  if (!head.ok) return refused(`no ${kind}: ${head.problem}`);
  const { author, network, cycle } = head.value;
  if (author !== hotkey) return refused(`a ${kind} of another hotkey`);
  const slot = isOnce ? { family: `document/${network}/${kind}`, cycle, part: "", content: sha256(message) } : null;
  return accepted({ kind: "document", document: kind, network: shortHash(network), slot });
};

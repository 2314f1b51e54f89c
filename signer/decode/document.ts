import { z } from "zod";
import { MAX_CONTRIBUTION_BYTES, parseContribution } from "#shared/beacon/contributions/contribution.js";
import { GROUP_KINDS, MAX_GROUP_DOCUMENT_BYTES, parseGroupDocument } from "#shared/beacon/group/documents.js";
import { parseDutyAnswers } from "#shared/duty/answers-document.js";
import { MAX_DUTY_BYTES, parseDutyDocument } from "#shared/duty/duty-document.js";
import { MAX_PLANTED_BYTES, parsePlantedDocument } from "#shared/duty/planted-document.js";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { MAX_CHECKS_BYTES, parseChecks } from "#shared/protocol/checks.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { MAX_MANIFEST_BYTES, parseUpdateManifest } from "#shared/protocol/manifest.js";
import { networkHash } from "#shared/protocol/network.js";
import { accepted, type Parsed, quote, refused } from "#shared/protocol/parsed.js";
import { MAX_RECEIPT_BYTES, parseReceipt } from "#shared/protocol/receipt.js";
import { shortHash } from "#shared/protocol/records.js";
import { MAX_REPORT_BYTES, parseReport } from "#shared/protocol/report.js";
import { NONCES_HEAD_BYTES, parseNoncesHead } from "#shared/sprint/proof/all-nonces.js";
import { HEAD_BYTES } from "#shared/sprint/proof/head.js";
import { parseWinnersHead } from "#shared/sprint/proof/winners.js";
import type { DocumentStatement } from "../statement.js";
import { measureJson } from "./json-size.js";

/** What the signer must know of a document. */
interface Head {
  /** Whose statement it is, SS58. */
  readonly author: string;
  /** Full hash of the network file. */
  readonly network: string;
  readonly cycle: number;
}

interface DocumentKind {
  /** Greatest size with its signature, in bytes: what those who fetch it take. */
  readonly maxBytes: number;
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
  update: { isOnce: false, maxBytes: MAX_MANIFEST_BYTES, read: reader(parseUpdateManifest) },
  report: { isOnce: true, maxBytes: MAX_REPORT_BYTES, read: reader(parseReport) },
  receipt: { isOnce: false, maxBytes: MAX_RECEIPT_BYTES, read: readReceipt },
  checks: { isOnce: false, maxBytes: MAX_CHECKS_BYTES, read: reader(parseChecks) },
  winners: { isOnce: false, maxBytes: HEAD_BYTES, read: reader(parseWinnersHead) },
  nonces: { isOnce: false, maxBytes: NONCES_HEAD_BYTES, read: reader(parseNoncesHead) },
  contribution: { isOnce: false, maxBytes: MAX_CONTRIBUTION_BYTES, read: reader(parseContribution) },
  duty: { isOnce: false, maxBytes: MAX_DUTY_BYTES, read: reader(parseDutyDocument) },
  "duty-answers": { isOnce: false, maxBytes: MAX_DUTY_BYTES, read: reader(parseDutyAnswers) },
  planted: { isOnce: false, maxBytes: MAX_PLANTED_BYTES, read: reader(parsePlantedDocument) },
  ...Object.fromEntries(
    GROUP_KINDS.map((kind) => [
      kind,
      {
        isOnce: false,
        maxBytes: MAX_GROUP_DOCUMENT_BYTES,
        read: reader((bytes: Uint8Array) => parseGroupDocument(kind, bytes)),
      },
    ]),
  ),
};

/** The documents that a signer may be told to allow. */
export const UNDERSTOOD_DOCUMENTS: readonly string[] = Object.keys(KINDS);

/** In the place of the signature that is asked for: readers want one. */
const NO_SIGNATURE = "0".repeat(128);

/** What a document has at most: 128 reports of 256 miners each are some as large. Both take about a second to read. */
const MAX_VALUES = 1 << 19;
const MAX_OBJECTS = 1 << 15;

const objectSchema = z.record(z.string(), z.unknown());

/** Reads a document that is to be signed. What takes long is bounded before it begins. Never throws. */
export const readDocument = (message: Uint8Array, hotkey: string): Parsed<DocumentStatement> => {
  const { values, objects } = measureJson(message);
  if (values > MAX_VALUES) return refused(`a document of ${values} values, at most ${MAX_VALUES} are read`);
  if (objects > MAX_OBJECTS) return refused(`a document of ${objects} objects, at most ${MAX_OBJECTS} are read`);
  const kind = kindOf(message);
  if (kind === null) return refused("no document: not JSON of an object with a kind");
  if (!Object.hasOwn(KINDS, kind)) return refused(`a document of kind ${quote(kind)}, which is not understood`);
  const { isOnce, maxBytes, read } = KINDS[kind]!;
  const parsed = parseCanonical(message, objectSchema, maxBytes);
  if (!parsed.ok) return refused(`no ${kind}: ${parsed.problem}`);
  if (Object.hasOwn(parsed.value, "signature")) return refused("a document that has a signature already");
  const head = read(canonicalBytes({ ...parsed.value, signature: NO_SIGNATURE }));
  if (!head.ok) return refused(`no ${kind}: ${head.problem}`);
  const { author, network, cycle } = head.value;
  if (author !== hotkey) return refused(`a ${kind} of another hotkey`);
  const slot = isOnce ? { family: `document/${network}/${kind}`, cycle, part: "", content: sha256(message) } : null;
  return accepted({ kind: "document", document: kind, network: shortHash(network), slot });
};

/** Null for what is no JSON object with a kind. */
const kindOf = (message: Uint8Array): string | null => {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message));
    const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : null;
    return typeof kind === "string" ? kind : null;
  } catch {
    return null;
  }
};

import { areDutyAnswersSigned, type DutyAnswers, parseDutyAnswers } from "#shared/duty/answers-document.js";
import {
  type DutyDocument,
  isDutyDocumentSigned,
  MAX_DUTY_BYTES,
  parseDutyDocument,
} from "#shared/duty/duty-document.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { readPhaseRecords } from "#shared/replay/phase-records.js";
import type { CycleContext, CycleSource } from "#shared/replay/source.js";
import { verify } from "#shared/wallet/index.js";

/** The hash of a document that a hotkey committed to in time, and where it is. */
export interface CommittedDocument {
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
}

/** The duty documents of a Sprint, by the state at the last block of the train phase after it. Hotkey → document. */
export const committedDuties = async (
  context: CycleContext,
  cycle: number,
): Promise<ReadonlyMap<string, CommittedDocument>> => {
  const records = await readPhaseRecords(context, "duty", cycle);
  return new Map(
    [...records].map(([hotkey, { record }]) => [hotkey, { hotkey, hash: record.duty, location: record.location }]),
  );
};

/** The answers of a Sprint, by the state at the last block of the exchange phase after it. Hotkey → document. */
export const committedAnswers = async (
  context: CycleContext,
  cycle: number,
): Promise<ReadonlyMap<string, CommittedDocument>> => {
  const records = await readPhaseRecords(context, "answers", cycle);
  return new Map(
    [...records].map(([hotkey, { record }]) => [hotkey, { hotkey, hash: record.answers, location: record.location }]),
  );
};

type Named = { readonly network: string; readonly cycle: number; readonly hotkey: string };

const reader =
  <T extends Named>(what: string, parse: (bytes: Uint8Array) => Parsed<T>, isSigned: (document: T) => boolean) =>
  async (
    { fetch, networkHash }: Pick<CycleSource, "fetch" | "networkHash">,
    cycle: number,
    { hotkey, hash, location }: CommittedDocument,
  ): Promise<Parsed<T>> => {
    const bytes = await fetch({ hash, maxBytes: MAX_DUTY_BYTES, location, what: `${what} of ${hotkey}` });
    const parsed = parse(bytes);
    if (!parsed.ok) return parsed;
    const document = parsed.value;
    if (document.hotkey !== hotkey || !isSigned(document)) return refused("not signed by its hotkey");
    if (document.network !== networkHash) return refused(`about network ${document.network}`);
    return document.cycle === cycle ? accepted(document) : refused(`about cycle ${document.cycle}`);
  };

/** Fetches a duty document, or says why the bytes are none. @throws BlockZeroError FETCH_… if it is not available */
export const fetchDuty = reader<DutyDocument>("the duty document", parseDutyDocument, (document) =>
  isDutyDocumentSigned(document, verify),
);

/** Fetches answers, or says why the bytes are none. @throws BlockZeroError FETCH_… if they are not available */
export const fetchAnswers = reader<DutyAnswers>("the duty answers", parseDutyAnswers, (document) =>
  areDutyAnswersSigned(document, verify),
);

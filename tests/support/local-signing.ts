import {
  type Contribution,
  contributionBody,
  type UnsignedContribution,
} from "#shared/beacon/contributions/contribution.js";
import {
  type GroupDocument,
  type GroupDocumentKind,
  type GroupFields,
  groupBody,
} from "#shared/beacon/group/documents.js";
import type { Call } from "#shared/chain/devchain/calls.js";
import type { Extrinsic, ExtrinsicPayload } from "#shared/chain/devchain/extrinsic.js";
import { type DutyAnswers, dutyAnswersBody, type UnsignedDutyAnswers } from "#shared/duty/answers-document.js";
import { type DutyDocument, dutyBody, type UnsignedDutyDocument } from "#shared/duty/duty-document.js";
import { type PlantedDocument, plantedBody, type UnsignedPlantedDocument } from "#shared/duty/planted-document.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type UnsignedUpdateManifest, type UpdateManifest, updateBody } from "#shared/protocol/manifest.js";
import type { Receipt, UnsignedReceipt } from "#shared/protocol/receipt.js";
import { receiptBody } from "#shared/protocol/receipt.js";
import { type Report, reportBody, type UnsignedReport } from "#shared/protocol/report.js";
import { requestMessage, type SignedRequest } from "#shared/protocol/request.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import { type NoncesProof, noncesBody, type UnsignedNonces } from "#shared/sprint/proof/all-nonces.js";
import { type UnsignedWinners, type WinnersProof, winnersBody } from "#shared/sprint/proof/winners.js";

/** What the programs sign with any signer, signed at once with a key that is here. */
export type TestKey = Pick<LocalKey, "address" | "signBytes">;

const hexOf = (key: TestKey, message: Uint8Array): string => Buffer.from(key.signBytes(message)).toString("hex");

export const localDocument = <T extends object>(body: T, key: TestKey): T & { signature: string } => ({
  ...body,
  signature: hexOf(key, canonicalBytes(body)),
});

export const localUpdate = (fields: UnsignedUpdateManifest, key: TestKey): UpdateManifest =>
  localDocument(updateBody(fields, key.address), key);

export const localReport = (fields: UnsignedReport, key: TestKey): Report =>
  localDocument(reportBody(fields, key.address), key);

export const localReceipt = (fields: UnsignedReceipt, key: TestKey): Receipt =>
  localDocument(receiptBody(fields, key.address), key);

export const localRequest = (request: Omit<SignedRequest, "hotkey">, key: TestKey): string =>
  `BlockZero ${key.address} ${request.nonce} ${hexOf(key, requestMessage({ ...request, hotkey: key.address }))}`;

export const localExtrinsic = (genesis: string, nonce: number, call: Call, key: TestKey): Extrinsic => {
  const payload: ExtrinsicPayload = { genesis, nonce, signer: key.address, call };
  return localDocument(payload, key);
};

export const localContribution = (fields: UnsignedContribution, key: TestKey): Contribution =>
  localDocument(contributionBody(fields, key.address), key);

export const localGroupDocument = <K extends GroupDocumentKind>(
  kind: K,
  fields: GroupFields<K>,
  key: TestKey,
): GroupDocument<K> => localDocument(groupBody(kind, fields, key.address), key) as unknown as GroupDocument<K>;

export const localDuty = (fields: UnsignedDutyDocument, key: TestKey): DutyDocument =>
  localDocument(dutyBody(fields, key.address), key);

export const localDutyAnswers = (fields: UnsignedDutyAnswers, key: TestKey): DutyAnswers =>
  localDocument(dutyAnswersBody(fields, key.address), key);

export const localPlanted = (fields: UnsignedPlantedDocument, key: TestKey): PlantedDocument =>
  localDocument(plantedBody(fields, key.address), key);

export const localNonces = (fields: UnsignedNonces, key: TestKey): NoncesProof => {
  const { proof, head } = noncesBody(fields, key.address);
  return { ...proof, signature: localDocument(head, key).signature };
};

export const localWinners = (fields: UnsignedWinners, key: TestKey): WinnersProof => {
  const { proof, head } = winnersBody(fields, key.address);
  return { ...proof, signature: localDocument(head, key).signature };
};

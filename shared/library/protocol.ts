/** What all participants of a subnet agree on, as bytes: network files, records on chain, manifests, signed reports, the tally. */
export { loadNetwork, parseNetwork } from "#shared/config/load-network.js";
export { commitmentOf } from "#shared/protocol/commitment.js";
export type { ExpertGroup } from "#shared/protocol/expert-group.js";
export { hashBytes, isHash, sha256 } from "#shared/protocol/hash.js";
export { hashJson } from "#shared/protocol/hash-json.js";
export {
  artifactHash,
  isUpdateSigned,
  parseUpdateManifest,
  signUpdateManifest,
  type UpdateManifest,
} from "#shared/protocol/manifest.js";
export type { ModelConfig } from "#shared/protocol/model-config.js";
export { type ModelManifest, modelHash, parseModelManifest } from "#shared/protocol/model-manifest.js";
export { type Network, networkBytes, networkHash } from "#shared/protocol/network.js";
export type { Parsed } from "#shared/protocol/parsed.js";
export {
  cycleLength,
  isInPhase,
  PHASES,
  type Phase,
  type PhasePosition,
  phaseAt,
  phaseWindow,
} from "#shared/protocol/phases.js";
export { type ChainRecord, encodeRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
export {
  isReportSigned,
  parseReport,
  type Report,
  type ReportEntry,
  reportHash,
  signReport,
} from "#shared/protocol/report.js";
export type { Verify } from "#shared/protocol/signing.js";
export { explainReason, type ReasonCode, type Verdict } from "#shared/protocol/verdict.js";
export { isMajority, type Stakes } from "#shared/protocol/voting/stake.js";
export { type AgreedOutcome, type TallyInputs, tally } from "#shared/protocol/voting/tally.js";
export { verify } from "#shared/wallet/index.js";

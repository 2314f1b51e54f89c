/** A cycle computed again from chain state and files named by hash, as validators and auditors do it. */

export {
  type GroupStep,
  type Merge,
  type MergeContext,
  type MergedFile,
  type MergeFiles,
  type MergeOptions,
  type Merging,
  type Model,
  mergeModel,
} from "#shared/merge/merge-model.js";
export { type GateResult, gateSubmission } from "#shared/replay/gate-submission.js";
export { type MergePlan, planMerge, planSteps } from "#shared/replay/merge-plan.js";
export type { CycleContext, CycleSource, FileRequest } from "#shared/replay/source.js";
export { readSubmissions, type Submission } from "#shared/replay/submissions.js";

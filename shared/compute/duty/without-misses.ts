import type { DutyAssessment } from "#shared/duty/assess-duty.js";

/** An assessment that holds no missed duty against a member: what it did stands, and what it left out is not known. */
export const withoutMisses = (assessment: DutyAssessment): DutyAssessment => ({
  ...assessment,
  missed: 0,
  duties: assessment.done.length + assessment.abstained,
  missRate: 0,
});

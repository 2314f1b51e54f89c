import type { TestValidator } from "../../support/validator.js";

/** A validator whose disk gives none of the files of which `isLost` says so: it fails itself on whom it would judge by them. */
export const withFailingDisk = (validator: TestValidator, isLost: (hash: string) => boolean): TestValidator => {
  const { participant } = validator;
  const { blobs } = participant;
  const open: typeof blobs.open = async (request) => {
    if (isLost(request.hash)) throw new Error("EIO: i/o error, read");
    return blobs.open(request);
  };
  return { ...validator, participant: { ...participant, blobs: { ...blobs, open } } };
};

/** A validator whose device computes no losses while `isFailing` says so. */
export const withFailingMeter = (validator: TestValidator, isFailing: () => boolean): TestValidator => {
  const { meter } = validator;
  const ofGroup: typeof meter.ofGroup = async (model, group) => {
    if (isFailing()) throw new Error("the device is gone");
    return meter.ofGroup(model, group);
  };
  return { ...validator, meter: { ...meter, ofGroup } };
};

import { withSource } from "#shared/files/byte-source.js";
import { describeDifference, firstDifference } from "#shared/replay/difference.js";
import type { FaultyCopy, SubnetFiles } from "#shared/subnet/files.js";
import type { Findings } from "./findings.js";
import { orNull } from "./missing.js";

/**
 * Reports the copies that cannot be used. A faulty copy that the audit was told to check is a divergence. Any other faulty copy only
 * accuses the server or archive that was asked first: if no sound copy was found and a result depends on the file, the file counts as
 * missing.
 */
export const nameFaulty = async (files: SubnetFiles, findings: Findings): Promise<void> => {
  for (const copy of files.takeFaulty()) {
    const { path, unreadable, isAskedAbout } = copy;
    if (unreadable !== null) findings.note(unreadable);
    else {
      const what = `file ${path} is not what its hash says${await whereItDiffers(files, copy)}`;
      if (isAskedAbout) findings.diverges(what);
      else findings.note(what);
    }
  }
};

const whereItDiffers = async (files: SubnetFiles, { hash, open }: FaultyCopy): Promise<string> => {
  const sound = await files.sound(hash);
  if (sound === null) return ", and no sound copy is at hand";
  return withSource(sound, async () => {
    const difference = await withSource(await open(), (copy) => firstDifference(sound, copy));
    return difference === null ? ", but was when asked again" : `: it differs ${describeDifference(difference)}`;
  }).catch((thrown: unknown) => orNull(thrown) ?? ", and is not given again");
};

import { withSource } from "#shared/files/byte-source.js";
import { describeDifference, firstDifference } from "#shared/replay/difference.js";
import type { FaultyCopy, SubnetFiles } from "#shared/subnet/files.js";
import type { Findings } from "./findings.js";
import { orNull } from "./missing.js";

/**
 * Names the copies that are of no use. What is wrong where the audit was to look is a divergence; a server or an archive that happened to be
 * asked first accuses nobody but itself: if no sound copy was had and something depends on it, that is missing.
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

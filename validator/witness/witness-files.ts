import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureFolder } from "#shared/files/ensure-folder.js";
import { writing } from "#shared/files/writing.js";
import { type OpenWeights, openFloats } from "#shared/training/checkpoint-tensors.js";
import { WITNESSES, type WitnessPlace } from "./witnesses.js";

const FOLDER = "witnesses";

/** What passes between the program and the process that trains. */
export interface UnderWay {
  readonly hub: string;
  readonly base: string;
  readonly frozen: string;
  readonly update: string;
}

/** A validator's trainings of this cycle, a file each, so that a restart has them. Nobody is served them. */
export interface WitnessFiles {
  has(place: WitnessPlace, index: number): boolean;
  /** Files that a training under way reads and writes. */
  readonly underWay: UnderWay;
  /** Makes their folder. @throws FILE_UNWRITABLE */
  begin(): Promise<void>;
  /** Keeps what the tensors gained. @throws FILE_UNWRITABLE */
  keep(place: WitnessPlace, index: number): Promise<void>;
  /** Removes what the last group's trainings read, for those of another. */
  removeGroup(): Promise<void>;
  /** Removes all that passes between program and process, when the cycle's trainings are over. */
  end(): Promise<void>;
  /** All of a group, or none. Close them. @throws BlockZeroError SAFETENSORS_INVALID, FILE_UNREADABLE */
  open(place: WitnessPlace): Promise<readonly OpenWeights[]>;
  /** Removes those of other cycles and models. */
  sweep(kept: Omit<WitnessPlace, "group">): Promise<void>;
}

/** @param home a folder of this network's own */
export const witnessFiles = (home: string): WitnessFiles => {
  const folder = join(home, FOLDER);
  const beginOf = ({ cycle, model }: Omit<WitnessPlace, "group">) => `${cycle}-${model}-`;
  const pathOf = (place: WitnessPlace, index: number) =>
    join(folder, `${beginOf(place)}${place.group}-${index}.safetensors`);
  const has = (place: WitnessPlace, index: number) => existsSync(pathOf(place, index));
  const underWay: UnderWay = {
    hub: join(folder, "hub.safetensors"),
    base: join(folder, "base.safetensors"),
    frozen: join(folder, "frozen.safetensors"),
    update: join(folder, "update.safetensors"),
  };
  const indices = Array.from({ length: WITNESSES }, (_, index) => index);
  return {
    has,
    underWay,
    begin: async () => void (await ensureFolder(folder, 0o700)),
    async keep(place, index) {
      const path = pathOf(place, index);
      await writing(path, () => rename(underWay.update, path));
    },
    removeGroup: () => remove([underWay.base, underWay.frozen]),
    end: () => remove(Object.values(underWay)),
    async open(place) {
      if (!indices.every((index) => has(place, index))) return [];
      const opened: OpenWeights[] = [];
      try {
        for (const index of indices) opened.push(await openFloats(pathOf(place, index)));
        return opened;
      } catch (thrown) {
        for (const one of opened) await one.close();
        throw thrown;
      }
    },
    async sweep(kept) {
      const begin = beginOf(kept);
      const names = existsSync(folder) ? await readdir(folder) : [];
      await remove(names.filter((name) => !name.startsWith(begin)).map((name) => join(folder, name)));
    },
  };
};

const remove = async (paths: readonly string[]): Promise<void> => {
  for (const path of paths) await rm(path, { force: true });
};

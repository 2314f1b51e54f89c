import { BlockZeroError } from "#shared/errors/error.js";

/** A file that is being received. */
export interface ComingFile {
  readonly hash: string;
  readonly maxBytes: number;
  /** Bytes of it that are on the disk. */
  readonly received: () => number;
}

/** Room on the disk that no stranger's files take: how many they are, and how long, strangers decide. */
export interface DiskReserve {
  /** Bytes that are to stay free. Until this is called, none are. */
  keepFree(bytes: number): void;
  /**
   * Counts a file among those that are being received.
   *
   * @returns ends that
   * @throws BlockZeroError DISK_RESERVED if all of these would leave too little
   */
  admit(file: ComingFile): Promise<() => void>;
}

/**
 * @param free     bytes that are free on the disk
 * @param makeRoom deletes what is kept without need, so many bytes of it
 */
export const openDiskReserve = (
  free: () => Promise<number>,
  makeRoom: (bytes: number) => Promise<void>,
): DiskReserve => {
  let kept = 0;
  const coming = new Set<ComingFile>();
  const restOf = ({ maxBytes, received }: ComingFile) => Math.max(0, maxBytes - received());
  /** Where the disk does not say what is free, writing shows it. */
  const freeNow = () => free().catch(() => Number.POSITIVE_INFINITY);
  const lackingOf = (file: ComingFile, now: number): number =>
    [...coming, file].reduce((sum, one) => sum + restOf(one), kept) - now;
  return {
    keepFree: (bytes) => {
      kept = bytes;
    },
    async admit(file) {
      if (kept === 0) return () => {};
      let now = await freeNow();
      if (lackingOf(file, now) > 0) {
        await makeRoom(lackingOf(file, now));
        now = await freeNow();
      }
      // Nobody else is admitted between this and the next line.
      if (lackingOf(file, now) > 0) throw reserved(file, kept);
      coming.add(file);
      return () => void coming.delete(file);
    },
  };
};

const reserved = ({ hash, maxBytes }: ComingFile, kept: number): BlockZeroError =>
  new BlockZeroError(
    "DISK_RESERVED",
    `the disk has no room for ${hash}, of ${maxBytes} bytes: ${kept} are to stay free`,
    "give checkpoint_dir more room: blockzero-validator plan --miners N says how much N updates take",
  );

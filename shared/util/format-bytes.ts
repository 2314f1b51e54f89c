/** A number of bytes in decimal units, as memory and disks are sold: `1.50 GB`. */
export const formatBytes = (count: number): string =>
  count >= 1e9
    ? `${(count / 1e9).toFixed(2)} GB`
    : count >= 1e6
      ? `${(count / 1e6).toFixed(1)} MB`
      : `${(count / 1e3).toFixed(1)} kB`;

/** A bar of `width` characters, eighths included: `bar(0.5, 4)` is `██░░`. Fractions outside 0–1 are clamped. */
export const bar = (fraction: number, width: number): string => {
  const share = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  const eighths = Math.round(share * width * 8);
  const partial = EIGHTHS[eighths % 8] ?? "";
  const filled = "█".repeat(Math.floor(eighths / 8)) + partial;
  return filled.padEnd(width, "░");
};

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** One character a value, scaled from the least to the greatest; values that are no number leave a gap. */
export const sparkline = (values: readonly number[]): string => {
  const finite = values.filter(Number.isFinite);
  const low = Math.min(...finite);
  const range = Math.max(...finite) - low;
  return values
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      const share = range === 0 ? 0.5 : (value - low) / range;
      return HEIGHTS[Math.min(HEIGHTS.length - 1, Math.floor(share * HEIGHTS.length))];
    })
    .join("");
};

const HEIGHTS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** Milliseconds as a person says them: `350 ms`, `4.2 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`. */
export const formatDuration = (milliseconds: number): string => {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return "–";
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${twoDigits(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${twoDigits(hours % 24)} h`;
};

const twoDigits = (value: number): string => String(value).padStart(2, "0");

import { redactUrls } from "./redact.js";

/** Whether a program does what it is for, as it says at `/health`. */
export interface Health {
  /** Adds a check: null while all is well, else what is wrong, in one line. @returns removes it */
  watch(check: () => string | null): () => void;
  /** What is wrong, in one line, without the credentials of URLs; null if nothing is. */
  problem(): string | null;
}

const MAX_REASON = 300;

export const createHealth = (): Health => {
  const checks = new Set<() => string | null>();
  return {
    watch(check) {
      checks.add(check);
      return () => checks.delete(check);
    },
    problem() {
      const problems = [...checks].map((check) => check()).filter((problem) => problem !== null);
      return problems.length === 0
        ? null
        : redactUrls(problems.join("; ")).replaceAll(/\s+/g, " ").slice(0, MAX_REASON);
    },
  };
};

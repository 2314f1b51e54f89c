/**
 * How long a test may take, in milliseconds: a guard against one that hangs, never a statement about speed. It is the same for all, and far
 * above what any takes on a busy machine.
 */
export const HANG_GUARD = 900_000;

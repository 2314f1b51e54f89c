import { reasonOf } from "#shared/errors/error.js";
import { type RunPlace, tableFile, type WandbApi } from "./api.js";
import { WandbFault } from "./fault.js";
import { metricRecords } from "./metric-steps.js";
import { type Piece, type RunState, readRows, readRun, writeRun } from "./run-journal.js";

/** Rows in one request. */
const MAX_ROWS = 500;
/** Metrics of which the last value is kept, and that are defined. */
const MAX_METRICS = 1000;

/** Sends a run's journal to the service. */
export interface RunSender {
  /** Creates the run or goes on with it. @throws WandbFault, and what a connection throws */
  start(): Promise<RunPlace>;
  /** Sends what is new. @returns the number of rows sent @throws as `start` */
  flush(): Promise<number>;
  /** Says that the run is over, for now. @throws as `start` */
  finish(): Promise<void>;
}

/**
 * @param tell  what is wrong with a table that the service does not take: it is left out, and its row is sent
 * @throws TypeError where the folder holds no run
 */
export const runSender = (api: WandbApi, folder: string, tell: (problem: string) => void = () => {}): RunSender => {
  const opened = readRun(folder);
  if (opened === null) throw new TypeError(`${folder} holds no run`);
  let state: RunState = opened;
  let place: RunPlace | undefined;
  const defined = new Set(Object.keys(state.summary));

  /** What is new of the history. The program that writes it may have begun its file anew meanwhile. */
  const unsent = (): Piece => {
    const piece = readRows(folder, state.sentBytes);
    const renewals = readRun(folder)?.renewals ?? state.renewals;
    if (renewals === state.renewals) return piece;
    state = { ...state, sentBytes: 0, renewals };
    return readRows(folder, 0);
  };

  const upsert = () => {
    const settings = Object.fromEntries(Object.entries(state.config).map(([key, value]) => [key, { value }]));
    return api.upsert(state, { ...settings, _wandb: { value: { m: metricRecords(defined) } } });
  };

  /** Rows that the service has though its answer was lost are not sent again. */
  const skipKnown = async (there: RunPlace): Promise<void> => {
    const known = await api.rows(state, there).catch(() => null);
    for (let missing = (known ?? 0) - state.sentRows; missing > 0; ) {
      const { ends } = unsent();
      const taken = Math.min(missing, ends.length);
      // Rows that are not from here: ours follow them.
      const isOthers = taken === 0;
      const step = isOthers ? missing : taken;
      state = { ...state, sentRows: state.sentRows + step, sentBytes: isOthers ? state.sentBytes : ends[taken - 1]! };
      missing -= step;
    }
  };

  /** A row as the service takes it; its tables are uploaded first. */
  const asSent = async (row: Readonly<Record<string, unknown>>, step: number, there: RunPlace): Promise<object> => {
    const entries: [string, unknown][] = [];
    for (const [key, value] of Object.entries(row)) {
      if (!isTable(value)) {
        entries.push([key, value]);
        continue;
      }
      const file = tableFile(key, step, value);
      try {
        await api.upload(state, there, file.path, file.bytes);
        entries.push([key, file.value]);
      } catch (thrown) {
        // The row is worth more than its table.
        if (!(thrown instanceof WandbFault) || !thrown.isFinal) throw thrown;
        tell(`the table ${key} is left out: ${thrown.message}`);
      }
    }
    return { ...Object.fromEntries(entries), _step: step };
  };

  const start = async (): Promise<RunPlace> => {
    const there = await upsert();
    await skipKnown(there);
    place = there;
    return there;
  };

  return {
    start,
    async flush() {
      const there = place ?? (await start());
      let sent = 0;
      for (;;) {
        const piece = unsent();
        const rows = piece.rows.slice(0, MAX_ROWS);
        if (rows.length === 0) return sent;
        const names = rows.flatMap((row) => Object.keys(row)).filter((name) => !name.startsWith("_"));
        const before = defined.size;
        for (const name of names) if (defined.size < MAX_METRICS) defined.add(name);
        if (defined.size > before) await upsert();
        const content: object[] = [];
        for (const [i, row] of rows.entries()) content.push(await asSent(row, state.sentRows + i, there));
        const summary = lastValues(state.summary, content);
        await api.send(state, there, state.sentRows, content, summary);
        state = {
          ...state,
          sentRows: state.sentRows + rows.length,
          sentBytes: piece.ends[rows.length - 1]!,
          summary,
        };
        sent += rows.length;
        keep(folder, state);
      }
    },
    async finish() {
      if (place) await api.finish(state, place);
    },
  };
};

/** A disk that is full costs some rows that are sent twice at the next start, and no more. */
const keep = (folder: string, state: RunState): void => {
  try {
    writeRun(folder, state);
  } catch (thrown) {
    if (thrown instanceof TypeError) throw new Error(reasonOf(thrown), { cause: thrown });
  }
};

const lastValues = (before: RunState["summary"], rows: readonly object[]): Readonly<Record<string, unknown>> => {
  const all = new Map(Object.entries(before));
  for (const row of rows)
    for (const [key, value] of Object.entries(row)) if (all.has(key) || all.size < MAX_METRICS) all.set(key, value);
  return Object.fromEntries(all);
};

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const isTable = (value: unknown): value is Table =>
  typeof value === "object" &&
  value !== null &&
  "columns" in value &&
  Array.isArray(value.columns) &&
  "rows" in value &&
  Array.isArray(value.rows);

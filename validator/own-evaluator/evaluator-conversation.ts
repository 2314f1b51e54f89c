import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { programEnvironment } from "#shared/own-program/environment.js";
import { writeDocument } from "#shared/own-program/job-folder.js";
import { JOB_VARIABLE } from "#shared/own-program/job-variable.js";
import { programLog } from "#shared/own-program/program-log.js";
import { type RunningProgram, runProgram, statusOf } from "#shared/own-program/run-program.js";
import type { Log } from "#shared/telemetry/log.js";
import { onAbort } from "#shared/util/on-abort.js";

/** Bytes of an answer. */
const ANSWER_BYTES = 1 << 20;

export interface ConversationOptions {
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly timeoutSeconds: number;
  /** The folder in which it runs. */
  readonly home: string;
  /** The file that tells it what it is for, and what that says. */
  readonly document: string;
  readonly job: object;
  readonly log: Log;
}

/** A program that is asked for losses, a line a request, and answers with a line. */
export interface EvaluatorConversation {
  /** @throws BlockZeroError EVALUATOR_FAILED once no program answers any more */
  refuseIfOver(): void;
  /** Starts the program, unless it was. @throws BlockZeroError OWN_PROGRAM_NOT_STARTED, and what writing its document throws */
  start(): Promise<void>;
  /**
   * The losses that a program that was started gives for a request; NaN for one that is not finite. One request at a time.
   *
   * @param late ends the wait
   * @throws BlockZeroError EVALUATOR_FAILED
   */
  ask(request: { readonly id: number }, late: AbortSignal): Promise<readonly number[]>;
  /** From now on nothing is answered, and what waits for an answer fails. */
  end(why: string): void;
  /** Ends the program's process, and waits until it has. */
  stop(): Promise<void>;
}

type Settle = (answer: readonly number[] | BlockZeroError) => void;

export const openConversation = (options: ConversationOptions): EvaluatorConversation => {
  const { command, environment, timeoutSeconds, home, document, job, log } = options;
  const env = { ...programEnvironment(process.env, environment), PYTHONUNBUFFERED: "1" };
  const said = programLog(log, "evaluator");
  let waiting: { readonly id: number; readonly settle: Settle } | undefined;
  let program: Promise<void> | undefined;
  let running: RunningProgram | undefined;
  // Why no program answers any more.
  let over: BlockZeroError | undefined;

  const end = (why: string): void => {
    over ??= failed(why);
    waiting?.settle(over);
  };

  const hear = (line: string, isCut: boolean): void => {
    if (!line.startsWith("{")) {
      said.say(line);
      return;
    }
    const request = waiting;
    waiting = undefined;
    if (request !== undefined) {
      request.settle(isCut ? failed("its answer is too long") : answerTo(request.id, line));
      return;
    }
    // One that goes on would take this process's time.
    end("it answered what nobody asked");
    void program?.then(() => running?.stop(0));
  };

  const launch = async (): Promise<void> => {
    await writeDocument(document, job);
    running = await runProgram({
      command,
      cwd: home,
      env,
      mark: { name: JOB_VARIABLE, value: document },
      lineBytes: ANSWER_BYTES,
      onLine: hear,
      onError: said.say,
    });
    void running.ended.then((ended) => {
      const last = said.tail.at(-1);
      end(`it ended (${statusOf(ended)}${last === undefined ? "" : `; it last said: ${last}`})`);
    });
  };

  return {
    refuseIfOver: () => {
      if (over) throw over;
    },
    start: async () => {
      program ??= launch();
      await program;
    },
    ask: async (request, late) => {
      try {
        return await answerWithin(timeoutSeconds, late, (settle) => {
          waiting = { id: request.id, settle };
          running?.tell(JSON.stringify(request));
        });
      } finally {
        waiting = undefined;
      }
    },
    end,
    stop: async () => {
      await program?.catch(() => undefined);
      running?.stop(0);
      await running?.ended;
    },
  };
};

const answerWithin = (seconds: number, late: AbortSignal, ask: (settle: Settle) => void): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const settle: Settle = (answer) => {
      clearTimeout(timer);
      heard();
      if (answer instanceof BlockZeroError) reject(answer);
      else resolve(answer);
    };
    const timer = setTimeout(() => settle(failed(`no answer in ${seconds} s`)), 1000 * seconds);
    let heard = (): void => undefined;
    heard = onAbort(late, () => settle(tooLate()));
    ask(settle);
  });

const answerSchema = z.object({ id: z.int(), losses: z.array(z.number().nullable()) });

/** What a line answers to a request. */
const answerTo = (id: number, line: string): readonly number[] | BlockZeroError => {
  const answer = parse(line);
  if (typeof answer === "string") return failed(answer);
  if (answer.id !== id) return failed(`it answered request ${answer.id} instead of ${id}`);
  return answer.losses.map((loss) => loss ?? Number.NaN);
};

const parse = (line: string): z.infer<typeof answerSchema> | string => {
  try {
    const read = answerSchema.safeParse(JSON.parse(line));
    return read.success ? read.data : `its answer is no {"id", "losses"}: ${read.error.issues[0]?.message ?? ""}`;
  } catch (thrown) {
    return `its answer is no JSON: ${reasonOf(thrown)}`;
  }
};

export const failed = (problem: string) =>
  new BlockZeroError("EVALUATOR_FAILED", `the evaluator's program failed: ${problem}`, "see docs/own-evaluator.md");

export const tooLate = () => failed("no answer in its part of the evaluate phase");

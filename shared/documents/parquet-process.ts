import { Worker } from "node:worker_threads";

// What a file does to the thread that reads it keeps this one from nothing: it hears that whoever asks is gone.
const reader = new Worker(new URL("./parquet-thread.js", import.meta.url), { argv: process.argv.slice(2) });
reader.on("message", (answer) => process.send?.(answer, () => {}));
for (const end of ["error", "exit"] as const) reader.once(end, () => process.exit(1));

// Who asked ends this process, and is told the same of a signal to both.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.on("message", (asked) => reader.postMessage(asked));

import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { processMemory } from "../process-memory.js";
import { stepCases } from "./cases.js";
import { materialOf } from "./material.js";
import { ourStep } from "./ours.js";
import { MEMORY_STEPS } from "./peak-memory.js";

/** Some steps of one case with nothing beside them. Prints the bytes that they take at their peak. Linux only. */
const [name, threads] = process.argv.slice(2);
const stepCase = stepCases.find((one) => one.name === name)!;

const before = processMemory("VmRSS")!;
const step = await ourStep(onnxCpu({ threads: Number(threads) }), stepCase, materialOf(stepCase, 1));
// What the weights were drawn in is the bench's, and goes when the collector comes.
globalThis.gc!();
await step.run(MEMORY_STEPS);
process.stdout.write(`${processMemory("VmHWM")! - before}`);
await step.dispose();

import type { Device } from "#shared/engine/device.js";

export interface Stopwatch {
  /** The device, its programs timed. */
  readonly device: Device;
  /** Seconds that its programs have run since this was last asked. */
  lap(): number;
}

/** Tells how long a device's programs run, so that what a step does beside them can be told as well. */
export const stopwatch = (device: Device): Stopwatch => {
  let seconds = 0;
  const timed: Device = {
    ...device,
    async compile(graph, outputs) {
      const program = await device.compile(graph, outputs);
      return {
        ...program,
        async run(feeds, into) {
          const begin = performance.now();
          const results = await program.run(feeds, into);
          seconds += (performance.now() - begin) / 1000;
          return results;
        },
      };
    },
  };
  return {
    device: timed,
    lap() {
      const lap = seconds;
      seconds = 0;
      return lap;
    },
  };
};

/** Who uses a device: real work, or proofs while there is none. */
export interface IdleGate {
  /** Real work under way. */
  readonly working: number;
  /**
   * Does real work. Proofs stop at once: the signal of the idle time ends, and no other begins before all work is done.
   * @throws what the work throws
   */
  work<T>(task: () => Promise<T>): Promise<T>;
  /** Waits until the device is idle: a signal that ends as work begins. @throws the reason of `stop` */
  idle(stop: AbortSignal): Promise<AbortSignal>;
}

export const createIdleGate = (): IdleGate => {
  let working = 0;
  let time = new AbortController();
  const waiting = new Set<(signal: AbortSignal) => void>();
  return {
    get working() {
      return working;
    },
    work: async (task) => {
      working += 1;
      time.abort(new Error("real work has begun"));
      try {
        return await task();
      } finally {
        working -= 1;
        if (working === 0) {
          time = new AbortController();
          for (const resume of waiting) resume(time.signal);
          waiting.clear();
        }
      }
    },
    idle: (stop) => {
      if (stop.aborted) return Promise.reject(stop.reason);
      if (working === 0) return Promise.resolve(time.signal);
      return new Promise((resolve, reject) => {
        const resume = (signal: AbortSignal) => {
          stop.removeEventListener("abort", end);
          resolve(signal);
        };
        const end = () => {
          waiting.delete(resume);
          reject(stop.reason);
        };
        waiting.add(resume);
        stop.addEventListener("abort", end, { once: true });
      });
    },
  };
};

/** A rule of the chain said no: `reason` is the rule's name, subtensor's where it has one. */
export class Fault extends Error {
  override readonly name = "Fault";

  constructor(
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** Throws `Fault` unless the condition holds. */
export function ensure(condition: boolean, reason: string, message: string): asserts condition {
  if (!condition) throw new Fault(reason, message);
}

/** The service answered with an error. */
export class WandbFault extends Error {
  override readonly name = "WandbFault";

  /**
   * @param isFinal whether asking again is of no use
   * @param status  of the answer, where it is what was wrong
   */
  constructor(
    message: string,
    readonly isFinal: boolean,
    readonly status?: number,
  ) {
    super(message);
  }
}

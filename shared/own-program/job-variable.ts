/** In the environment of an operator's program: the path of its job's document. By it the program's processes are found again. */
export const JOB_VARIABLE = "BLOCKZERO_JOB";

/** What a bridge tells its user when the machine is not as needed; the command ends with exit code 4. */

/** An error for the user: what is missing, how to mend it, and which other way there is. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
}

/** The words of any error, for messages that wrap it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

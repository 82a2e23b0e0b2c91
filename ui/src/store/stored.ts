/** Preferences of this browser. Local storage may be switched off; then nothing is remembered, and nothing else happens. */

/** What was kept under a name. */
export function readStored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text. */
export function writeStored(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // Not remembered.
  }
}

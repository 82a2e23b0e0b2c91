/** Serves a folder below `prefix`; `instead` may answer a path of the folder by a text of its own. */
export function serveFiles(options: {
  readonly folder: string;
  readonly prefix?: string;
  readonly instead?: (path: string) => string | undefined;
}): Promise<{ readonly url: string; close(): void }>;

/** Every file below a folder, sorted within each folder. */
export function listFiles(folder: string): string[];

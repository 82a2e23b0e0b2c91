/**
 * Scenario files as a piece of a URL: JSON, deflated, in base64 for URLs. Three servers take about a thousand characters.
 * What comes in is bounded before it is unpacked, and every path is one that stays in its folder.
 */

import type { ScenarioTexts } from './worker-link.ts';

/** Longest packed text that goes into a link; what is longer is handed on as a file. */
export const SHARE_CHARACTERS_MAX = 8_000;

/** Most bytes that a link may unpack to. */
const UNPACKED_BYTES_MAX = 400_000;

/** A plain relative path: no drive, no root, no step upwards. */
const PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w .@+-]+(?:\/[\w .@+-]+)*$/;

/** Packs files; the scenario comes first. */
export async function packFiles(files: ScenarioTexts): Promise<string> {
  const stream = new Blob([JSON.stringify(files)])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Unpacks what `packFiles` wrote; `undefined` for everything else. */
export async function unpackFiles(packed: string): Promise<ScenarioTexts | undefined> {
  try {
    const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const text = await inflate(bytes);
    return text === undefined ? undefined : readFiles(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Inflates up to the limit: a few bytes can say "gigabytes of zeros". */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let total = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    total += value.length;
    if (total > UNPACKED_BYTES_MAX) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

function readFiles(value: unknown): ScenarioTexts | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const files: (readonly [string, string])[] = [];
  for (const item of value as readonly unknown[]) {
    if (!Array.isArray(item)) return undefined;
    const [path, text] = item as readonly unknown[];
    if (typeof path !== 'string' || typeof text !== 'string' || !PATH.test(path)) return undefined;
    files.push([path, text]);
  }
  return files;
}

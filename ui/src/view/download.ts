/** Hands a file to the browser's downloads. */

import type { Twin } from '../store/twin.svelte.ts';

/** Saves bytes or text under a name. */
export function saveFile(name: string, content: BlobPart[], type: string): void {
  const url = URL.createObjectURL(new Blob(content, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Asks for the captured frames and saves them; of one cable, if given. */
export function downloadPcapng(twin: Twin, cable?: string): void {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  twin.askParts({ type: 'pcapng', ...(cable === undefined ? {} : { cable }) }, (part) => {
    if (part.type !== 'pcapng') return true;
    parts.push(Uint8Array.from(atob(part.base64), (letter) => letter.charCodeAt(0)));
    if (part.last) saveFile(part.fileName, parts, 'application/x-pcapng');
    return part.last;
  });
}

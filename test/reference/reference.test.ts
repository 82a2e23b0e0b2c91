import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compare } from './compare.ts';
import { PENDING } from './pending.ts';
import { listRecordings, readRecording } from './recording.ts';
import { replay } from './replay.ts';

const FOLDERS = ['./traces', './traces-own'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);
const RECORDINGS = FOLDERS.flatMap((folder) =>
  listRecordings(folder).map((name) => join(folder, name)),
);

describe('the twin does what real keepalived and Linux did', () => {
  for (const folder of RECORDINGS) {
    const recording = readRecording(folder);
    const reason = PENDING.get(recording.id);
    const title = `${recording.id}: ${recording.title}`;
    it(reason === undefined ? title : `${title} [still differs: ${reason}]`, () => {
      const { differences } = compare(recording, replay(recording, 1));
      if (reason === undefined) expect(differences).toEqual([]);
      else expect(differences, 'agrees now: take it off the pending list').not.toEqual([]);
    });
  }
});
